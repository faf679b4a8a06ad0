// Instagram with Instagram Login, for professional accounts. There is no refresh token. A first token of one hour is exchanged for
// one of sixty days, which renews itself once it is a day old. Everything is data.

import ProviderSDK

/// Instagram professional accounts.
struct InstagramProvider: Provider {
    let manifest = ProviderManifest(id: "instagram", name: "Instagram") { manifest in
        manifest.description = "Posts, reels and their reach in likes and comments"
        manifest.category = "Social"
        manifest.features = ["media", "insights"]
        manifest.auth = .oauth2(oauth)
        manifest.scopes = scopes
        manifest.endpoints = [
            "authorize": "https://www.instagram.com/oauth/authorize",
            "token": "https://api.instagram.com/oauth/access_token",
            "api": "https://graph.instagram.com",
        ]
        // Some answers wrap the account into a list of one.
        manifest.identity = IdentitySource(
            id: ["response.user_id", "response.data.0.user_id", "token.user_id", "token.data.0.user_id"],
            name: ["response.username", "response.data.0.username"],
            request: .get("/me", [NamedValue("fields", "user_id,username")]))
        manifest.dataTypes = [media]
        // The quota grows with an account's reach; this is its long-standing floor.
        manifest.rateLimits = [
            RateLimit(
                200, per: .seconds(3600), scope: .account,
                setting: ProviderSetting("requestsPerHour", "Requests to one account in an hour."))
        ]
        manifest.errors = InstagramErrors.classification
        manifest.facts = ProviderFacts(
            verified: .documentation, date: "2026-08-31",
            sources: ["https://developers.facebook.com/docs/instagram-platform/instagram-api-with-instagram-login"],
            unverified: [
                UnverifiedFact("/identity", "Whether an account comes wrapped in a list."),
                UnverifiedFact("/rateLimits/0", "The quota."),
                UnverifiedFact("/auth/oauth2/clientAuthentication", "Whether id and secret go into the form."),
                UnverifiedFact("/errors/rules", "The meaning of every code."),
                UnverifiedFact("/errors/defaultRetryAfter", "When a limit is over."),
            ])
    }

    private static let oauth = OAuth2 { oauth in
        oauth.clientAuthentication = .clientSecretPost
        oauth.pkce = .unsupported
        oauth.scopeSeparator = ","
        // The first answer comes with its values at the top, or in a list of one under “data”.
        oauth.tokenResponse.container = "data.0"
        oauth.tokenResponse.scope = "permissions"
        oauth.tokenErrors = InstagramErrors.tokens
        oauth.secondExchange = SecondExchange(
            endpoint: "api", path: "/access_token", grantType: "ig_exchange_token")
        oauth.refresh = .accessToken(
            AccessTokenRefresh(endpoint: "api", path: "/refresh_access_token", grantType: "ig_refresh_token") {
                $0.minimumAge = .seconds(86_400)
            })
        oauth.lifetimes = TokenLifetimes(accessToken: .seconds(60 * 86_400))
    }

    private static let scopes = ScopeTable([
        Scope("instagram_business_basic").meaning(
            "See your profile and posts", covers: "Name, picture, captions and media"),
        Scope("instagram_business_content_publish").meaning(
            "Publish posts", covers: "Photos and videos in your name", writes: true),
        Scope("instagram_business_manage_messages").meaning(
            "Read and answer messages", covers: "Conversations with your account", writes: true),
        Scope("instagram_business_manage_comments").meaning(
            "Read and manage comments", covers: "Answers, hiding and deleting", writes: true),
        Scope("instagram_business_manage_insights").meaning("See statistics", covers: "Reach, views and followers"),
    ]) { table in
        table.standard = ["instagram_business_basic"]
        table.always = ["instagram_business_basic"]
    }

    private static let media = DataType("media", mapping: InstagramMappings.media) { dataType in
        dataType.scopes = ["instagram_business_basic"]
        dataType.window = .newest(10_000, by: "date")
        let fields = "id,caption,media_type,media_url,permalink,timestamp,like_count,comments_count"
        dataType.list = ListRequest(
            .get("/me/media", [NamedValue("fields", fields)]), items: "data",
            paging: .token(parameter: "after", token: "paging.cursors.after", hasMore: nil)
        ) { list in
            list.pageSizeParameter = "limit"
            // The last page has a cursor too, but no link. The link itself contains the token and is neither followed nor kept.
            list.nextWhen = .isSet("paging.next")
        }
    }
}
