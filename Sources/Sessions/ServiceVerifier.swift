// Programs of the operator that sign their own short-lived RS256 JWTs: the Discord bot and the cron job handler. Each has
// its own key and its own name, so that neither can pass for the other even with the same key.

import ConnectionModel
import Cryptography
import ProviderSDK
import Users

/// Verifies the tokens of one program of the operator.
struct ServiceVerifier: SessionVerifier {
    let signatures: JWSVerifier
    /// The required value of the claim `name`.
    let name: String
    /// The principal that the token stands for.
    let principal: Principal

    /// The Discord bot.
    static func discordBot(_ signatures: JWSVerifier) -> ServiceVerifier {
        ServiceVerifier(
            signatures: signatures, name: "Cloudflare Worker",
            principal: Principal(userID: "discord-bot", kind: .bot, sessionBinding: "service:discord-bot"))
    }

    /// The cron job handler.
    static func cronJobHandler(_ signatures: JWSVerifier) -> ServiceVerifier {
        ServiceVerifier(
            signatures: signatures, name: "Cron Job Handler",
            principal: Principal(userID: "cron-job-handler", kind: .service, sessionBinding: "service:cron-job-handler")
        )
    }

    func session(of token: String, at now: Timestamp) -> VerifiedSession? {
        guard let payload = try? signatures.verify(token), let claims = SessionClaims(payload),
            let expiresAt = claims.expiry(at: now), claims.has("name", name)
        else { return nil }
        return VerifiedSession(principal: principal, expiresAt: expiresAt)
    }
}
