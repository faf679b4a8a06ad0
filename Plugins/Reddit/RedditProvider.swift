// Reddit: what a user posted and wrote. A refresh token is given only when it is asked for, and every request must name who asks.
// Everything is data; what is not verified says so.

import ProviderSDK

/// Reddit accounts, their posts and comments.
struct RedditProvider: Provider {
    let manifest = ProviderManifest(id: "reddit", name: "Reddit") { manifest in
        manifest.description = "Posts and comments of a user, with scores and replies"
        manifest.category = "Social"
        manifest.features = ["posts", "comments"]
        manifest.auth = .oauth2(oauth)
        manifest.scopes = scopes
        manifest.endpoints = [
            "authorize": "https://www.reddit.com/api/v1/authorize",
            "token": "https://www.reddit.com/api/v1/access_token",
            // Unverified: the path.
            "revoke": "https://www.reddit.com/api/v1/revoke_token",
            "api": "https://oauth.reddit.com",
        ]
        manifest.headers = [userAgent]
        manifest.identity = IdentitySource(
            id: ["response.id"], name: ["response.name"], request: .get("/api/v1/me"))
        manifest.dataTypes = [
            listing("posts", RedditMappings.post, path: "/user/{accountName}/submitted", kind: "t3"),
            listing("comments", RedditMappings.comment, path: "/user/{accountName}/comments", kind: "t1"),
        ]
        // Unverified: 60 or 100 a minute; the answers tell what is left.
        var limit = RateLimit(60, per: .seconds(60), scope: .application)
        limit.setting = "requestsPerMinute"
        manifest.rateLimits = [limit]
        var left = RateLimitHeaders(remaining: "X-Ratelimit-Remaining", resetAfter: "X-Ratelimit-Reset")
        left.scope = .application
        manifest.rateLimitHeaders = [left]
        manifest.settings = [
            ProviderSetting(
                "userAgent", "Who asks; Reddit wants a text of your own with the name of a Reddit user.",
                defaultValue: "web:integration-host:1.0 (by /u/integration-host)"),
            ProviderSetting("requestsPerMinute", "Requests of all connections in a minute, 60 when not given."),
        ]
        manifest.errors = errors
    }

    /// Without a text of its own a client is limited far below the others, at the token endpoint too.
    private static let userAgent = NamedValue("User-Agent", "{setting.userAgent}")

    private static let oauth = OAuth2 { oauth in
        oauth.clientAuthentication = .basic
        oauth.pkce = .unsupported
        // Else there is no refresh token.
        oauth.authorizeParameters = [NamedValue("duration", "permanent")]
        oauth.tokenHeaders = [userAgent]
        // Unverified: the refresh token stays.
        oauth.refresh = .refreshToken(rotation: .keepsUntilReplaced)
        // Unverified: an hour, where the answer does not say.
        oauth.lifetimes = TokenLifetimes(accessToken: .seconds(3600))
        oauth.revocation = Revocation()
    }

    /// Unverified: which scope a user's own listings need.
    private static let scopes: ScopeTable = {
        var table = ScopeTable([Scope("identity"), Scope("read"), Scope("history")])
        table.standard = ["identity", "history"]
        table.always = ["identity"]
        return table
    }()

    /// A listing of one kind of thing, newest first; Reddit keeps the last thousand.
    private static func listing(
        _ name: String, _ mapping: FieldMapping, path: String, kind: String
    ) -> DataType {
        DataType(name, mapping: mapping) { dataType in
            dataType.scopes = ["history"]
            // Without raw_json, “<”, “>” and “&” come as HTML entities.
            dataType.list = ListRequest(
                .get(path, [NamedValue("raw_json", "1")]), items: "data.children",
                paging: .token(parameter: "after", token: "data.after", hasMore: nil)
            ).with { list in
                list.pageSizeParameter = "limit"
                list.isPage = .equals("kind", "Listing")
                list.filter = .equals("kind", .string(kind))
                list.record = "data"
                list.pagesMax = 1000
            }
        }
    }

    /// Error bodies hold little: {"message": "Unauthorized", "error": 401}.
    private static let errors: ErrorClassification = {
        var errors = ErrorClassification()
        errors.code = ["reason", "error"]
        errors.message = ["explanation", "message"]
        errors.retryAfterHeaders = ["X-Ratelimit-Reset"]
        errors.defaultRetryAfter = .seconds(60)
        return errors
    }()
}
