// Kai: the three rhythm game networks FLO, EAG and MIN, which share one backend. They publish nothing; what is here is how their
// users' tools are known to talk to them. Their host names are secret: every endpoint comes from the operator's configuration.

import ProviderSDK

/// FLO, EAG and MIN.
struct KaiProvider: Provider {
    let manifest = ProviderManifest(id: "kai", name: "Kai") { manifest in
        manifest.description = "Rhythm game scores from FLO, EAG and MIN"
        manifest.category = "Games"
        manifest.features = ["scores"]
        manifest.auth = .oauth2(oauth)
        manifest.scopes = ScopeTable([
            Scope("settings_read").meaning("See your scores and profile", covers: "Plays, lamps and your player name")
        ])
        manifest.variantNoun = "network"
        manifest.variants = [
            Variant(id: "flo", name: "FLO") { $0.description = "Scores of IIDX and SDVX" },
            Variant(id: "min", name: "MIN") { $0.description = "Scores of SDVX" },
            Variant(id: "eag", name: "EAG") { $0.description = "Scores of IIDX and SDVX" },
        ]
        manifest.dataTypes = KaiDataTypes.all
        manifest.errors = errors
        manifest.headers = [NamedValue("Content-Type", "application/json")]
        // A token whose end is not known must not expire during a walk. So a walk begins with a fresh one and may renew it once more.
        manifest.refreshesBeforeSync = true
        manifest.refreshesPerSyncMax = 1
        // One request a second on average is polite.
        manifest.rateLimits = [
            RateLimit(
                60, per: .seconds(60), scope: .account,
                setting: ProviderSetting("requestsPerMinute", "Requests to one account in a minute."))
        ]
        manifest.facts = ProviderFacts(
            verified: .standIn, date: "2026-08-31",
            sources: ["https://github.com/zkrising/Tachi"],
            unverified: [
                UnverifiedFact("/rateLimits/0", "No limit is known."),
                UnverifiedFact("/errors/rules", "Whether other statuses mean what they mean elsewhere."),
            ])
    }

    /// OAuth 2.0 with a redirect URI spelled its own way, and a state that does not come back.
    private static let oauth = OAuth2 { oauth in
        oauth.clientAuthentication = .clientSecretPost
        oauth.pkce = .unsupported
        oauth.authorizeParameterNames = ["redirect_uri": "redirectUri"]
        oauth.returnsState = false
        oauth.refresh = .refreshToken(rotation: .rotates(grace: .zero))
        oauth.tokenErrors = tokenErrors
    }

    /// Only 400 means that a grant is dead.
    ///
    /// Every other answer without a pair of tokens may pass, so the stored pair stays.
    private static let tokenErrors = ErrorClassification([
        ErrorRule(400, is: .authRevoked),
        ErrorRule(429, is: .rateLimited(after: nil)),
        ErrorRule(300...599, is: .transient),
        ErrorRule(
            200...299, where: .not(.all([.isSet("access_token"), .isSet("refresh_token")])), is: .transient),
    ]) { errors in
        errors.defaultRetryAfter = .seconds(60)
    }

    /// A rejected token shows as 401 or 403.
    private static let errors = ErrorClassification([
        ErrorRule(401, is: .authExpired), ErrorRule(403, is: .authExpired),
    ]) { errors in
        errors.defaultRetryAfter = .seconds(60)
    }

    /// The player of the first game that has a profile.
    ///
    /// No known tool asks for it when it connects, so a missing answer loses nothing. The account is then named after the network.
    func identity(of grant: TokenGrant, in context: ProviderContext) async throws(ProviderError) -> AccountIdentity {
        let variant = context.account.variant ?? "kai"
        for profile in KaiProfile.all where profile.variants.isEmpty || profile.variants.contains(variant) {
            do throws(ProviderError) {
                let answer = try await context.json(.get(profile.path))
                guard let id = answer.at(profile.id)?.scalarText, !id.isEmpty else { continue }
                let name = answer.at(profile.name)?.scalarText ?? ""
                return AccountIdentity(id: id, name: name.isEmpty ? id : name)
            } catch {
                guard !error.isAboutGrant else { throw error }
            }
        }
        return AccountIdentity(id: variant, name: manifest.variants.first { $0.id == variant }?.name ?? manifest.name)
    }
}

/// Where a game keeps the player's profile.
private struct KaiProfile {
    var variants: [String] = []
    let path: String
    let id: ValuePath
    let name: ValuePath

    static let all = [
        KaiProfile(
            variants: KaiDataTypes.iidxVariants, path: "/api/iidx/v2/player_profile", id: "iidx_id", name: "dj_name"),
        KaiProfile(path: "/api/sdvx/v1/player_profile", id: "sdvx_id", name: "name"),
    ]
}
