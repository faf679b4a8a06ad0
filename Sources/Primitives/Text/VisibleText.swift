// Text for terminals and logs. A character that moves the cursor, ends a line or turns the direction of writing must not come from
// outside: it could hide or forge what people read. Knows no terminal and no log.

/// Text of which every character is shown.
public enum VisibleText {
    /// `text`, which is UTF-8, with the escape of JSON (`\u001b`) for every character that acts on what is shown.
    ///
    /// These are the control characters but the line feed, the separators of lines and paragraphs, and the characters that set the
    /// direction of writing. JSON stays the same value, because it has no such character outside of a string.
    public static func escaping(_ text: [UInt8]) -> [UInt8] {
        guard text.contains(where: { isControl($0) || isLead($0) }) else { return text }
        var escaped: [UInt8] = []
        escaped.reserveCapacity(text.count + 32)
        var clean = 0
        var at = 0
        while at < text.count {
            guard let (code, count) = acting(text, at) else {
                at += 1
                continue
            }
            escaped += text[clean..<at]
            escaped += Array("\\u".utf8)
            for shift in [12, 8, 4, 0] as [UInt16] {
                let digit = UInt8(truncatingIfNeeded: code >> shift & 15)
                escaped.append(digit < 10 ? 0x30 + digit : 0x57 + digit)
            }
            at += count
            clean = at
        }
        return escaped + text[clean...]
    }

    /// Whether no character of `text` acts on what is shown, the line feed included.
    public static func isPlain(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        return !bytes.contains(0x0A) && escaping(bytes) == bytes
    }

    private static func isControl(_ byte: UInt8) -> Bool { byte < 0x20 && byte != 0x0A || byte == 0x7F }

    /// Whether a character that acts can begin with `byte`.
    private static func isLead(_ byte: UInt8) -> Bool { byte == 0xC2 || byte == 0xD8 || byte == 0xE2 }

    /// The number of the character at `at`, and its bytes, if it acts.
    private static func acting(_ text: [UInt8], _ at: Int) -> (code: UInt16, count: Int)? {
        let byte = text[at]
        if isControl(byte) { return (UInt16(byte), 1) }
        guard isLead(byte), at + 1 < text.count else { return nil }
        let second = UInt16(text[at + 1] & 0x3F)
        switch byte {
        // U+0080 to U+009F.
        case 0xC2: return second < 0x20 ? (0x80 + second, 2) : nil
        case 0xD8: return second == 0x1C ? (0x061C, 2) : nil
        default:
            guard at + 2 < text.count else { return nil }
            let code = 0x2000 + second << 6 + UInt16(text[at + 2] & 0x3F)
            switch code {
            case 0x200E, 0x200F, 0x2028...0x202E, 0x2066...0x2069: return (code, 3)
            default: return nil
            }
        }
    }
}
