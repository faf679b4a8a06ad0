// The shape of a JSON value. The same value checks what a route is sent, describes the route in OpenAPI, and is compared with answers by
// tests. Knows no route.

package import ProviderSDK

/// The shape of a JSON value.
package struct Schema: Sendable {
    /// A member of an object.
    package struct Member: Sendable {
        let name: String
        let schema: Schema
        let isRequired: Bool

        /// A member that is always there.
        package static func required(_ name: String, _ schema: Schema) -> Member {
            Member(name: name, schema: schema, isRequired: true)
        }

        /// A member that may be absent.
        package static func optional(_ name: String, _ schema: Schema) -> Member {
            Member(name: name, schema: schema, isRequired: false)
        }
    }

    /// The form of a text.
    package enum TextFormat: String, Sendable {
        case moment = "date-time"
        case url = "uri"
    }

    indirect enum Form: Sendable {
        case anything
        case boolean
        case integer(ClosedRange<Int64>?)
        case number
        case text(bytesMax: Int?, isEmptyAllowed: Bool, TextFormat?)
        case choice([String])
        case list(Schema, countMax: Int?)
        /// An object with these members; `rest` is the shape of all others, and nil forbids others.
        case object([Member], rest: Schema?)
        /// One of several shapes.
        case either([Schema])
    }

    let form: Form
    /// The name under which OpenAPI lists the shape once; nil writes it in place.
    private(set) var name: String?
    private(set) var isNullable = false
    private(set) var note: String?
    private(set) var shownExample: JSONValue?

    private init(_ form: Form) { self.form = form }

    // MARK: Shapes

    package static let anything = Schema(.anything)
    package static let boolean = Schema(.boolean)
    package static let number = Schema(.number)
    package static let integer = Schema(.integer(nil))
    /// A count: an integer from 0 on.
    package static let count = Schema(.integer(0...Int64.max))
    package static let text = Schema(.text(bytesMax: nil, isEmptyAllowed: true, nil))
    package static let moment = Schema(.text(bytesMax: nil, isEmptyAllowed: false, .moment))
    package static let url = Schema(.text(bytesMax: nil, isEmptyAllowed: false, .url))

    package static func integer(_ range: ClosedRange<Int64>) -> Schema { Schema(.integer(range)) }

    package static func text(bytesMax: Int, isEmptyAllowed: Bool = true, _ format: TextFormat? = nil) -> Schema {
        Schema(.text(bytesMax: bytesMax, isEmptyAllowed: isEmptyAllowed, format))
    }

    package static func choice(_ values: [String]) -> Schema { Schema(.choice(values)) }

    /// The one text `value`.
    package static func constant(_ value: String) -> Schema { Schema(.choice([value])) }

    package static func list(of element: Schema, countMax: Int? = nil) -> Schema {
        Schema(.list(element, countMax: countMax))
    }

    package static func object(_ members: Member...) -> Schema { Schema(.object(members, rest: nil)) }
    package static func object(_ members: [Member], rest: Schema? = nil) -> Schema {
        Schema(.object(members, rest: rest))
    }

    /// An object whose members are named by data and all have one shape.
    package static func map(of value: Schema) -> Schema { Schema(.object([], rest: value)) }

    package static func either(_ schemas: Schema...) -> Schema { Schema(.either(schemas)) }
    package static func either(of schemas: [Schema]) -> Schema { Schema(.either(schemas)) }

    // MARK: Words

    /// The same shape, or null.
    package var orNull: Schema {
        var copy = self
        copy.isNullable = true
        return copy
    }

    /// The same shape, which OpenAPI lists once under `name`.
    package func named(_ name: String) -> Schema {
        var copy = self
        copy.name = name
        return copy
    }

    /// The same shape with words for a reader.
    package func noted(_ note: String) -> Schema {
        var copy = self
        copy.note = note
        return copy
    }

    /// The same shape with an example.
    package func example(_ value: JSONValue) -> Schema {
        var copy = self
        copy.shownExample = value
        return copy
    }

    /// The named shapes within this one, the outer ones first.
    package var namedSchemas: [(name: String, schema: Schema)] {
        let inner: [Schema] =
            switch form {
            case .list(let element, _): [element]
            case .object(let members, let rest): members.map(\.schema) + (rest.map { [$0] } ?? [])
            case .either(let schemas): schemas
            default: []
            }
        return (name.map { [($0, self)] } ?? []) + inner.flatMap(\.namedSchemas)
    }

    /// A value of this shape: the example given, or one made of the examples of its parts.
    package var exampleValue: JSONValue {
        if let shownExample { return shownExample }
        switch form {
        case .anything: return .object([])
        case .boolean: return true
        case .integer(let range):
            return .number(JSONNumber(range.map { max($0.lowerBound, min(1, $0.upperBound)) } ?? 1))
        case .number: return .number(JSONNumber(1))
        case .text(_, _, .moment): return "2026-01-31T09:00:00Z"
        case .text(_, _, .url): return "https://app.example.com/callback"
        case .text: return "text"
        case .choice(let values): return .string(values.first ?? "")
        case .list(let element, _): return .array([element.exampleValue])
        case .object(let members, let rest):
            var values = members.map { (key: $0.name, value: $0.schema.exampleValue) }
            if members.isEmpty, let rest { values.append((key: "name", value: rest.exampleValue)) }
            return .object(values)
        case .either(let schemas): return schemas.first?.exampleValue ?? .null
        }
    }
}
