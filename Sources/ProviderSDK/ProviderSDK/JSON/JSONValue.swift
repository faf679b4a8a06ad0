// A JSON value: null, boolean, number, string, array or object. Either a view on a parsed text or built by hand; which of the
// two never shows. Field order and number texts are kept.

/// A JSON value without loss: members keep their order, numbers keep their digits.
///
/// A value read by ``parse(_:limits:)`` is a view on the parsed bytes: reaching into it copies nothing but what is asked for.
public struct JSONValue: Sendable {
    /// The six kinds of JSON value.
    public enum Kind: Sendable, Equatable { case null, boolean, number, string, array, object }

    enum Storage: Sendable {
        case null
        case boolean(Bool)
        case number(JSONNumber)
        case string(String)
        case array([JSONValue])
        case object([(key: String, value: JSONValue)])
        case node(JSONTape, Int)
    }

    let storage: Storage

    init(_ storage: Storage) { self.storage = storage }

    /// Reads one JSON text (RFC 8259) strictly: UTF-8, no byte order mark, no comments, no trailing commas.
    ///
    /// - Parameters:
    ///   - bytes: the whole text.
    ///   - limits: the bounds to enforce.
    /// - Throws: ``JSONError`` with the place of the first fault.
    /// - Complexity: O(n).
    public static func parse(_ bytes: [UInt8], limits: JSONLimits = .provider) throws(JSONError) -> JSONValue {
        JSONValue(.node(try JSONParser.parse(bytes, limits: limits), 0))
    }

    /// JSON null.
    public static let null = JSONValue(.null)
    /// A JSON boolean.
    public static func boolean(_ value: Bool) -> JSONValue { JSONValue(.boolean(value)) }
    /// A JSON number.
    public static func number(_ value: JSONNumber) -> JSONValue { JSONValue(.number(value)) }
    /// A JSON string.
    public static func string(_ value: String) -> JSONValue { JSONValue(.string(value)) }
    /// A JSON array.
    public static func array(_ values: [JSONValue]) -> JSONValue { JSONValue(.array(values)) }
    /// A JSON object; the order of the members is kept.
    public static func object(_ members: [(key: String, value: JSONValue)]) -> JSONValue { JSONValue(.object(members)) }

    /// What kind of value this is.
    public var kind: Kind {
        switch storage {
        case .null: .null
        case .boolean: .boolean
        case .number: .number
        case .string: .string
        case .array: .array
        case .object: .object
        case .node(let tape, let index):
            switch tape.nodes[index].kind {
            case .null, .damaged: .null
            case .trueValue, .falseValue: .boolean
            case .number: .number
            case .string: .string
            case .array: .array
            case .object: .object
            }
        }
    }

    /// Whether this is null.
    public var isNull: Bool { kind == .null }

    /// The value of a boolean; nil for every other kind.
    public var boolean: Bool? {
        switch storage {
        case .boolean(let value): value
        case .node(let tape, let index):
            switch tape.nodes[index].kind {
            case .trueValue: true
            case .falseValue: false
            default: nil
            }
        default: nil
        }
    }

    /// The number as written; nil for every other kind.
    public var number: JSONNumber? {
        switch storage {
        case .number(let value): return value
        case .node(let tape, let index):
            guard tape.nodes[index].kind == .number else { return nil }
            return JSONNumber(checked: tape.text(at: index))
        default: return nil
        }
    }

    /// The value of a number written as an integer that fits 64 bits; nil for everything else.
    public var integer: Int64? {
        if case .node(let tape, let index) = storage { return tape.integer(at: index) }
        return number?.integer
    }

    /// The value of a whole number that fits 64 bits, in any way of writing: `1000`, `1e3`, `1000.0`; nil for everything else.
    ///
    /// ``integer`` reads the first of these forms only, as a request of the API must be written.
    public var wholeNumber: Int64? {
        if case .node(let tape, let index) = storage { return tape.wholeNumber(at: index) }
        return number.flatMap { JSONNumber.wholeNumber($0.text.utf8) }
    }

    /// The text of a string, escapes resolved; nil for every other kind.
    public var string: String? {
        switch storage {
        case .string(let value): return value
        case .node(let tape, let index):
            guard tape.nodes[index].kind == .string else { return nil }
            return tape.text(at: index)
        default: return nil
        }
    }

    /// The elements of an array; nil for every other kind.
    ///
    /// O(n).
    public var array: [JSONValue]? {
        switch storage {
        case .array(let values): return values
        case .node(let tape, let index):
            let node = tape.nodes[index]
            guard node.kind == .array else { return nil }
            var values: [JSONValue] = []
            values.reserveCapacity(node.count)
            var at = index + 1
            for _ in 0..<node.count {
                values.append(JSONValue(.node(tape, at)))
                at = Int(tape.nodes[at].next)
            }
            return values
        default: return nil
        }
    }

