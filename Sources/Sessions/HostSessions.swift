// The host's own sessions: HS256 JWTs signed with a key of its ring. Issues and verifies; knows no HTTP.

import Configuration
import ConnectionModel
package import Cryptography
package import ProviderSDK
package import Users

/// Issues and verifies the host's own session tokens.
package struct HostSessions: Sendable {
    static let issuer = "integration-host"
    /// How long a token is valid by default.
    package static let lifetimeDefault = ConfigurationLimits.sessionLifetime
    /// How long a token may be valid at most.
    static let lifetimeMax = Duration.seconds(366 * 86_400)

    private let keys: any KeySource

    private var tokens: RingTokens { keys.sessionTokens }

    package init(_ keys: any KeySource) { self.keys = keys }

    /// A token for `userID`.
    package func issue(
        userID: String, roles: [String], kind: PrincipalKind, lifetime: Duration, at now: Timestamp
    ) throws(CryptographyError) -> String {
        var writer = JSONWriter()
        let identifier = try SecureRandom.base62(22)
        writer.object { writer in
            writer.member("iss", Self.issuer)
            writer.member("sub", userID)
            writer.member("jti", identifier)
            writer.member("kind", kind.rawValue)
            if !roles.isEmpty { writer.member("roles", roles) }
            writer.member("iat", Int(now.seconds))
            writer.member("exp", Int(now.advanced(by: min(lifetime, Self.lifetimeMax)).seconds))
        }
        return try tokens.sign(writer.bytes)
    }

    /// The session of a good token; nil for any other text.
    ///
    /// It is bound to the token itself by its `jti`.
    package func session(of token: String, at now: Timestamp) -> VerifiedSession? {
        guard let payload = try? tokens.verify(token), let claims = SessionClaims(payload),
            claims.has("iss", Self.issuer), let userID = claims.userID("sub"), let identifier = claims.text("jti"),
            let kind = claims.text("kind").flatMap(PrincipalKind.init), PrincipalKind.ofTokens.contains(kind),
            let expiresAt = claims.expiry(at: now)
        else { return nil }
        return VerifiedSession(
            principal: Principal(
                userID: userID, roles: claims.texts("roles"), kind: kind, sessionBinding: "host:\(identifier)"),
            expiresAt: expiresAt)
    }
}

/// User ids in the form that the application uses.
package enum UserID {
    /// Whether `id` can be a user's id: 1 to ``SessionLimits/userIDBytesMax`` bytes without control characters.
    package static func isValid(_ id: String) -> Bool {
        !id.isEmpty && id.utf8.count <= SessionLimits.userIDBytesMax && id.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }
    }
}
