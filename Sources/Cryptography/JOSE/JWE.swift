// JSON Web Encryption with a shared key, compact serialization (`alg` = `dir`, RFC 7516 and RFC 7518 section 4.5). NextAuth and
// Auth.js make their session cookies this way. Every failure is the same error: the failed step would only help a forger.

import COpenSSL

/// A shared key for one content encryption.
///
/// Immutable; shared by all threads.
public struct JWEKey: Sendable {
    /// How the content is encrypted and authenticated.
    public enum ContentEncryption: String, Sendable {
        /// AES-256-GCM, a 32-byte key (RFC 7518 section 5.3).
        case a256GCM = "A256GCM"
        /// AES-256-CBC with HMAC-SHA-512, a 64-byte key whose first half authenticates (RFC 7518 section 5.2.5).
        case a256CBCHS512 = "A256CBC-HS512"

        /// The number of bytes of its key.
        public var keyByteCount: Int {
            switch self {
            case .a256GCM: 32
            case .a256CBCHS512: 64
            }
        }
    }

    /// The one content encryption that is accepted.
    public let encryption: ContentEncryption
    private let cipher: Cipher

    private enum Cipher: Sendable {
        case gcm(AES256GCM)
        case cbc(AES256CBCHS512)
    }

    /// Takes a key of exactly `encryption.keyByteCount` bytes.
    ///
    /// - Throws: `.keySizeInvalid`.
    public init(direct key: SymmetricKey, encryption: ContentEncryption) throws(CryptographyError) {
        guard key.byteCount == encryption.keyByteCount else {
            throw .keySizeInvalid(expectedBytes: encryption.keyByteCount, actualBytes: key.byteCount)
        }
        self.encryption = encryption
        switch encryption {
        case .a256GCM: cipher = .gcm(try AES256GCM(key: key))
        case .a256CBCHS512: cipher = .cbc(AES256CBCHS512(key: key))
        }
    }

    /// The plaintext of a compact token with exactly this key and content encryption.
    ///
    /// - Throws: `.tokenInvalid(.undecryptable)` for every fault.
    public func decrypt(_ token: String) throws(CryptographyError) -> [UInt8] {
        do {
            return try decrypt(token.utf8Span.span)
        } catch {
            throw .tokenInvalid(.undecryptable)
        }
    }

    private func decrypt(_ token: Span<UInt8>) throws(CryptographyError) -> [UInt8] {
        let refused = CryptographyError.tokenInvalid(.undecryptable)
        guard token.count <= CryptographyLimits.tokenBytesMax else { throw refused }
        var dots: [Int] = []
        for index in token.indices where token[index] == UInt8(ascii: ".") {
            guard dots.count < 4 else { throw refused }
            dots.append(index)
        }
        // With `dir` the encrypted key, the second part, is empty (RFC 7518 section 4.5).
        guard dots.count == 4, dots[1] == dots[0] + 1 else { throw refused }
        let header = try JOSEHeader(encoded: token.extracting(..<dots[0]))
        guard header.hasAlgorithm("dir"), !header.demandsExtension, let name = header.encryption,
            name.utf8.elementsEqual(encryption.rawValue.utf8)
        else { throw refused }
        let nonce = try Base64URL.decode(token.extracting(dots[1] + 1..<dots[2]))
        let ciphertext = try Base64URL.decode(token.extracting(dots[2] + 1..<dots[3]))
        let tag = try Base64URL.decode(token.extracting((dots[3] + 1)...))
        let associatedData = token.extracting(..<dots[0])
        switch cipher {
        case .gcm(let cipher):
            return try cipher.open(
                .init(nonce: nonce, ciphertext: ciphertext, tag: tag), authenticating: associatedData)
        case .cbc(let cipher):
            return try cipher.open(nonce: nonce, ciphertext: ciphertext, tag: tag, authenticating: associatedData)
        }
    }

    /// A compact token of `plaintext`, for stand-ins of applications that issue such sessions (and their tests).
    ///
    /// - Throws: `.tokenInvalid(.headerMalformed)` for a `keyID` outside `A-Za-z0-9._-`; `.randomUnavailable`.
    public func encrypt(_ plaintext: [UInt8], keyID: String? = nil) throws(CryptographyError) -> String {
        let kid = try keyID.map { id throws(CryptographyError) in ",\"kid\":\"\(try checkedKeyID(id))\"" } ?? ""
        var token: [UInt8] = []
        let header = "{\"alg\":\"dir\",\"enc\":\"\(encryption.rawValue)\"\(kid)}"
        Base64Coder.appendURL(header.utf8Span.span, to: &token)
        let box: AES256GCM.Box =
            switch cipher {
            case .gcm(let cipher): try cipher.seal(plaintext, authenticating: token)
            case .cbc(let cipher):
                try cipher.seal(plaintext, nonce: SecureRandom.bytes(16), authenticating: token.span)
            }
        token += [UInt8(ascii: "."), UInt8(ascii: ".")]
        Base64Coder.appendURL(box.nonce.span, to: &token)
        token.append(UInt8(ascii: "."))
        Base64Coder.appendURL(box.ciphertext.span, to: &token)
        token.append(UInt8(ascii: "."))
        Base64Coder.appendURL(box.tag.span, to: &token)
        return String(decoding: token, as: UTF8.self)
    }
}
