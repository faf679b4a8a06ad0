// Slack: one app installed into a workspace with a bot token. Facts: Slack's Web API and OAuth v2 as of mid 2026. Walking
// messages and reading events are in separate files; the rest is data.

import ProviderSDK

/// Slack workspaces, and organisations that installed the app as a whole.
struct SlackProvider: Provider {
    let manifest = ProviderManifest(id: "slack", name: "Slack") { manifest in
        manifest.description = "Team communication and notifications"
        manifest.category = "Communication"
        manifest.features = ["notifications", "messaging", "alerts"]
        manifest.auth = .oauth2(oauth)
        manifest.scopes = scopes
        manifest.endpoints = [
            "authorize": "https://slack.com/oauth/v2/authorize",
            "token": "https://slack.com/api/oauth.v2.access",
            "revoke": "https://slack.com/api/auth.revoke",
            "api": "https://slack.com/api",
        ]
        manifest.dataTypes = SlackDataTypes.all
        manifest.offeredActions = SlackActions.all
        manifest.rateLimits = rateLimits
        manifest.errors = SlackErrors.methods
        manifest.settings = [
            ProviderSetting("signingSecret", "The app's signing secret, for events.", isSecret: true),
            ProviderSetting(
                SlackSettings.messagePageSize,
                "Messages in one call, from 1 to 999: 200 by default; Slack gives such apps no more than 15.",
                integer: 1...999),
            ProviderSetting(
                SlackSettings.messageLookbackDays,
                "How many days of messages are read again in search of edits, from 0 to 365: 14 by default.",
                integer: 0...365),
            ProviderSetting(
                SlackSettings.messageChannels,
                "The channels whose messages are read, by id or name, separated by commas; all by default."),
        ]
        manifest.webhooks = webhooks
        manifest.facts = ProviderFacts(
            verified: .documentation, date: "2026-08-31",
            sources: ["https://docs.slack.dev/apis/web-api/rate-limits", "https://github.com/slackapi/slack-api-specs"])
    }

    /// Writing messages is asked for only by name: no data type needs it.
    private static let scopes = ScopeTable([
        Scope("chat:write").meaning("Send messages", covers: "In channels that the app is in", writes: true),
        Scope("channels:read").meaning("See channels", covers: "Names, topics and members of public channels"),
        Scope("users:read").meaning("See people", covers: "Names, roles and time zones in your workspace"),
    ]) {
        table in
        table.standard = ["channels:read", "users:read"]
    }

    /// OAuth v2 asks for bot scopes, separated by commas.
    ///
    /// Tokens do not expire unless the app has token rotation on. Then the answer says how long they live, and a refresh token can be
    /// used once. PKCE stays off: switching it on turns the app into a public client for good.
    private static let oauth = OAuth2 { oauth in
        oauth.clientAuthentication = .clientSecretBasic
        oauth.pkce = .unsupported
        oauth.scopeSeparator = ","
        oauth.tokenResponse.acceptedTokenTypes = ["bot", "bearer"]
        oauth.tokenErrors = SlackErrors.tokenEndpoint
        oauth.refresh = .refreshToken(rotation: .rotates(grace: .zero))
        oauth.revocation = Revocation { revocation in
            revocation.token = .accessToken
            // A workspace has one installation of an app with one bot, whose token every authorization gets.
            revocation.reach = .account
            revocation.tokenParameter = ""
            // The bearer token alone authorises it.
            revocation.clientAuthentication = OAuth2.ClientAuthentication.none
            revocation.succeedsWhen = .any([
                .equals("ok", true),
                // Already dead.
                .isOneOf("error", ["token_revoked", "token_expired", "invalid_auth", "account_inactive"]),
            ])
        }
    }

    /// Limits are counted for each method, each workspace and each app.
    private static let rateLimits =
        ["auth.teams.list", "conversations.list", "users.list"].map { method in
            RateLimit(20, per: .seconds(60), scope: .account, name: method)
        }
        + ["conversations.history", "conversations.replies"].map { method in
            RateLimit(
                50, per: .seconds(60), scope: .account, name: method,
                setting: ProviderSetting(
                    SlackSettings.messageRequestsPerMinute,
                    "Calls a minute for messages and for replies; 1 for commercially distributed apps outside Slack's marketplace."
                ))
        }

    private static let webhooks = WebhookScheme(
        .hmacSHA256(secretSetting: "signingSecret"), header: "X-Slack-Signature"
    ) { scheme in
        scheme.layout = .plain(prefix: "v0=")
        scheme.timestampHeader = "X-Slack-Request-Timestamp"
        scheme.payload = [.text("v0:"), .timestamp, .text(":"), .body]
        scheme.tolerance = .seconds(300)
        scheme.answers = SlackWebhook.answers
        scheme.events = SlackWebhook.events
    }

    private static let workspace = IdentitySource(id: ["token.team.id"], name: ["token.team.name"])
    private static let organisation = IdentitySource(id: ["token.enterprise.id"], name: ["token.enterprise.name"])

    /// The workspace, or the organisation when the app was installed into all of its workspaces at once.
    func identity(of grant: TokenGrant, in context: ProviderContext) async throws(ProviderError) -> AccountIdentity {
        let isOrganisation = grant.response["is_enterprise_install"]?.boolean == true
        let source = isOrganisation ? SlackProvider.organisation : SlackProvider.workspace
        if let identity = try? source.identity(in: ["token": grant.response], provider: manifest.name) {
            return identity
        }
        let asked = IdentitySource(
            id: isOrganisation ? ["enterprise_id"] : ["team_id"],
            name: isOrganisation ? ["enterprise", "team"] : ["team"])
        return try asked.identity(in: try await context.json(.get("/auth.test")), provider: manifest.name)
    }

    func page(_ request: PageRequest, in context: ProviderContext) async throws(ProviderError) -> SyncPage {
        let read: SlackTeams.Read
        switch request.dataType {
        case "channels":
            read = { (cursor, team) throws(ProviderError) in
                try await SlackChannels.page(at: cursor, of: team, in: context)
            }
        case "messages":
            let (since, memory) = (request.since, request.memory)
            read = { (cursor, team) throws(ProviderError) in
                try await SlackMessages(since: since, after: memory, of: team, in: context).page(at: cursor)
            }
        default:
            guard let list = manifest.dataType(request.dataType)?.list else {
                throw ProviderError(.permanent, "Slack has no data type \(request.dataType).")
            }
            read = { (cursor, team) throws(ProviderError) in
                try await SlackTeams.list(list, of: team).page(at: cursor, in: context)
            }
        }
        return try await SlackTeams.page(at: request.cursor, in: context, read)
    }
}
