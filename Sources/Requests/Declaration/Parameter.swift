// The parameters of requests in query and header fields: each is declared once, with its name, its shape and how it is read.

package import ConnectionModel
import HTTPServer
package import ProviderSDK

/// A parameter of requests.
package struct Parameter<Value: Sendable>: Sendable {
    /// Where a parameter stands.
    package enum Place: String, Sendable { case query, header }

    package let name: String
    let place: Place
    let schema: Schema
    let isRequired: Bool
    /// Returns the value of the text that was sent; nil stands for none.
    let read: @Sendable (_ text: String?) throws(ServiceError) -> Value

    /// - Parameter read: returns the value of the text that was sent, or of none.
    package init(
        _ name: String, in place: Place = .query, _ schema: Schema, isRequired: Bool = false,
        read: @escaping @Sendable (_ text: String?) throws(ServiceError) -> Value
    ) {
        self.name = name
        self.place = place
        self.schema = schema
        self.isRequired = isRequired
        self.read = read
    }

    /// The parameter without the type of its value.
    package var declared: DeclaredParameter {
        DeclaredParameter(name: name, place: place.rawValue, schema: schema, isRequired: isRequired)
    }
}

/// A parameter as OpenAPI shows it.
package struct DeclaredParameter: Sendable {
    package let name: String
    package let place: String
    package let schema: Schema
    package let isRequired: Bool
}

extension Parameter where Value == String? {
    /// A text of the query that may be absent.
    package static func text(_ name: String, bytesMax: Int? = nil, _ note: String) -> Parameter {
        let schema = (bytesMax.map { Schema.text(bytesMax: $0) } ?? .text).noted(note)
        return Parameter(name, schema) { (text) throws(ServiceError) in
            if let bytesMax, let text, text.utf8.count > bytesMax {
                throw .invalid(field: name, message: "“\(name)” is longer than \(bytesMax) bytes")
            }
            return text
        }
    }
}

extension Parameter where Value == Int {
    /// An integer of the query; `standard` stands for an absent one.
    package static func integer(
        _ name: String, _ range: ClosedRange<Int64>, standard: Int, _ note: String
    ) -> Parameter {
        Parameter(name, Schema.integer(range).noted(note)) { (text) throws(ServiceError) in
            guard let text else { return standard }
            return try integer(text, name, range)
        }
    }

    /// An integer of the query that must be there.
    package static func requiredInteger(_ name: String, _ range: ClosedRange<Int64>, _ note: String) -> Parameter {
        Parameter(name, Schema.integer(range).noted(note), isRequired: true) { (text) throws(ServiceError) in
            try integer(text ?? "", name, range)
        }
    }

    private static func integer(
        _ text: String, _ name: String, _ range: ClosedRange<Int64>
    ) throws(ServiceError) -> Int {
        guard let number = JSONNumber(text)?.integer, range ~= number else {
            throw .invalid(
                field: name, message: "“\(name)” must be an integer from \(range.lowerBound) to \(range.upperBound)")
        }
        return Int(number)
    }
}

extension RouteContext {
    /// The body of the request as the route declares it.
    package func body() throws(ServiceError) -> RequestBody {
        try RequestBody(request.body, declaration.body ?? .empty)
    }

    /// The members of a body whose names depend on the path.
    package func body(named names: Set<String>) throws(ServiceError) -> [(key: String, value: JSONValue)] {
        guard declaration.body?.rest != nil else {
            throw .internalFault("A route reads a body by names and does not declare it.")
        }
        return try RequestBody.object(request.body, named: names).members ?? []
    }

    /// The value of a parameter.
    ///
    /// - Throws: ``ServiceError/invalid(field:message:)`` when it is given twice, or has another shape than declared.
    package subscript<Value>(parameter: Parameter<Value>) -> Value {
        get throws(ServiceError) {
            guard declaration.parameters.contains(where: { $0.name == parameter.name }) else {
                throw .internalFault("A route reads the parameter “\(parameter.name)” and does not declare it.")
            }
            return try parameter.read(try text(parameter.name, parameter.place))
        }
    }

    private func text<Value>(_ name: String, _ place: Parameter<Value>.Place) throws(ServiceError) -> String? {
        guard place == .header else { return try query.single(name) }
        var values: [[UInt8]] = []
        for index in 0..<request.headerCount {
            let field = request.header(at: index)
            if String(decoding: field.name, as: UTF8.self).lowercased() == name.lowercased() {
                values.append(Array(field.value))
            }
        }
        guard values.count <= 1 else { throw .invalid(field: name, message: "“\(name)” is given more than once") }
        return values.first.map { String(decoding: $0, as: UTF8.self) }
    }
}
