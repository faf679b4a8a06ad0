// Tables for the members of a stored JSON object. Each facet declares once which members it stores and how. Does not depend on a
// facet.

package import ProviderSDK

/// One member of the stored form of a value.
package struct StoredMember<Value>: Sendable {
    package let name: String
    /// Whether the member is omitted, because its absence means the same.
    package let isOmitted: @Sendable (Value) -> Bool
    /// Writes the member's value; its name has been written already.
    package let write: @Sendable (Value, inout JSONWriter) -> Void
    /// Reads the member's value; the value keeps its default when the member is absent.
    package let read: @Sendable (inout Value, JSONValue) -> Void

    package init(
        _ name: String, omittedIf isOmitted: @escaping @Sendable (Value) -> Bool = { _ in false },
        _ write: @escaping @Sendable (Value, inout JSONWriter) -> Void,
        _ read: @escaping @Sendable (inout Value, JSONValue) -> Void
    ) {
        self.name = name
        self.isOmitted = isOmitted
        self.write = write
        self.read = read
    }
}

extension JSONWriter {
    /// Writes a moment with milliseconds, or null.
    package mutating func moment(_ name: String, _ moment: Timestamp?) {
        key(name)
        value(moment)
    }

    /// Writes a moment with milliseconds, or null.
    package mutating func value(_ moment: Timestamp?) { value(moment, withMilliseconds: true) }

    /// Writes an array of strings.
    package mutating func value(_ texts: [String]) { array { writer in for text in texts { writer.value(text) } } }

    /// Writes an array; `body` writes one element.
    package mutating func array<Element>(of elements: [Element], _ body: (Element, inout JSONWriter) -> Void) {
        array { writer in for element in elements { body(element, &writer) } }
    }
}

extension JSONValue {
    /// The value as a moment; nil when it is not one.
    package var moment: Timestamp? { string.flatMap(Timestamp.init(iso8601:)) }

    /// The strings of an array; empty when the value is not an array.
    package var texts: [String] { array?.compactMap(\.string) ?? [] }

    /// The moment in a member; nil when the member is absent or invalid.
    package func moment(_ name: String) -> Timestamp? { self[name]?.moment }

    /// The strings in a member's array.
    package func texts(_ name: String) -> [String] { self[name]?.texts ?? [] }

    /// The integer in a member; nil when the member is absent or invalid.
    package func count(_ name: String) -> Int? { self[name]?.integer.map(Int.init) }
}

extension Array {
    /// Returns the members in the order of `names`; members without a name there come last.
    func ordered<Value>(by names: [String]) -> Self where Element == StoredMember<Value> {
        let places = Dictionary(uniqueKeysWithValues: zip(names, names.indices))
        return enumerated().sorted { left, right in
            (places[left.element.name] ?? names.count, left.offset)
                < (places[right.element.name] ?? names.count, right.offset)
        }.map(\.element)
    }

    /// Writes `value` as an object of these members.
    package func write<Value>(_ value: Value, to writer: inout JSONWriter) where Element == StoredMember<Value> {
        writer.object { writer in writeMembers(of: value, to: &writer) }
    }

    /// Writes these members of `value` into an open object.
    func writeMembers<Value>(of value: Value, to writer: inout JSONWriter) where Element == StoredMember<Value> {
        for member in self where !member.isOmitted(value) {
            writer.key(member.name)
            member.write(value, &writer)
        }
    }

    /// Reads the members of a stored object into `value`.
    package func read<Value>(_ stored: JSONValue, into value: inout Value) where Element == StoredMember<Value> {
        for member in self {
            if let stored = stored[member.name] { member.read(&value, stored) }
        }
    }
}