    /// The members of an object in order; nil for every other kind.
    ///
    /// O(n).
    public var members: [(key: String, value: JSONValue)]? {
        switch storage {
        case .object(let members): return members
        case .node(let tape, let index):
            let node = tape.nodes[index]
            guard node.kind == .object else { return nil }
            var members: [(key: String, value: JSONValue)] = []
            members.reserveCapacity(node.count)
            var at = index + 1
            for _ in 0..<node.count {
                members.append((tape.text(at: at), JSONValue(.node(tape, at + 1))))
                at = Int(tape.nodes[at + 1].next)
            }
            return members
        default: return nil
        }
    }

    /// How many elements or members; 0 for scalars.
    public var count: Int {
        switch storage {
        case .array(let values): return values.count
        case .object(let members): return members.count
        case .node(let tape, let index): return tape.nodes[index].count
        default: return 0
        }
    }

    /// The member `key` of an object; nil when this is no object or has no such member.
    ///
    /// Names are compared as bytes.
    public subscript(key: String) -> JSONValue? {
        switch storage {
        case .object(let members):
            for member in members.reversed() where member.key.utf8.elementsEqual(key.utf8) { return member.value }
            return nil
        case .node(let tape, let index):
            var key = key
            return key.withUTF8 { unsafe tape.member($0, of: index) }.map { JSONValue(.node(tape, $0)) }
        default: return nil
        }
    }

    /// The element at `position` of an array; nil when this is no array or it is shorter.
    public subscript(position: Int) -> JSONValue? {
        guard position >= 0 else { return nil }
        switch storage {
        case .array(let values): return position < values.count ? values[position] : nil
        case .node(let tape, let index):
            guard let at = tape.element(position, of: index) else { return nil }
            return JSONValue(.node(tape, at))
        default: return nil
        }
    }

    func member(_ key: borrowing JSONName) -> JSONValue? {
        switch storage {
        case .object(let members):
            for member in members.reversed() where member.key.utf8.elementsEqual(key.bytes) { return member.value }
            return nil
        case .node(let tape, let index):
            guard let found = tape.member(key, of: index) else { return nil }
            return JSONValue(.node(tape, found))
        default: return nil
        }
    }

    /// Bytes from the start of the parsed text to this value; nil for a value that was built by hand.
    public var sourceOffset: Int? {
        guard case .node(let tape, let index) = storage else { return nil }
        let node = tape.nodes[index]
        return Int(node.start) - (node.kind == .string ? 1 : 0)
    }

    /// The same value, which does not keep the whole text in memory that it was parsed from.
    ///
    /// O(n).
    public var detached: JSONValue {
        guard case .node = storage else { return self }
        switch kind {
        case .null: return .null
        case .boolean: return .boolean(boolean ?? false)
        case .number: return number.map { .number($0) } ?? .null
        case .string: return .string(string ?? "")
        case .array: return .array((array ?? []).map(\.detached))
        case .object: return .object((members ?? []).map { ($0.key, $0.value.detached) })
        }
    }

    /// The compact JSON text.
    ///
    /// O(n).
    public var serialized: [UInt8] {
        var writer = JSONWriter()
        writer.value(self)
        return writer.bytes
    }
}

extension JSONValue: Equatable {
    /// Whether both are the same value: numbers by their text, strings by their bytes, members in any order.
    public static func == (lhs: JSONValue, rhs: JSONValue) -> Bool {
        guard lhs.kind == rhs.kind else { return false }
        switch lhs.kind {
        case .null: return true
        case .boolean: return lhs.boolean == rhs.boolean
        case .number: return lhs.number == rhs.number
        case .string: return (lhs.string ?? "").utf8.elementsEqual((rhs.string ?? "").utf8)
        case .array: return lhs.array ?? [] == rhs.array ?? []
        case .object:
            guard lhs.count == rhs.count else { return false }
            return (lhs.members ?? []).allSatisfy { key, value in rhs[key] == value }
        }
    }
}

extension JSONValue: CustomStringConvertible {
    /// The compact JSON text.
    public var description: String { String(decoding: serialized, as: UTF8.self) }
}

extension JSONValue: ExpressibleByBooleanLiteral, ExpressibleByStringLiteral,
    ExpressibleByIntegerLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    /// A boolean.
    public init(booleanLiteral value: Bool) { self.init(.boolean(value)) }
    /// A string.
    public init(stringLiteral value: String) { self.init(.string(value)) }
    /// An integer.
    public init(integerLiteral value: Int) { self.init(.number(JSONNumber(value))) }
    /// An array.
    public init(arrayLiteral elements: JSONValue...) { self.init(.array(elements)) }
    /// An object with its members in this order.
    public init(dictionaryLiteral elements: (String, JSONValue)...) {
        self.init(.object(elements.map { (key: $0.0, value: $0.1) }))
    }
}
