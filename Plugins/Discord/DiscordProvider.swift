// Discord: users connect with OAuth 2.0, a bot of the operator's reads the members of one guild and changes their roles. Facts:
// Discord's API at version 10. Everything is data.

import ProviderSDK

/// Discord users, and one guild that the operator's bot is in.
struct DiscordProvider: Provider {
    let manifest = ProviderManifest(id: "discord", name: "Discord") { manifest in
        manifest.description = "Servers of a user, and members and roles of your own server"
        manifest.category = "Communication"
        manifest.features = ["servers", "members", "roles", "account linking"]
        manifest.auth = .oauth2(oauth)
        manifest.scopes = scopes
        manifest.endpoints = [
            "authorize": "https://discord.com/oauth2/authorize",
            "token": "https://discord.com/api/v10/oauth2/token",
            "revoke": "https://discord.com/api/v10/oauth2/token/revoke",
            "api": "https://discord.com/api/v10",
        ]
        manifest.headers = [userAgent]
        manifest.identity = IdentitySource(
            id: ["response.id"], name: ["response.global_name", "response.username"], request: .get("/users/@me"))
        manifest.dataTypes = DiscordDataTypes.all
        manifest.actions = DiscordActions.all
        manifest.offeredActions = DiscordMessages.all
        manifest.linking = DiscordActions.linking
        // The limit of a bot over all its requests; those of each route stand in the answers.
        manifest.rateLimits = [RateLimit(50, per: .seconds(1), scope: .application)]
        manifest.rateLimitHeaders = [
            RateLimitHeaders(remaining: "X-RateLimit-Remaining", reset: "X-RateLimit-Reset-After")
        ]
        manifest.errors = DiscordErrors.classification
        manifest.settings = [
            ProviderSetting(
                "botToken", "The token of the bot that reads members and changes roles.", isSecret: true),
            ProviderSetting("guildId", "The id of the server that the bot is in."),
            ProviderSetting(
                "unverifiedRoleId",
                "The id of the role that a member loses by linking an account; without it no role is taken."),
            ProviderSetting("publicKey", "The application's public key, which signs what Discord sends."),
            ProviderSetting(
                "userAgent", "Who asks, in the form that Discord demands.",
                defaultValue: "DiscordBot (https://integration-host.example, 1.0)"),
        ]
        manifest.webhooks = webhooks
        manifest.facts = ProviderFacts(
            verified: .documentation, date: "2026-08-31",
            sources: ["https://github.com/discord/discord-api-docs", "https://github.com/discord/discord-api-spec"],
            unverified: [
                UnverifiedFact("/errors/rules/3", "The meaning of code 40062.")
            ])
    }

    /// Discord blocks clients that do not name themselves in this form, at the token endpoint too.
    private static let userAgent = NamedValue("User-Agent", "{setting.userAgent}")

    private static let oauth = OAuth2 { oauth in
        oauth.clientAuthentication = .clientSecretBasic
        // Discord's authorization-server metadata lists S256, for clients with a secret too.
        oauth.pkce = .s256
        oauth.tokenHeaders = [userAgent]
        oauth.refresh = .refreshToken(rotation: .rotates(grace: .zero))
        oauth.lifetimes = TokenLifetimes(accessToken: .seconds(604_800))
        // It ends every token that the user gave this application, whichever is sent.
        oauth.revocation = Revocation { $0.reach = .account }
    }

    private static let scopes = ScopeTable([
        Scope("identify").meaning("See your name at Discord", covers: "User name, picture and banner"),
        Scope("guilds").meaning("See your servers", covers: "Names and pictures of the servers that you are in"),
        Scope("guilds.members.read").meaning(
            "See your membership in servers", covers: "Nickname, roles and since when"),
        Scope("email").meaning("See your e-mail address"),
    ]) { table in
        table.standard = ["identify", "guilds"]
        // Without it the account has no id.
        table.always = ["identify"]
    }

    /// Interactions and webhook events are signed alike.
    ///
    /// Discord sends bad signatures on purpose and expects 401 for them.
    private static let webhooks = WebhookScheme(
        .ed25519(publicKeySetting: "publicKey"), header: "X-Signature-Ed25519"
    ) { scheme in
        scheme.timestampHeader = "X-Signature-Timestamp"
        scheme.payload = [.timestamp, .body]
        // Discord names no tolerance. It repeats a delivery for up to ten minutes, and may sign it only once.
        scheme.tolerance = .seconds(900)
        scheme.answers = DiscordWebhook.answers
        scheme.events = [DiscordWebhook.revocation]
    }
}
