// The members of request bodies: each is declared once, with its name, its shape and how it is read. Knows no route.

package import ConnectionModel
package import ProviderSDK

/// Why a part of a request cannot be read.
package typealias DecodingError = ServiceError

/// A member of request bodies.
package struct Field<Value: Sendable>: Sendable {
    package let name: String
    let schema: Schema
    let isRequired: Bool
    /// Returns the value of the member in `body`.
    let read: @Sendable (_ body: JSONValue) throws(ServiceError) -> Value

    /// - Parameter read: returns the member's value in a body, which may lack it.
    package init(
        _ name: String, _ schema: Schema, isRequired: Bool,
        read: @escaping @Sendable (_ body: JSONValue) throws(ServiceError) -> Value
    ) {
        self.name = name
        self.schema = schema
        self.isRequired = isRequired
        self.read = read
    }

    var member: Schema.Member {
        isRequired ? .required(name, schema) : .optional(name, schema)
    }
}

extension Field where Value == String {
    /// A text that must be there and not be empty.
    package static func requiredText(_ name: String, bytesMax: Int, _ note: String) -> Field {
        Field(name, .text(bytesMax: bytesMax, isEmptyAllowed: false).noted(note), isRequired: true) {
            (body) throws(ServiceError) in try body.requiredText(name, bytesMax: bytesMax)
        }
    }
}

extension Field where Value == String? {
    /// A text that may be absent or null.
    package static func text(_ name: String, bytesMax: Int, _ note: String) -> Field {
        Field(name, Schema.text(bytesMax: bytesMax).orNull.noted(note), isRequired: false) {
            (body) throws(ServiceError) in try body.text(name, bytesMax: bytesMax)
        }
    }
}

extension Field where Value == [String]? {
    /// Texts that may be absent; none of them is empty.
    package static func texts(_ name: String, countMax: Int, bytesMax: Int, _ note: String) -> Field {
        let element = Schema.text(bytesMax: bytesMax, isEmptyAllowed: false)
        return Field(name, Schema.list(of: element, countMax: countMax).noted(note), isRequired: false) {
            (body) throws(ServiceError) in try body.texts(name, countMax: countMax, bytesMax: bytesMax)
        }
    }
}

extension Field where Value == [String]? {
    /// Texts of a closed set, which the service checks; they may be absent.
    package static func choices(_ name: String, _ values: [String], bytesMax: Int, _ note: String) -> Field {
        let schema = Schema.list(of: .choice(values), countMax: values.count).noted(note)
        return Field(name, schema, isRequired: false) { (body) throws(ServiceError) in
            try body.texts(name, countMax: values.count, bytesMax: bytesMax)
        }
    }
}

extension Field where Value == Bool? {
    /// A boolean.
    package static func boolean(_ name: String, isRequired: Bool, _ note: String) -> Field {
        Field(name, Schema.boolean.noted(note), isRequired: isRequired) { (body) throws(ServiceError) in
            guard let value = body[name] else {
                guard isRequired else { return nil }
                throw .invalid(field: name, message: "“\(name)” must be true or false")
            }
            guard let boolean = value.boolean else {
                throw .invalid(field: name, message: "“\(name)” must be true or false")
            }
            return boolean
        }
    }
}

extension Field where Value == Int? {
    /// A whole number that may be absent or null.
    package static func integer(_ name: String, _ range: ClosedRange<Int64>, _ note: String) -> Field {
        Field(name, Schema.integer(range).orNull.noted(note), isRequired: false) { (body) throws(ServiceError) in
            guard let value = body[name], !value.isNull else { return nil }
            guard let number = value.number?.integer, range ~= number else {
                throw .invalid(
                    field: name,
                    message: "“\(name)” must be a whole number from \(range.lowerBound) to \(range.upperBound)")
            }
            return Int(number)
        }
    }
}

/// The body of a request as its route declares it.
package struct BodyDeclaration: Sendable {
    let members: [Schema.Member]
    /// The shape of the members whose names depend on the path; nil when there are none.
    private(set) var rest: Schema?
    /// Whether a request must have a body; without one, no member is there.
    package let isRequired: Bool

    /// A body with the members `fields`.
    package init<each Value>(isRequired: Bool = true, _ fields: repeat Field<each Value>) {
        var members: [Schema.Member] = []
        for field in repeat each fields { members.append(field.member) }
        self.members = members
        self.isRequired = isRequired
    }

    /// A body whose members are named by what the path leads to.
    package init(namedByPath value: Schema, _ note: String) {
        members = []
        rest = value.noted(note)
        isRequired = true
    }

    /// A body without members.
    package static let empty = BodyDeclaration(isRequired: false)

    /// The shape of the body.
    package var schema: Schema { .object(members, rest: rest) }
}

/// A body that has no members but declared ones.
package struct RequestBody: Sendable {
    private let value: JSONValue
    private let members: [Schema.Member]

    /// Reads the body of a request.
    ///
    /// - Throws: ``ServiceError/invalid(field:message:)`` for bytes that are no JSON object, and for a member that is not declared.
    init(_ bytes: [UInt8], _ declaration: BodyDeclaration) throws(ServiceError) {
        members = declaration.members
        guard !bytes.isEmpty || declaration.isRequired else {
            value = .object([])
            return
        }
        value = try Self.object(bytes, declared: members.lazy.map(\.name))
    }

    /// Returns the JSON object in `bytes`, which has no members besides `names`.
    static func object(_ bytes: [UInt8], named names: Set<String>) throws(ServiceError) -> JSONValue {
        try object(bytes, declared: names)
    }

    private static func object(
        _ bytes: [UInt8], declared names: some Collection<String>
    ) throws(ServiceError) -> JSONValue {
        let value: JSONValue
        do throws(JSONError) { value = try JSONValue.parse(bytes, limits: .request) } catch {
            throw .invalid(field: "body", message: "The body is not valid JSON: \(error)")
        }
        guard value.kind == .object else { throw .invalid(field: "body", message: "The body must be a JSON object") }
        // A list of the members is made only where one of them may be unknown.
        if names.count(where: { value[$0] != nil }) == value.count { return value }
        for (key, _) in value.members ?? [] where !names.contains(where: { $0.utf8.elementsEqual(key.utf8) }) {
            throw .invalid(field: RouteContext.shown(key), message: "Unknown field")
        }
        return value
    }

    /// Whether the body has no members.
    package var isEmpty: Bool { value.members?.isEmpty ?? true }

    /// The value of a member.
    ///
    /// - Throws: ``ServiceError/invalid(field:message:)`` when it has another shape than declared.
    package subscript<Value>(field: Field<Value>) -> Value {
        get throws(ServiceError) {
            guard members.contains(where: { $0.name == field.name }) else {
                throw .internalFault("A route reads “\(field.name)” of a body and does not declare it.")
            }
            return try field.read(value)
        }
    }
}
