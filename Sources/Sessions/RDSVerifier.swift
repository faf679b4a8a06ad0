// RDS sessions: an RS256 JWT with the claim `userId` in the cookie of the environment. Roles come from the signed token,
// such as `"roles":{"super_user":true}`; a token without them gives none.

import ConnectionModel
import Cryptography
import ProviderSDK
import Users

/// Verifies RDS sessions.
struct RDSVerifier: SessionVerifier {
    let signatures: JWSVerifier

    /// The cookie of an environment.
    static func cookieName(environment: String) -> String { "rds-session-\(environment)" }

    func session(of token: String, at now: Timestamp) -> VerifiedSession? {
        guard let payload = try? signatures.verify(token), let claims = SessionClaims(payload),
            let expiresAt = claims.expiry(at: now), let userID = claims.userID("userId")
        else { return nil }
        return VerifiedSession(
            principal: Principal(
                userID: userID, roles: claims.roles, kind: .session,
                sessionBinding: SessionBinding.of(claims, user: userID, scheme: "rds")),
            expiresAt: expiresAt)
    }
}
