// Redacts a provider's record, so that it can be shown to the person who repairs a mapping. It keeps the record's
// structure and the shapes of its values, never the values. Pure.

import ProviderSDK

/// Turns a record into a form that shows its shape but not its content.
///
/// Members, nesting, booleans and nulls stay. In texts and numbers every digit becomes `9` and every letter `a` or `A`.
/// An invalid date, an amount with a comma or an empty id remains visible; a name or an address does not.
///
/// Words of a closed set stay where the member's name shows that there is such a set (`status`, `currency`, …).
struct PayloadRedaction {
    /// The size in bytes after which values are left out.
    static let bytesMax = 8 << 10
    /// The characters of one text that are shown.
    static let textMax = 64
    /// The elements of one array that are shown.
    static let elementsMax = 5
    /// The levels of nesting that are shown.
    static let depthMax = 12
    /// Members whose values are words of a closed set, and reveal nothing about a person.
    private static let wordMembers: Set<String> = [
        "object", "type", "kind", "status", "state", "currency", "mode", "category", "event", "interval",
    ]

    private var writer = JSONWriter()

    /// Returns `value` redacted, as JSON of at most about ``bytesMax`` bytes.
    static func redact(_ value: JSONValue) -> [UInt8] {
        var redaction = PayloadRedaction()
        redaction.write(value, member: "", depth: 0)
        return redaction.writer.bytes
    }

    private mutating func write(_ value: JSONValue, member: String, depth: Int) {
        guard writer.bytes.count < Self.bytesMax, depth < Self.depthMax else { return writer.value("…") }
        switch value.kind {
        case .null: if value.damage == nil { writer.null() } else { writer.value("(not readable)") }
        case .boolean: writer.value(value.boolean ?? false)
        case .number: writer.raw(Self.number(value.number?.text ?? "0"))
        case .string: writer.value(Self.text(value.string ?? "", member: member))
        case .array: array(value.array ?? [], member: member, depth: depth)
        default: object(value.members ?? [], depth: depth)
        }
    }

    private mutating func array(_ values: [JSONValue], member: String, depth: Int) {
        var outer = writer
        outer.array { inner in
            writer = inner
            for value in values.prefix(Self.elementsMax) { write(value, member: member, depth: depth + 1) }
            if values.count > Self.elementsMax { writer.value("… \(values.count - Self.elementsMax) more") }
            inner = writer
        }
        writer = outer
    }

    private mutating func object(_ members: [(key: String, value: JSONValue)], depth: Int) {
        var outer = writer
        outer.object { inner in
            writer = inner
            var counts: [String: Int] = [:]
            for (key, value) in members {
                guard writer.bytes.count < Self.bytesMax else { break }
                let name = Self.name(key)
                let count = counts[name, default: 0] + 1
                counts[name] = count
                // Two names may look alike once they are redacted, and a damaged record may have a name twice.
                writer.key(count == 1 ? name : "\(name) (\(count))")
                write(value, member: key, depth: depth + 1)
            }
            inner = writer
        }
        writer = outer
    }

    /// Returns a number of the same form; a very long number becomes a text with its length.
    private static func number(_ text: String) -> [UInt8] {
        guard text.utf8.count <= textMax else { return Array("\"… (\(text.utf8.count) digits)\"".utf8) }
        return text.utf8.map { 0x30...0x39 ~= $0 ? 0x39 : $0 }
    }

    /// Returns the name of a member.
    ///
    /// Names that look like values, as in tables by id or address, are redacted like values.
    private static func name(_ key: String) -> String {
        let isPlain = key.utf8.allSatisfy { byte in
            0x30...0x39 ~= byte || 0x41...0x5A ~= byte || 0x61...0x7A ~= byte || byte == 0x5F || byte == 0x2D
        }
        let digits = key.utf8.count { 0x30...0x39 ~= $0 }
        return isPlain && key.utf8.count <= 48 && digits <= 3 ? key : text(key, member: "")
    }

    private static func text(_ text: String, member: String) -> String {
        if wordMembers.contains(member), text.utf8.count <= 32,
            text.utf8.allSatisfy({ 0x41...0x5A ~= $0 || 0x61...0x7A ~= $0 || $0 == 0x5F || $0 == 0x2E || $0 == 0x2D })
        {
            return text
        }
        var shape = ""
        var count = 0
        for scalar in text.unicodeScalars {
            count += 1
            guard count <= textMax else { continue }
            shape.unicodeScalars.append(scalar.isASCII ? Unicode.Scalar(Self.shape(UInt8(scalar.value))) : "a")
        }
        return count > textMax ? shape + "… (\(count) characters)" : shape
    }

    /// Returns `9` for a digit, `a` or `A` for a letter, `?` for a control character; signs stay.
    private static func shape(_ byte: UInt8) -> UInt8 {
        switch byte {
        case 0x30...0x39: 0x39
        case 0x41...0x5A: 0x41
        case 0x61...0x7A: 0x61
        case 0x00..<0x20, 0x7F: 0x3F
        default: byte
        }
    }
}
