// TikTok with Login Kit and the Display API, version 2. The client id is called client_key everywhere; refresh tokens are good for one
// use. Everything is data; what is not verified says so.

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
            // Unverified: the path.
            "revoke": "https://open.tiktokapis.com/v2/oauth/revoke/",
            "api": "https://open.tiktokapis.com",
        ]
        manifest.identity = identity
        manifest.dataTypes = [videos]
        // Unverified: the number.
        var limit = RateLimit(600, per: .seconds(60), scope: .application)
        limit.setting = "requestsPerMinute"
        manifest.rateLimits = [limit]
        manifest.settings = [
            ProviderSetting("requestsPerMinute", "Requests of all connections in a minute, 600 when not given.")
        ]
        manifest.errors = errors
    }

    private static let oauth = OAuth2 { oauth in
        oauth.clientAuthentication = .form
        oauth.authorizeParameterNames = ["client_id": "client_key"]
        oauth.tokenParameterNames = ["client_id": "client_key"]
        // A verifier is for mobile and desktop applications only.
        oauth.pkce = .unsupported
        oauth.scopeSeparator = ","
        oauth.refresh = .refreshToken(rotation: .rotates(grace: .zero))
        // Answers tell both lives. The documents disagree on them: where an answer does not tell, it is the shorter one.
        oauth.lifetimes = TokenLifetimes(accessToken: .seconds(7200), refreshTokenIdle: .seconds(180 * 86_400))
        // Unverified: whether it ends this token alone; the account's other connections must not depend on that.
        oauth.revocation = Revocation { revocation in
            revocation.token = .accessToken
            revocation.reach = .account
        }
    }

    private static let scopes: ScopeTable = {
        var table = ScopeTable([Scope("user.info.basic"), Scope("video.list")])
        table.always = ["user.info.basic"]
        return table
    }()

    /// The token answer tells whose account it is; a second request tells its name.
    private static let identity: IdentitySource = {
        var identity = IdentitySource(
            id: ["token.open_id"], name: ["response.data.user.display_name"],
            request: .get("/v2/user/info/", [NamedValue("fields", "open_id,display_name")]))
        identity.requestTellsNameOnly = true
        return identity
    }()

    private static let videos = DataType("videos", mapping: TikTokMappings.video) { dataType in
        dataType.scopes = ["video.list"]
        var request = ProviderRequest.post("/v2/video/list/", .json([:]))
        request.query = [NamedValue("fields", TikTokMappings.sourceFields.joined(separator: ","))]
        // A page may be short without being the last, so only has_more ends the list.
        dataType.list = ListRequest(
            request, items: "data.videos",
            paging: .token(parameter: "cursor", token: "data.cursor", hasMore: "data.has_more")
        ).with { list in
            list.parameterPlace = .body
            list.pageSizeParameter = "max_count"
            list.pageSize = 20
        }
    }

    /// Every answer has an “error”, whose code is “ok” when there is none.
    private static let errors: ErrorClassification = {
        var errors = ErrorClassification([
            ErrorRule(400...499, where: .equals("error.code", "access_token_invalid"), is: .authExpired),
            ErrorRule(
                400...499, where: .isOneOf("error.code", ["scope_not_authorized", "scope_permission_missed"]),
                is: .scopeMissing([])),
            ErrorRule(
                200...499, where: .equals("error.code", "rate_limit_exceeded"), is: .rateLimited(after: nil)),
            ErrorRule(200...499, where: .equals("error.code", "internal_error"), is: .transient),
            ErrorRule(
                200...299, where: .all([.isSet("error.code"), .not(.equals("error.code", "ok"))]), is: .permanent),
        ])
        errors.code = ["error.code", "error"]
        errors.message = ["error.message", "error_description"]
        // Unverified: whether it holds seconds; a moment in it is too large to be taken for a pause.
        errors.retryAfterHeaders = ["x-ratelimit-reset"]
        errors.defaultRetryAfter = .seconds(60)
        return errors
    }()
}
