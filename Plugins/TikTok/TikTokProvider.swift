// TikTok with Login Kit and the Display API, version 2. The client id is called client_key everywhere; refresh tokens are good for one
// use. Everything is data.

import ProviderSDK

/// TikTok accounts and their public videos.
struct TikTokProvider: Provider {
    let manifest = ProviderManifest(id: "tiktok", name: "TikTok") { manifest in
        manifest.description = "Public videos and how often they are seen, liked and shared"
        manifest.category = "Social"
        manifest.features = ["videos", "insights"]
        manifest.auth = .oauth2(oauth)
        manifest.scopes = scopes
        manifest.endpoints = [
            "authorize": "https://www.tiktok.com/v2/auth/authorize/",
            "token": "https://open.tiktokapis.com/v2/oauth/token/",
            "revoke": "https://open.tiktokapis.com/v2/oauth/revoke/",
            "api": "https://open.tiktokapis.com",
        ]
        manifest.identity = identity
        manifest.dataTypes = [videos]
        manifest.rateLimits = [
            RateLimit(
                600, per: .seconds(60), scope: .application,
                setting: ProviderSetting("requestsPerMinute", "Requests of all connections in a minute."))
        ]
        manifest.errors = errors
        manifest.facts = ProviderFacts(
            verified: .documentation, date: "2026-11-30",
            sources: [
                "https://developers.tiktok.com/doc/oauth-user-access-token-management",
                "https://developers.tiktok.com/doc/tiktok-api-v2-video-list",
            ],
            unverified: [
                UnverifiedFact("/endpoints/revoke", "The path."),
                UnverifiedFact("/rateLimits/0", "The number."),
                UnverifiedFact("/auth/oauth2/revocation/reach", "Whether it ends this token alone."),
                UnverifiedFact("/errors/retryAfterFields/0", "Whether it holds seconds."),
            ])
    }

    private static let oauth = OAuth2 { oauth in
        oauth.clientAuthentication = .clientSecretPost
        oauth.authorizeParameterNames = ["client_id": "client_key"]
        oauth.tokenParameterNames = ["client_id": "client_key"]
        // A verifier is for mobile and desktop applications only.
        oauth.pkce = .unsupported
        oauth.scopeSeparator = ","
        oauth.refresh = .refreshToken(rotation: .rotates(grace: .zero))
        // Answers tell both lives. The documents disagree on them: where an answer does not tell, it is the shorter one.
        oauth.lifetimes = TokenLifetimes(accessToken: .seconds(7200), refreshTokenIdle: .seconds(180 * 86_400))
        // The account's other connections must not depend on whether it ends this token alone.
        oauth.revocation = Revocation { revocation in
            revocation.token = .accessToken
            revocation.reach = .account
        }
    }

    private static let scopes = ScopeTable([
        Scope("user.info.basic").meaning("See your profile", covers: "Your name and your picture"),
        Scope("video.list").meaning("See your public videos", covers: "Titles, covers, and how often they are watched"),
    ]) { table in
        table.always = ["user.info.basic"]
    }

    /// The token answer contains the account's id; a second request returns its name.
    private static let identity = IdentitySource(
        id: ["token.open_id"], name: ["response.data.user.display_name"],
        request: .get("/v2/user/info/", [NamedValue("fields", "open_id,display_name")])
    ) { identity in
        identity.requestTellsNameOnly = true
    }

    private static let videos = DataType("videos", mapping: TikTokMappings.video) { dataType in
        dataType.scopes = ["video.list"]
        let request = ProviderRequest(.post, "/v2/video/list/") { request in
            request.query = [NamedValue("fields", TikTokMappings.sourceFields.joined(separator: ","))]
            request.body = .json([:])
        }
        // A page may be short without being the last, so only has_more ends the list.
        dataType.list = ListRequest(
            request, items: "data.videos",
            paging: .token(parameter: "cursor", token: "data.cursor", hasMore: "data.has_more")
        ) { list in
            list.parameterPlace = .body
            list.pageSizeParameter = "max_count"
            list.pageSize = 20
        }
    }

    /// Every answer has an “error”, whose code is “ok” when there is none.
    private static let errors = ErrorClassification([
        ErrorRule(400...499, where: .equals("error.code", "access_token_invalid"), is: .authExpired),
        ErrorRule(
            400...499, where: .isOneOf("error.code", ["scope_not_authorized", "scope_permission_missed"]),
            is: .scopeMissing([])),
        ErrorRule(
            200...499, where: .equals("error.code", "rate_limit_exceeded"), is: .rateLimited(after: nil)),
        ErrorRule(200...499, where: .equals("error.code", "internal_error"), is: .transient),
        ErrorRule(
            200...299, where: .all([.isSet("error.code"), .not(.equals("error.code", "ok"))]), is: .permanent),
    ]) { errors in
        errors.code = ["error.code", "error"]
        errors.message = ["error.message", "error_description"]
        // A moment in it would be too large to be taken for a pause.
        errors.retryAfterFields = ["x-ratelimit-reset"]
        errors.defaultRetryAfter = .seconds(60)
    }
}
