// A stream of any length, sealed to a public key: a heading in text, then chunks of AES-256-GCM with a counter and a mark for the last one
// (docs/decisions/0016-sealed-backups.md). No I/O.

/// Sizes and names of the format.
public enum SealedStream {
    /// The bytes of a whole chunk before it is sealed.
    public static let chunkBytes = 64 << 10
    /// The bytes of a whole sealed chunk.
    public static let sealedChunkBytes = chunkBytes + AES256GCM.tagByteCount
    /// The most bytes of the heading.
    public static let headingBytesMax = 4096
    /// The first line.
    public static let firstLine = "integration-host sealed backup 1\n"

    /// The nonce of a chunk: its number in 11 bytes, and 1 in the last byte for the last chunk.
    fileprivate static func nonce(_ number: UInt64, isLast: Bool) -> [UInt8] {
        var nonce: [UInt8] = [0, 0, 0]
        for shift in stride(from: 56, through: 0, by: -8) {
            nonce.append(UInt8(truncatingIfNeeded: number >> UInt64(shift)))
        }
        return nonce + [isLast ? 1 : 0]
    }

    /// The cipher of the chunks: the heading is part of what its key is derived from, so a changed heading opens nothing.
    fileprivate static func cipher(_ key: SymmetricKey, heading: [UInt8]) throws(CryptographyError) -> AES256GCM {
        try AES256GCM(
            key: HKDF.deriveSHA256(
                from: key, salt: SHA256.digest(heading).bytes, info: Array("integration-host sealed backup 1".utf8)))
    }
}

/// Seals the chunks of one stream, in their order.
public struct StreamSealer: Sendable {
    /// The heading, which comes before the first chunk.
    public let heading: [UInt8]
    private let cipher: AES256GCM
    private var number: UInt64 = 0

    /// Makes a data key and wraps it for `recipient`.
    public init(to recipient: SealingRecipient) throws(CryptographyError) {
        let key = try SymmetricKey.random(byteCount: 32)
        heading = Array(
            (SealedStream.firstLine
                + "\(recipient.algorithm.rawValue) \(Base64URL.encode(try recipient.wrap(key)))\n").utf8)
        cipher = try SealedStream.cipher(key, heading: heading)
    }

    /// Seals the next chunk; every chunk but the last has ``SealedStream/chunkBytes``.
    public mutating func seal(_ chunk: Span<UInt8>, isLast: Bool) throws(CryptographyError) -> [UInt8] {
        defer { number += 1 }
        let nothing: [UInt8] = []
        let box = try cipher.seal(
            chunk, nonce: SealedStream.nonce(number, isLast: isLast), authenticating: nothing.span)
        return box.ciphertext + box.tag
    }
}

/// Opens the chunks of one stream, in their order.
public struct StreamOpener: Sendable {
    private let cipher: AES256GCM
    private var number: UInt64 = 0

    /// Reads the two lines of a heading.
    ///
    /// - Throws: `.sealedTextMalformed`, or `.authenticationFailed` when it is sealed to another key.
    public init(heading: [UInt8], identity: SealingIdentity) throws(CryptographyError) {
        let lines = heading.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        guard lines.count == 3, lines[2].isEmpty, Array(SealedStream.firstLine.utf8).dropLast().elementsEqual(lines[0])
        else { throw .sealedTextMalformed }
        let words = lines[1].split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
        guard words.count == 2, let algorithm = WrappingAlgorithm(rawValue: String(decoding: words[0], as: UTF8.self))
        else { throw .sealedTextMalformed }
        guard algorithm == identity.algorithm else { throw .authenticationFailed }
        let key = try identity.unwrap(try Base64URL.decode(String(decoding: words[1], as: UTF8.self)))
        cipher = try SealedStream.cipher(key, heading: heading)
    }

    /// Opens the next chunk.
    ///
    /// - Parameter isLast: whether nothing comes behind it; a stream that was cut off between two chunks fails here.
    /// - Throws: `.authenticationFailed`.
    public mutating func open(_ chunk: [UInt8], isLast: Bool) throws(CryptographyError) -> [UInt8] {
        guard chunk.count >= AES256GCM.tagByteCount else { throw .authenticationFailed }
        defer { number += 1 }
        let box = AES256GCM.Box(
            nonce: SealedStream.nonce(number, isLast: isLast),
            ciphertext: Array(chunk.dropLast(AES256GCM.tagByteCount)), tag: Array(chunk.suffix(AES256GCM.tagByteCount)))
        return try cipher.open(box, authenticating: [])
    }
}
