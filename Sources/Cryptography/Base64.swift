// Base64 and base64url (RFC 4648 sections 4 and 5), strict. Each byte sequence has one text, so no altered text decodes to the
// same bytes. Nothing is skipped and nothing is repaired.

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
        guard let bytes = unsafe Base64Coder.decode(text, table: Base64Coder.urlValues) else {
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
        guard let bytes = unsafe Base64Coder.decode(text.extracting(..<end), table: Base64Coder.standardValues) else {
            throw .encodingInvalid(.base64)
        }
        return bytes
    }
}

/// The coder behind both alphabets.
enum Base64Coder {
    static let standardAlphabet: StaticString = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    static let urlAlphabet: StaticString = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    nonisolated(unsafe) static let standardValues = unsafe values(of: standardAlphabet)
    nonisolated(unsafe) static let urlValues = unsafe values(of: urlAlphabet)

    /// The value of each byte as a digit, 255 for a byte outside the alphabet; made once and never freed.
    private static func values(of alphabet: StaticString) -> UnsafePointer<UInt8> {
        let table = UnsafeMutablePointer<UInt8>.allocate(capacity: 256)
        unsafe table.initialize(repeating: 255, count: 256)
        for value in 0..<64 { unsafe table[Int(alphabet.utf8Start[value])] = UInt8(value) }
        return unsafe UnsafePointer(table)
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
    static func decode(_ text: Span<UInt8>, table: UnsafePointer<UInt8>) -> [UInt8]? {
        guard text.count % 4 != 1 else { return nil }
        var isValid = false
        let bytes = unsafe text.withUnsafeBufferPointer { source in
            unsafe [UInt8](unsafeUninitializedCapacity: source.count / 4 * 3 + 2) { target, count in
                unsafe (isValid, count) = decode(source, into: target, table: table)
            }
        }
        return isValid ? bytes : nil
    }

    /// Every digit is checked before the verdict, so that the time does not depend on where a wrong one is.
    private static func decode(
        _ source: UnsafeBufferPointer<UInt8>, into target: UnsafeMutableBufferPointer<UInt8>,
        table: UnsafePointer<UInt8>
    ) -> (isValid: Bool, count: Int) {
        var read = 0
        var written = 0
        var refused: UInt8 = 0
        while read + 4 <= source.count {
            let first = unsafe table[Int(source[read])]
            let second = unsafe table[Int(source[read + 1])]
            let third = unsafe table[Int(source[read + 2])]
            let fourth = unsafe table[Int(source[read + 3])]
            refused |= first | second | third | fourth
            unsafe target[written] = first << 2 | second >> 4
            unsafe target[written + 1] = second << 4 | third >> 2
            unsafe target[written + 2] = third << 6 | fourth
            read += 4
            written += 3
        }
        guard read < source.count else { return (refused < 64, written) }
        let first = unsafe table[Int(source[read])]
        let second = unsafe table[Int(source[read + 1])]
        refused |= first | second
        unsafe target[written] = first << 2 | second >> 4
        written += 1
        var unused = second & 0x0F
        if read + 2 < source.count {
            let third = unsafe table[Int(source[read + 2])]
            refused |= third
            unsafe target[written] = second << 4 | third >> 2
            written += 1
            unused = third & 0x03
        }
        return (refused < 64 && unused == 0, written)
    }
}
