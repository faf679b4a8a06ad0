// HS256 tokens that a key ring signs for itself: sessions, service tokens, anything that only this host makes and reads. Their
// header is known to the byte, so it is compared and never parsed. The caller checks the claims.

/// Signs tokens with the primary key of a ring and verifies those of any of its keys.
///
/// Immutable; shared by all threads. A verification costs about 0.5 µs.
public struct RingTokens: Sendable {
    private struct Key: Sendable {
        let id: String
        /// The encoded header `{"alg":"HS256","typ":"JWT","kid":…}` and its dot.
        let prefix: [UInt8]
        let signer: JWSSigner
        let verifier: JWSVerifier
    }

    private let keys: [Key]

    /// The id of the key that signs.
    public var primaryID: String { keys[0].id }

    /// Derives the keys of `ring` for a purpose.
    ///
    /// - Throws: `.libraryFailure`.
    public init(_ ring: KeyRing, purpose: KeyPurpose = .sessionToken) throws(CryptographyError) {
        var keys: [Key] = []
        for id in ring.ids {
            let secret = try ring.key(for: purpose, id: id)
            let signer = try JWSSigner(hs256: secret, keyID: id)
            keys.append(
                Key(id: id, prefix: signer.prefix, signer: signer, verifier: try JWSVerifier(hs256: secret)))
        }
        self.keys = keys
    }

    /// The compact token of `payload`, signed with the primary key.
    public func sign(_ payload: [UInt8]) throws(CryptographyError) -> String {
        try keys[0].signer.sign(payload)
    }

    /// The payload of a token that a key of this ring signed.
    ///
    /// The payload is not checked: neither `exp` nor `sub`.
    ///
    /// - Throws: `.tokenInvalid`, also for a token that is valid but has another header; `.keyUnknown` for one that says it was
    ///   signed with a key that is not in the ring.
    public func verify(_ token: String) throws(CryptographyError) -> [UInt8] {
        try verify(token.utf8Span.span)
    }

    /// The payload of a token, given as ASCII, that a key of this ring signed.
    public func verify(_ token: Span<UInt8>) throws(CryptographyError) -> [UInt8] {
        for key in keys where token.count > key.prefix.count {
            guard constantTimeEquals(token.extracting(..<key.prefix.count), key.prefix.span) else { continue }
            return try key.verifier.verify(token, headerEnd: key.prefix.count - 1)
        }
        throw Self.fault(of: token)
    }

    /// Returns why a token with a foreign header is refused.
    private static func fault(of token: Span<UInt8>) -> CryptographyError {
        do {
            let header = try JOSEHeader(unverified: token)
            guard header.hasAlgorithm("HS256") else { return .tokenInvalid(.algorithmRefused) }
            guard let id = header.keyID, KeyRing.isKeyID(id.utf8Span.span) else {
                return .tokenInvalid(.signatureInvalid)
            }
            return .keyUnknown(id: id)
        } catch {
            return error
        }
    }
}
