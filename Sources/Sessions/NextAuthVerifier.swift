// Session cookies of NextAuth v4 and Auth.js v5: encrypted tokens (JWE, `dir`) with a key derived from the application's
// secret. Each secret of a rotation has its own keys. All are tried, because a token's `kid` proves nothing.

import ConnectionModel
import Cryptography
import ProviderSDK
import Users

/// Verifies sessions of NextAuth v4 or Auth.js v5.
struct NextAuthVerifier: SessionVerifier {
    /// How far the clocks may be apart.
    static let tolerance = Duration.seconds(15)
    static let cookieNamesV4 = ["next-auth.session-token", "__Secure-next-auth.session-token"]
    static let cookieNamesV5 = ["authjs.session-token", "__Secure-authjs.session-token"]

    private let keys: [JWEKey]

    /// Sessions under keys that were derived elsewhere.
    init(keys: [JWEKey]) { self.keys = keys }

    /// Sessions of NextAuth v4, in any of its cookies.
    init(v4 secrets: [Secret]) throws(CryptographyError) {
        var keys: [JWEKey] = []
        for secret in secrets.prefix(SessionLimits.secretsMax) {
            keys.append(
                try Self.key(secret, salt: "", info: "NextAuth.js Generated Encryption Key", encryption: .a256GCM))
        }
        self.keys = keys
    }

    /// Sessions of Auth.js v5 in the cookie `cookieName`, whose name is part of the key.
    init(v5 secrets: [Secret], cookieName: String) throws(CryptographyError) {
        var keys: [JWEKey] = []
        for encryption in [JWEKey.ContentEncryption.a256CBCHS512, .a256GCM] {
            for secret in secrets.prefix(SessionLimits.secretsMax) {
                keys.append(
                    try Self.key(
                        secret, salt: cookieName, info: "Auth.js Generated Encryption Key (\(cookieName))",
                        encryption: encryption))
            }
        }
        self.keys = keys
    }

    /// The key that the application derives from its secret.
    static func key(
        _ secret: Secret, salt: String, info: String, encryption: JWEKey.ContentEncryption
    ) throws(CryptographyError) -> JWEKey {
        let derived = try HKDF.deriveSHA256(
            from: SymmetricKey(utf8: secret.value), salt: Array(salt.utf8), info: Array(info.utf8),
            byteCount: encryption.keyByteCount)
        return try JWEKey(direct: derived, encryption: encryption)
    }

    func session(of token: String, at now: Timestamp) -> VerifiedSession? {
        for key in keys {
            guard let payload = try? key.decrypt(token) else { continue }
            guard let claims = SessionClaims(payload), let userID = claims.userID("sub"),
                let expiresAt = claims.expiry(at: now, tolerance: Self.tolerance)
            else { return nil }
            return VerifiedSession(
                principal: Principal(
                    userID: userID, roles: claims.roles, kind: .session,
                    sessionBinding: SessionBinding.of(claims, user: userID, scheme: "next-auth")),
                expiresAt: expiresAt)
        }
        return nil
    }
}
