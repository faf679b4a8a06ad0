// Percent-encoding (RFC 3986 section 2.1) and its strict decoding to UTF-8. It knows no path and no query.

/// Why percent-encoded text was not decoded.
public enum PercentDecodingError: Error, Sendable, Equatable {
    /// A percent sign is not followed by two hexadecimal digits.
    case percentInvalid
    /// The decoded bytes are not UTF-8.
    case notUTF8
    /// A NUL byte is encoded.
    case containsNUL
}

/// Percent-encoding of text.
public enum PercentEncoding {
    /// `text` with every byte encoded but unreserved characters (letters, digits, `-._~`).
    public static func encode(_ text: String) -> String {
        var encoded: [UInt8] = []
        encoded.reserveCapacity(text.utf8.count)
        for byte in text.utf8 {
            if ASCII.unreserved.contains(byte) {
                encoded.append(byte)
            } else {
                encoded.append(ASCII.percent)
                encoded.append(uppercaseDigit(byte >> 4))
                encoded.append(uppercaseDigit(byte & 15))
            }
        }
        return String(decoding: encoded, as: UTF8.self)
    }

    /// The text that `bytes` encode.
    ///
    /// - Parameter plusIsSpace: whether `+` stands for a space, as it does in form queries.
    public static func decode(
        _ bytes: Span<UInt8>, plusIsSpace: Bool = false
    ) throws(PercentDecodingError) -> String {
        var decoded: [UInt8] = []
        decoded.reserveCapacity(bytes.count)
        var at = 0
        while at < bytes.count {
            var byte = bytes[at]
            if byte == ASCII.percent {
                guard at + 2 < bytes.count, let high = Hex.value(of: bytes[at + 1]),
                    let low = Hex.value(of: bytes[at + 2])
                else { throw .percentInvalid }
                byte = high << 4 | low
                at += 2
            } else if byte == 43 && plusIsSpace {
                byte = ASCII.space
            }
            if byte == 0 { throw .containsNUL }
            decoded.append(byte)
            at += 1
        }
        guard let text = String(validating: decoded, as: UTF8.self) else { throw .notUTF8 }
        return text
    }

    /// RFC 3986 section 2.1 prefers upper-case digits.
    private static func uppercaseDigit(_ value: UInt8) -> UInt8 { value < 10 ? 48 &+ value : 55 &+ value }
}
