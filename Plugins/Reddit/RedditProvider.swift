// Reddit: a user's posts and comments. A refresh token is given only on request, and every request must name its sender.
// Everything is data.

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
        manifest.rateLimits = [
            RateLimit(
                60, per: .seconds(60), scope: .application,
                setting: ProviderSetting("requestsPerMinute", "Requests of all connections in a minute."))
        ]
        manifest.rateLimitHeaders = [
            RateLimitHeaders(remaining: "X-Ratelimit-Remaining", reset: "X-Ratelimit-Reset", scope: .application)
        ]
        manifest.settings = [userAgentSetting]
        manifest.errors = errors
        manifest.facts = ProviderFacts(
            verified: .documentation, date: "2026-11-30",
            sources: ["https://github.com/reddit-archive/reddit/wiki/OAuth2", "https://www.reddit.com/dev/api"],
            unverified: [
                UnverifiedFact("/endpoints/revoke", "The path."),
                UnverifiedFact("/rateLimits/0", "60 or 100 a minute; the answers say what is left."),
                UnverifiedFact("/auth/oauth2/refresh", "Whether the refresh token stays."),
                UnverifiedFact("/auth/oauth2/lifetimes", "An hour, where the answer does not say."),
                UnverifiedFact("/dataTypes/posts/scopes", "Which scope a user's own listings need."),
                UnverifiedFact("/dataTypes/comments/scopes", "Which scope a user's own listings need."),
            ])
    }

    /// New connections need a text of the operator's own; connections from before it was required keep the earlier one.
    private static let userAgentSetting: ProviderSetting = {
        var setting = ProviderSetting(
            "userAgent", "Who asks; Reddit wants a text of your own with the name of your app and of a Reddit user.",
            defaultValue: "web:integration-host:1.0 (by /u/integration-host)")
        setting.isRequired = true
        return setting
    }()

    /// Without a distinct text a client gets far stricter limits than others, at the token endpoint too.
    private static let userAgent = NamedValue("User-Agent", "{setting.userAgent}")

    private static let oauth = OAuth2 { oauth in
        oauth.clientAuthentication = .clientSecretBasic
        oauth.pkce = .unsupported
        // Otherwise there is no refresh token.
        oauth.authorizeParameters = [NamedValue("duration", "permanent")]
        oauth.tokenHeaders = [userAgent]
        oauth.refresh = .refreshToken(rotation: .keepsUntilReplaced)
        oauth.lifetimes = TokenLifetimes(accessToken: .seconds(3600))
        oauth.revocation = Revocation()
    }

    private static let scopes = ScopeTable([
        Scope("identity").meaning("See your name at Reddit", covers: "Your user name and the age of your account"),
        Scope("read").meaning("See posts and comments", covers: "What you can see in Reddit yourself"),
        Scope("history").meaning(
            "See what you posted and saved", covers: "Your posts, comments, votes and saved links"),
    ]) { table in
        table.standard = ["identity", "history"]
        table.always = ["identity"]
    }

    /// A listing of one kind of thing, newest first; Reddit keeps the last thousand.
    private static func listing(
        _ name: String, _ mapping: FieldMapping, path: String, kind: String
    ) -> DataType {
        DataType(name, mapping: mapping) { dataType in
            dataType.scopes = ["history"]
            dataType.window = .newest(1000, by: "date")
            // Without raw_json, “<”, “>” and “&” come as HTML entities.
            dataType.list = ListRequest(
                .get(path, [NamedValue("raw_json", "1")]), items: "data.children",
                paging: .token(parameter: "after", token: "data.after", hasMore: nil)
            ) { list in
                list.pageSizeParameter = "limit"
                list.pageWhen = .equals("kind", "Listing")
                list.where = .equals("kind", .string(kind))
                list.record = "data"
                list.pagesMax = 1000
            }
        }
    }

    /// Error bodies hold little: {"message": "Unauthorized", "error": 401}.
    private static let errors = ErrorClassification { errors in
        errors.code = ["reason", "error"]
        errors.message = ["explanation", "message"]
        errors.retryAfterFields = ["X-Ratelimit-Reset"]
        errors.defaultRetryAfter = .seconds(60)
    }
}
