// Paths into JSON values, as field mappings and paging rules write them. Small on purpose: names, positions, "each", and
// "the element whose field equals". The parser is in ValuePath+Parsing.

/// The name of ``JSONPath``: the syntax is neither that of RFC 9535 nor that of RFC 6901.
public typealias ValuePath = JSONPath

/// A path to values inside a JSON value, such as `customer.address.city`, `items.data[].price`, `lines.0.id` or
/// `Phones[PhoneType=DEFAULT].PhoneNumber`.
///
/// Steps are separated by dots. A step of digits is a position in an array; `[]` after a step means every element; `[name=text]`
/// means the first element whose member `name` is the string `text`; `['a.b']` is a member whose name holds dots or brackets. The
/// empty path is the value itself.
///
/// Write ``ValuePath``. The type keeps its first name because plugins that were built before link to it.
public struct JSONPath: Sendable, Hashable, ExpressibleByStringLiteral, CustomStringConvertible {
    enum Step: Sendable, Hashable {
        case name(JSONName)
        case position(Int)
        case each
        case first(name: JSONName, equals: [UInt8])
    }

    let steps: [Step]
    /// The path as written.
    public let description: String

    /// The path written as `text`.
    ///
    /// What ``init(validating:)`` refuses is read as well as it can be: empty steps are left out.
    public init(_ text: String) {
        self.init(text, steps: ValuePath.strictSteps(of: Array(text.utf8)) ?? ValuePath.lenientSteps(of: text))
    }

    /// The path written as `text`; nil when it has an empty step, or a bracket or quote that is not closed.
    public init?(validating text: String) {
        guard let steps = ValuePath.strictSteps(of: Array(text.utf8)) else { return nil }
        self.init(text, steps: steps)
    }

    private init(_ text: String, steps: [Step]) {
        description = text
        self.steps = steps
        isPlural = steps.contains(.each)
    }

    /// The path written as a literal.
    public init(stringLiteral value: String) { self.init(value) }

    /// Whether the path can lead to several values.
    public let isPlural: Bool

    /// The value at this path; nil when a step finds nothing.
    ///
    /// With `[]`, the first of all values.
    public func first(in value: JSONValue) -> JSONValue? {
        if isPlural { return all(in: value).first }
        if case .node(let tape, var index) = value.storage {
            // Within one text only the index moves, so no view is made for the steps between.
            for step in steps {
                guard let next = ValuePath.follow(step, in: tape, from: index) else { return nil }
                index = next
            }
            return JSONValue(.node(tape, index))
        }
        var current = value
        for step in steps {
            guard let next = ValuePath.follow(step, from: current) else { return nil }
            current = next
        }
        return current
    }

    /// All values at this path, in order; empty when a step finds nothing.
    public func all(in value: JSONValue) -> [JSONValue] {
        var current = [value]
        for step in steps {
            current =
                step == .each
                ? current.flatMap { $0.array ?? [] } : current.compactMap { ValuePath.follow(step, from: $0) }
            if current.isEmpty { break }
        }
        return current
    }

    private static func name(of position: Int) -> JSONName { JSONName(Array(String(position).utf8)) }

    private static func follow(_ step: Step, in tape: JSONTape, from index: Int) -> Int? {
        switch step {
        case .name(let name): return tape.member(name, of: index)
        case .position(let position):
            return tape.element(position, of: index) ?? tape.member(name(of: position), of: index)
        case .each: return nil
        case .first(let name, let text):
            let array = tape.nodes[index]
            guard array.kind == .array else { return nil }
            var at = index + 1
            for _ in 0..<array.count {
                if let found = tape.member(name, of: at), tape.nodes[found].kind == .string,
                    tape.isText(tape.nodes[found], text)
                {
                    return at
                }
                at = Int(tape.nodes[at].next)
            }
            return nil
        }
    }

    private static func follow(_ step: Step, from value: JSONValue) -> JSONValue? {
        switch step {
        case .name(let name): return value.member(name)
        case .position(let position):
            // An object may have members named by digits; the shape of the value decides.
            return value[position] ?? value.member(ValuePath.name(of: position))
        case .each: return nil
        case .first(let name, let text):
            return value.array?.first { $0.member(name)?.string?.utf8.elementsEqual(text) == true }
        }
    }
}

extension JSONValue {
    /// The value at `path`; nil when a step finds nothing.
    public func at(_ path: ValuePath) -> JSONValue? { path.first(in: self) }
}
