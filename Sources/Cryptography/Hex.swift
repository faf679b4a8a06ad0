// Hexadecimal text of bytes (RFC 4648 section 8). Written in lower case; either case is read.

/// Hexadecimal, two digits a byte.
public enum Hex {
    /// Lower-case hexadecimal of `bytes`.
    public static func encode(_ bytes: [UInt8]) -> String {
        encode(bytes.span)
    }

    /// Lower-case hexadecimal of `bytes`.
    public static func encode(_ bytes: Span<UInt8>) -> String {
        let digits: StaticString = "0123456789abcdef"
        let count = bytes.count * 2
        return unsafe bytes.withUnsafeBufferPointer { source in
            unsafe String(unsafeUninitializedCapacity: count) { target in
                for index in source.indices {
                    unsafe target[index * 2] = digits.utf8Start[Int(source[index] >> 4)]
                    unsafe target[index * 2 + 1] = digits.utf8Start[Int(source[index] & 15)]
                }
                return count
            }
        }
    }

    /// The bytes of hexadecimal text.
    ///
    /// - Throws: `.encodingInvalid(.hex)` for an odd length or anything but `0-9a-fA-F`.
    public static func decode(_ text: String) throws(CryptographyError) -> [UInt8] {
        try decode(text.utf8Span.span)
    }

    /// The bytes of hexadecimal text given as ASCII.
    public static func decode(_ text: Span<UInt8>) throws(CryptographyError) -> [UInt8] {
        guard text.count % 2 == 0 else { throw .encodingInvalid(.hex) }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count / 2)
        var index = 0
        while index < text.count {
            guard let high = digit(text[index]), let low = digit(text[index + 1]) else { throw .encodingInvalid(.hex) }
            bytes.append(high << 4 | low)
            index += 2
        }
        return bytes
    }

    static func digit(_ character: UInt8) -> UInt8? {
        switch character {
        case 0x30...0x39: character - 0x30
        case 0x41...0x46: character - 0x41 + 10
        case 0x61...0x66: character - 0x61 + 10
        default: nil
        }
    }
}
