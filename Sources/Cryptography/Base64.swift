// Base64 and base64url (RFC 4648 sections 4 and 5), strict: one text for one byte sequence, so that no altered text decodes
// to the same bytes. Nothing is skipped and nothing is repaired.

/// Base64url without padding, the encoding of JOSE (RFC 7515 section 2).
public enum Base64URL {
    /// The base64url text of `bytes`, without padding.
    public static func encode(_ bytes: [UInt8]) -> String {
        encode(bytes.span)
    }

    /// The base64url text of `bytes`, without padding.
    public static func encode(_ bytes: Span<UInt8>) -> String {
        Base64Coder.encode(bytes, alphabet: Base64Coder.urlAlphabet, padded: false)
    }

    /// The bytes of base64url text.
    ///
    /// - Throws: `.encodingInvalid(.base64URL)` for padding, white space, another alphabet, an impossible length, or set bits
    ///   after the last whole byte.
    public static func decode(_ text: String) throws(CryptographyError) -> [UInt8] {
        try decode(text.utf8Span.span)
    }

    /// The bytes of base64url text given as ASCII.
    public static func decode(_ text: Span<UInt8>) throws(CryptographyError) -> [UInt8] {
        guard let bytes = Base64Coder.decode(text, table: Base64Coder.urlValues) else {
            throw .encodingInvalid(.base64URL)
        }
        return bytes
    }
}

/// Base64 with padding.
public enum Base64 {
    /// The base64 text of `bytes`, padded.
    public static func encode(_ bytes: [UInt8]) -> String {
        encode(bytes.span)
    }

    /// The base64 text of `bytes`, padded.
    public static func encode(_ bytes: Span<UInt8>) -> String {
        Base64Coder.encode(bytes, alphabet: Base64Coder.standardAlphabet, padded: true)
    }

    /// The bytes of padded base64 text.
    ///
    /// - Throws: `.encodingInvalid(.base64)` for missing or misplaced padding, white space, another alphabet, or set bits
    ///   after the last whole byte.
    public static func decode(_ text: String) throws(CryptographyError) -> [UInt8] {
        try decode(text.utf8Span.span)
    }

    /// The bytes of padded base64 text given as ASCII.
    public static func decode(_ text: Span<UInt8>) throws(CryptographyError) -> [UInt8] {
        guard text.count % 4 == 0 else { throw .encodingInvalid(.base64) }
        var end = text.count
        while end > 0, end > text.count - 2, text[end - 1] == UInt8(ascii: "=") { end -= 1 }
        guard let bytes = Base64Coder.decode(text.extracting(..<end), table: Base64Coder.standardValues) else {
            throw .encodingInvalid(.base64)
        }
        return bytes
    }
}

/// The coder behind both alphabets.
enum Base64Coder {
    static let standardAlphabet: StaticString = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    static let urlAlphabet: StaticString = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    static let standardValues = values(of: standardAlphabet)
    static let urlValues = values(of: urlAlphabet)

    /// The value of each byte as a digit; 255 for a byte outside the alphabet.
    private static func values(of alphabet: StaticString) -> InlineArray<256, UInt8> {
        var table = InlineArray<256, UInt8>(repeating: 255)
        for value in 0..<64 { table[Int(unsafe alphabet.utf8Start[value])] = UInt8(value) }
        return table
    }

    static func encodedCount(_ byteCount: Int, padded: Bool) -> Int {
        padded ? (byteCount + 2) / 3 * 4 : (byteCount * 4 + 2) / 3
    }

    static func encode(_ bytes: Span<UInt8>, alphabet: StaticString, padded: Bool) -> String {
        unsafe String(unsafeUninitializedCapacity: encodedCount(bytes.count, padded: padded)) { target in
            unsafe write(bytes, alphabet: alphabet, padded: padded, to: target)
        }
    }

    /// Appends the base64url text of `bytes`.
    static func appendURL(_ bytes: Span<UInt8>, to text: inout [UInt8]) {
        let count = encodedCount(bytes.count, padded: false)
        let start = text.count
        text.append(contentsOf: repeatElement(0, count: count))
        unsafe text.withUnsafeMutableBufferPointer { buffer in
            _ = unsafe write(bytes, alphabet: urlAlphabet, padded: false, to: .init(rebasing: buffer[start...]))
        }
    }

    private static func write(
        _ bytes: Span<UInt8>, alphabet: StaticString, padded: Bool, to target: UnsafeMutableBufferPointer<UInt8>
    ) -> Int {
        let digits = unsafe alphabet.utf8Start
        return unsafe bytes.withUnsafeBufferPointer { source in
            var read = 0
            var written = 0
            while read + 3 <= source.count {
                let group =
                    unsafe UInt32(source[read]) << 16 | UInt32(source[read + 1]) << 8 | UInt32(source[read + 2])
                unsafe target[written] = digits[Int(group >> 18)]
                unsafe target[written + 1] = digits[Int(group >> 12 & 63)]
                unsafe target[written + 2] = digits[Int(group >> 6 & 63)]
                unsafe target[written + 3] = digits[Int(group & 63)]
                read += 3
                written += 4
            }
            guard read < source.count else { return written }
            let two = read + 2 == source.count
            let group = unsafe UInt32(source[read]) << 16 | (two ? UInt32(source[read + 1]) << 8 : 0)
            unsafe target[written] = digits[Int(group >> 18)]
            unsafe target[written + 1] = digits[Int(group >> 12 & 63)]
            written += 2
            if two {
                unsafe target[written] = digits[Int(group >> 6 & 63)]
                written += 1
            }
            while padded && written % 4 != 0 {
                unsafe target[written] = UInt8(ascii: "=")
                written += 1
            }
            return written
        }
    }

    /// The bytes of unpadded digits; nil for a byte outside the alphabet, an impossible length, or set trailing bits.
    static func decode(_ text: borrowing Span<UInt8>, table: InlineArray<256, UInt8>) -> [UInt8]? {
        let remainder = text.count % 4
        guard remainder != 1 else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count * 3 / 4)
        var accumulator: UInt32 = 0
        var refused: UInt8 = 0
        for index in text.indices {
            let value = table[Int(text[index])]
            refused |= value
            accumulator = accumulator << 6 | UInt32(value & 63)
            if index & 3 == 3 {
                bytes.append(UInt8(truncatingIfNeeded: accumulator >> 16))
                bytes.append(UInt8(truncatingIfNeeded: accumulator >> 8))
                bytes.append(UInt8(truncatingIfNeeded: accumulator))
                accumulator = 0
            }
        }
        guard refused < 64 else { return nil }
        switch remainder {
        case 2:
            guard accumulator & 0x0F == 0 else { return nil }
            bytes.append(UInt8(truncatingIfNeeded: accumulator >> 4))
        case 3:
            guard accumulator & 0x03 == 0 else { return nil }
            bytes.append(UInt8(truncatingIfNeeded: accumulator >> 10))
            bytes.append(UInt8(truncatingIfNeeded: accumulator >> 2))
        default: break
        }
        return bytes
    }
}
