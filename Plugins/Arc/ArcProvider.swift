// Arc: one rhythm game network per game, read with a single token of the operator's. There is no OAuth: a connection is an account id
// that a user typed and that is not verified. The origin comes from the operator's configuration.

import ProviderSDK

/// ARC for IIDX and for SDVX.
struct ArcProvider: Provider {
    let manifest = ProviderManifest(id: "arc", name: "ARC") { manifest in
        manifest.description = "Best scores in IIDX and SDVX from ARC"
        manifest.category = "Games"
        manifest.features = ["scores"]
        manifest.auth = .accountID(accountID)
        manifest.variantNoun = "game"
        manifest.variants = [
            Variant(id: "iidx", name: "ARC IIDX") { $0.description = "Best scores in IIDX" },
            Variant(id: "sdvx", name: "ARC SDVX") { $0.description = "Best scores in SDVX" },
        ]
        manifest.dataTypes = ArcDataTypes.all
        manifest.errors = errors
        manifest.headers = [NamedValue("Content-Type", "application/json")]
        // One request a second on average is polite; the token is the whole server's.
        manifest.rateLimits = [
            RateLimit(
                60, per: .seconds(60), scope: .application,
                setting: ProviderSetting("requestsPerMinute", "Requests of all connections in a minute."))
        ]
        manifest.settings = [
            ProviderSetting(
                "accessToken", "The token that reads every account.", isSecret: true, isRequired: true)
        ]
        manifest.facts = ProviderFacts(
            verified: .standIn, date: "2026-08-31",
            sources: ["https://github.com/zkrising/Tachi"],
            unverified: [
                UnverifiedFact("/rateLimits/0", "No limit is known.")
            ])
    }

    private static let accountID = AccountIDAuth { auth in
        auth.secretSetting = "accessToken"
        auth.field = FormField("Account ID", "ARC shows it on your profile page.")
        // The ids are ARC's own, and it does not say what they are made of.
        auth.allowed = .text
    }

    /// A rejected token is the whole server's, never one user's.
    private static let errors = ErrorClassification([
        ErrorRule(401, is: .misconfigured), ErrorRule(403, is: .misconfigured),
    ]) { errors in
        errors.defaultRetryAfter = .seconds(60)
    }
}
