// Paths into JSON values, as field mappings and paging rules write them. Small on purpose: names, positions, "each", and
// "the element whose field equals".

/// A path to values inside a JSON value, such as `customer.address.city`, `items.data[].price`, `lines.0.id` or
/// `Phones[PhoneType=DEFAULT].PhoneNumber`.
///
/// Steps are separated by dots. A step of digits is a position in an array; `[]` after a step means every element; `[name=text]`
/// means the first element whose member `name` is the string `text`. The empty path is the value itself.
public struct JSONPath: Sendable, Hashable, ExpressibleByStringLiteral, CustomStringConvertible {
    enum Step: Sendable, Hashable {
        case name([UInt8])
        case position(Int)
        case each
        case first(name: [UInt8], equals: [UInt8])
    }

    let steps: [Step]
    /// The path as written.
    public let description: String

    /// The path written as `text`.
    public init(_ text: String) {
        description = text
        var steps: [Step] = []
        for part in text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: true) {
            let pieces = part.split(separator: UInt8(ascii: "["), omittingEmptySubsequences: false)
            if let name = pieces.first, !name.isEmpty {
                let isPosition = name.count <= 6 && name.allSatisfy { $0 &- 0x30 < 10 }
                steps.append(
                    isPosition ? .position(name.reduce(0) { $0 * 10 + Int($1 - 0x30) }) : .name(Array(name)))
            }
            for piece in pieces.dropFirst() {
                let inside = piece.prefix { $0 != UInt8(ascii: "]") }
                let sides = inside.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
                steps.append(
                    sides.count == 2 ? .first(name: Array(sides[0]), equals: Array(sides[1])) : .each)
            }
        }
        self.steps = steps
    }

    /// The path written as a literal.
    public init(stringLiteral value: String) { self.init(value) }

    /// Whether the path can lead to several values.
    public var isPlural: Bool { steps.contains(.each) }

    /// The value at this path; nil when a step finds nothing.
    ///
    /// With `[]`, the first of all values.
    public func first(in value: JSONValue) -> JSONValue? {
        if isPlural { return all(in: value).first }
        var current = value
        for step in steps {
            guard let next = JSONPath.follow(step, from: current) else { return nil }
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
                ? current.flatMap { $0.array ?? [] } : current.compactMap { JSONPath.follow(step, from: $0) }
            if current.isEmpty { break }
        }
        return current
    }

    private static func follow(_ step: Step, from value: JSONValue) -> JSONValue? {
        switch step {
        case .name(let name): return value.member(utf8: name)
        case .position(let position):
            // An object may have members named by digits; the shape of the value decides.
            return value[position] ?? value.member(utf8: Array(String(position).utf8))
        case .each: return nil
        case .first(let name, let text):
            return value.array?.first { $0.member(utf8: name)?.string?.utf8.elementsEqual(text) == true }
        }
    }
}

extension JSONValue {
    /// The value at `path`; nil when a step finds nothing.
    public func at(_ path: JSONPath) -> JSONValue? { path.first(in: self) }
}
