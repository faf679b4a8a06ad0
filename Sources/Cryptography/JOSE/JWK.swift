// A JSON Web Key (RFC 7517) as a verifier's key. The uses that its members allow are compared with its actual use. The caller
// parses the JSON; fetching key sets and choosing by `kid` are not here.

/// The members of one key of a key set, as strings; nil where the key has no such member.
public struct JWK: Sendable, Equatable {
    /// The `kty` member.
    public var keyType: String
    /// The `kid` member.
    public var keyID: String?
    /// The `alg` member.
    public var algorithm: String?
    /// The `use` member.
    public var use: String?
    /// The `key_ops` member.
    public var keyOperations: [String]?
    /// The `crv` member of an EC or OKP key.
    public var curve: String?
    /// The `n` member of an RSA key.
    public var n: String?
    /// The `e` member of an RSA key.
    public var e: String?
    /// The `x` member of an EC or OKP key.
    public var x: String?
    /// The `y` member of an EC key.
    public var y: String?

    /// A key of its type and nothing else; set what else it has.
    public init(keyType: String) {
        self.keyType = keyType
    }
}

/// The algorithms of public keys that tokens may be verified with.
public enum PublicKeyAlgorithm: String, Sendable {
    /// RSA PKCS #1 v1.5 with SHA-256.
    case rs256 = "RS256"
    /// ECDSA on P-256 with SHA-256.
    case es256 = "ES256"
    /// Ed25519.
    case edDSA = "EdDSA"
}

extension JWSVerifier {
    /// A verifier of `algorithm`, which the configuration names, with a key of a key set.
    ///
    /// - Throws: `.keyInvalid`, also when the key's own `alg`, `use` or `key_ops` says that it is for something else;
    ///   `.encodingInvalid` for a member that is not strict base64url.
    public init(jwk: JWK, algorithm: PublicKeyAlgorithm) throws(CryptographyError) {
        if let stated = jwk.algorithm {
            guard stated.utf8.elementsEqual(algorithm.rawValue.utf8) else { throw .keyInvalid(.purposeForeign) }
        }
        if let use = jwk.use {
            guard use.utf8.elementsEqual("sig".utf8) else { throw .keyInvalid(.purposeForeign) }
        }
        if let operations = jwk.keyOperations {
            guard operations.contains(where: { $0.utf8.elementsEqual("verify".utf8) }) else {
                throw .keyInvalid(.purposeForeign)
            }
        }
        switch algorithm {
        case .rs256:
            try jwk.expect(type: "RSA", curve: nil)
            self.init(rs256: try RSAPublicKey(modulus: JWK.bytes(jwk.n), exponent: JWK.bytes(jwk.e)))
        case .es256:
            try jwk.expect(type: "EC", curve: "P-256")
            self.init(es256: try P256PublicKey(x: JWK.bytes(jwk.x), y: JWK.bytes(jwk.y)))
        case .edDSA:
            try jwk.expect(type: "OKP", curve: "Ed25519")
            self.init(edDSA: try Ed25519PublicKey(rawBytes: JWK.bytes(jwk.x)))
        }
    }
}

extension JWK {
    fileprivate func expect(type: String, curve: String?) throws(CryptographyError) {
        let isExpected = keyType.utf8.elementsEqual(type.utf8)
        let isOnCurve = curve.map { self.curve?.utf8.elementsEqual($0.utf8) ?? false } ?? true
        guard isExpected, isOnCurve else {
            throw .keyInvalid(.wrongType(expected: curve.map { "\(type) \($0)" } ?? type))
        }
    }

    fileprivate static func bytes(_ member: String?) throws(CryptographyError) -> [UInt8] {
        guard let member else { throw .encodingInvalid(.base64URL) }
        return try Base64URL.decode(member)
    }
}
