// HKDF with SHA-256 (RFC 5869): many independent keys from one; `info` distinguishes them.

/// Derivation of keys from keys.
public enum HKDF {
    /// `byteCount` bytes derived from `key`.
    ///
    /// - Parameters:
    ///   - salt: Not secret; may be empty (RFC 5869 section 2.2: then 32 zero bytes).
    ///   - info: What the derived key is for. Two different infos give two unrelated keys.
    /// - Throws: `.sizeOutOfRange` unless 1...8160 bytes are asked for.
    public static func deriveSHA256(
        from key: SymmetricKey, salt: [UInt8] = [], info: [UInt8], byteCount: Int = 32
    ) throws(CryptographyError) -> SymmetricKey {
        guard byteCount > 0, byteCount <= CryptographyLimits.hkdfOutputBytesMax else {
            throw .sizeOutOfRange(maxBytes: CryptographyLimits.hkdfOutputBytesMax)
        }
        let extracted = key.withBytes { HMACSHA256(key: salt).code(for: $0) }
        let expand = HMACSHA256(key: SymmetricKey(copying: extracted.inlineBytes.span))
        var output: [UInt8] = []
        output.reserveCapacity(byteCount + 32)
        defer { cleanse(&output) }
        var counter: UInt8 = 0
        while output.count < byteCount {
            counter += 1
            var stream = expand.stream()
            stream.update(output.span.extracting(max(0, output.count - 32)...))
            stream.update(info)
            stream.update([counter])
            let block = stream.code()
            for index in 0..<32 { output.append(block.inlineBytes[index]) }
        }
        return SymmetricKey(copying: output.span.extracting(..<byteCount))
    }
}
