// JSON Web Signature, compact serialization (RFC 7515 section 7.1): exactly three parts, strict base64url, one algorithm per
// verifier. The token never chooses: its `alg` must be what the verifier was made for. Claims are the caller's to read.

/// Verifies compact tokens with one key and one algorithm.
///
/// Immutable; shared by all threads.
public struct JWSVerifier: Sendable {
    private enum Key: Sendable {
        case hs256(HMACSHA256)
        case rs256(RSAPublicKey)
        case es256(P256PublicKey)
        case edDSA(Ed25519PublicKey)

        var algorithm: String {
            switch self {
            case .hs256: "HS256"
            case .rs256: "RS256"
            case .es256: "ES256"
            case .edDSA: "EdDSA"
            }
        }
    }

    private let key: Key

    /// A verifier of HMAC-SHA-256 codes.
    ///
    /// - Throws: `.keySizeInvalid` for fewer than 32 bytes (RFC 7518 section 3.2).
    public init(hs256 key: SymmetricKey) throws(CryptographyError) {
        self.key = .hs256(try prepared(key))
    }

    /// A verifier of RSA PKCS #1 v1.5 signatures with SHA-256.
    public init(rs256 key: RSAPublicKey) {
        self.key = .rs256(key)
    }

    /// A verifier of ECDSA signatures on P-256 with SHA-256.
    public init(es256 key: P256PublicKey) {
        self.key = .es256(key)
    }

    /// A verifier of Ed25519 signatures (RFC 8037).
    public init(edDSA key: Ed25519PublicKey) {
        self.key = .edDSA(key)
    }

    /// The payload of `token`, whose signature was checked first.
    ///
    /// The payload is not checked: neither `exp` nor `iss`.
    ///
    /// - Throws: `.tokenInvalid`.
    public func verify(_ token: String) throws(CryptographyError) -> [UInt8] {
        try verify(token.utf8Span.span)
    }

    /// The payload of `token`, given as ASCII.
    public func verify(_ token: Span<UInt8>) throws(CryptographyError) -> [UInt8] {
        guard token.count <= CryptographyLimits.tokenBytesMax, let first = Self.dot(in: token, from: 0) else {
            throw .tokenInvalid(.malformed)
        }
        let header = try JOSEHeader(encoded: token.extracting(..<first))
        guard header.hasAlgorithm(key.algorithm) else { throw .tokenInvalid(.algorithmRefused) }
        guard !header.demandsExtension else { throw .tokenInvalid(.criticalHeader) }
        return try verify(token, headerEnd: first)
    }

    /// Verifies a token whose header, up to the dot at `first`, is known to be right.
    func verify(_ token: Span<UInt8>, headerEnd first: Int) throws(CryptographyError) -> [UInt8] {
        guard token.count <= CryptographyLimits.tokenBytesMax, let second = Self.dot(in: token, from: first + 1) else {
            throw .tokenInvalid(.malformed)
        }
        let payload: [UInt8]
        let signature: [UInt8]
        do {
            payload = try Base64URL.decode(token.extracting(first + 1..<second))
            signature = try Base64URL.decode(token.extracting((second + 1)...))
        } catch {
            throw .tokenInvalid(.malformed)
        }
        guard isValid(signature.span, for: token.extracting(..<second)) else {
            throw .tokenInvalid(.signatureInvalid)
        }
        return payload
    }

    private func isValid(_ signature: Span<UInt8>, for message: Span<UInt8>) -> Bool {
        switch key {
        case .hs256(let key): key.isValid(signature, for: message)
        case .rs256(let key): key.isValidSignature(signature, for: message)
        case .es256(let key): key.isValidSignature(signature, for: message)
        case .edDSA(let key): key.isValidSignature(signature, for: message)
        }
    }

    /// The position of the first dot at or after `start`.
    ///
    /// The decoder refuses a third dot, which is not a digit.
    private static func dot(in token: Span<UInt8>, from start: Int) -> Int? {
        var index = start
        while index < token.count {
            if token[index] == UInt8(ascii: ".") { return index }
            index += 1
        }
        return nil
    }
}

/// Signs payloads as compact tokens.
///
/// Immutable; shared by all threads.
public struct JWSSigner: Sendable {
    private enum Key: Sendable {
        case hs256(HMACSHA256)
        case rs256(RSAPrivateKey)
        case edDSA(Ed25519PrivateKey)
    }

    private let key: Key
    /// The encoded header and its dot: the same for every token.
    let prefix: [UInt8]

    /// A signer with HMAC-SHA-256.
    ///
    /// - Parameter keyID: Goes into the header as `kid`; must be of `A-Za-z0-9._-`.
    /// - Throws: `.keySizeInvalid` for fewer than 32 bytes; `.tokenInvalid(.headerMalformed)` for another `keyID`.
    public init(hs256 key: SymmetricKey, keyID: String? = nil) throws(CryptographyError) {
        self.key = .hs256(try prepared(key))
        prefix = try Self.prefix(algorithm: "HS256", keyID: keyID)
    }

    /// A signer with RSA PKCS #1 v1.5 and SHA-256.
    public init(rs256 key: RSAPrivateKey, keyID: String? = nil) throws(CryptographyError) {
        self.key = .rs256(key)
        prefix = try Self.prefix(algorithm: "RS256", keyID: keyID)
    }

    /// A signer with Ed25519.
    public init(edDSA key: Ed25519PrivateKey, keyID: String? = nil) throws(CryptographyError) {
        self.key = .edDSA(key)
        prefix = try Self.prefix(algorithm: "EdDSA", keyID: keyID)
    }

    /// The compact token of `payload`, with the header `{"alg":…,"typ":"JWT","kid":…}`.
    public func sign(_ payload: [UInt8]) throws(CryptographyError) -> String {
        var token = prefix
        token.reserveCapacity(prefix.count + payload.count * 4 / 3 + 400)
        Base64Coder.appendURL(payload.span, to: &token)
        let signature: [UInt8] =
            switch key {
            case .hs256(let key): key.code(for: token).bytes
            case .rs256(let key): try key.signature(for: token.span)
            case .edDSA(let key): try key.signature(for: token)
            }
        token.append(UInt8(ascii: "."))
        Base64Coder.appendURL(signature.span, to: &token)
        return String(decoding: token, as: UTF8.self)
    }

    private static func prefix(algorithm: String, keyID: String?) throws(CryptographyError) -> [UInt8] {
        let kid = try keyID.map { id throws(CryptographyError) in ",\"kid\":\"\(try checkedKeyID(id))\"" } ?? ""
        var prefix: [UInt8] = []
        Base64Coder.appendURL("{\"alg\":\"\(algorithm)\",\"typ\":\"JWT\"\(kid)}".utf8Span.span, to: &prefix)
        prefix.append(UInt8(ascii: "."))
        return prefix
    }
}

/// A key id that needs no escaping in JSON.
func checkedKeyID(_ id: String) throws(CryptographyError) -> String {
    for byte in id.utf8 {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"): continue
        default: throw .tokenInvalid(.headerMalformed)
        }
    }
    return id
}

private func prepared(_ key: SymmetricKey) throws(CryptographyError) -> HMACSHA256 {
    guard key.byteCount >= CryptographyLimits.hmacTokenKeyBytesMin else {
        throw .keySizeInvalid(expectedBytes: CryptographyLimits.hmacTokenKeyBytesMin, actualBytes: key.byteCount)
    }
    return HMACSHA256(key: key)
}
