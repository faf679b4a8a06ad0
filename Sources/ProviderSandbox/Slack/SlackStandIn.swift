// Slack: where it lives, its OAuth v2 with or without token rotation, who may call a method and how often. Status 200
// says nothing here. What the methods answer is SlackWorkspace's.

import HTTPServer
import ProviderSDK

final class SlackStandIn: StandIn {
    /// The calls a minute of each tier.
    private static let tiers = [1: 1, 2: 20, 3: 50, 4: 100]

    let providerID = "slack"
    let oauth: OAuthServer?
    let limiter: RequestLimiter?
    let data: (any SandboxData)?
    private let environment: SandboxEnvironment
    private let server: OAuthServer
    private let limits: RequestLimiter
    private let workspace: SlackWorkspace
    private let hasRotation: Bool
    private let isCommercial: Bool

    init(_ environment: SandboxEnvironment) {
        self.environment = environment
        let seed = environment.configuration.seed
        let accounts = environment.accounts { number in
            var draw = Draw(seed: seed, account: number, type: "slack-team", number: 0)
            return SandboxAccount(id: "T0" + draw.base36(9), name: People.company(&draw))
        }
        let rotates = environment.setting("slack", "tokenRotation", "false") == "true"
        let rules = OAuthRules(
            clientID: environment.setting("slack", "clientId", "2026.1772323200"),
            clientSecret: environment.setting("slack", "clientSecret", "slack-sandbox-secret")
        ) { rules in
            rules.redirectURIs = environment.configuration.redirectURIs["slack"] ?? []
            rules.isRedirectURIRequired = false
            rules.scopeSeparator = ","
            rules.pkce = .ignored
            rules.codeSeconds = 600
            rules.codePrefix = "1772."
            rules.refresh = rotates ? .rotates(graceSeconds: 0) : .none
            rules.accessTokenSeconds = rotates ? 43_200 : nil
            rules.accessTokenPrefix = rotates ? "xoxe.xoxb-1-" : "xoxb-sandbox-"
            rules.refreshTokenPrefix = "xoxe-1-"
        }
        hasRotation = rotates
        isCommercial = environment.setting("slack", "commercial", "false") == "true"
        server = OAuthServer("Slack", rules, accounts: accounts, clock: environment.clock)
        oauth = server
        limits = environment.limiter()
        limiter = limits
        let dataset = Dataset(environment, name: "slack", types: SlackObjects.types, accounts: accounts)
        data = dataset
        workspace = SlackWorkspace(dataset, environment.clock, isCommercial: isCommercial)
    }

    func settings() -> [String: String] {
        var settings = [
            "clientId": server.rules.clientID, "clientSecret": server.rules.clientSecret,
            "signingSecret": environment.setting("slack", "signingSecret", "slack-sandbox-signing-secret"),
        ]
        // Where the stand-in keeps no limits, a client need not either.
        if !environment.configuration.enforcesRateLimits { settings["messageRequestsPerMinute"] = "1000000" }
        return settings
    }

    func endpoints(origin: String) -> [String: String] {
        [
            "authorize": "\(origin)/slack/oauth/v2/authorize", "token": "\(origin)/slack/api/oauth.v2.access",
            "revoke": "\(origin)/slack/api/auth.revoke", "api": "\(origin)/slack/api",
        ]
    }

    var routes: [StandInRoute] {
        var routes = [
            StandInRoute(.get, "/oauth/v2/authorize", .authorize) { [server] in server.authorize($0) },
            StandInRoute(.post, "/oauth/v2/authorize", .authorize) { [server] in server.authorize($0) },
            StandInRoute(.post, "/api/oauth.v2.access", .token) { [self] in access($0) },
        ]
        let methods: [(name: String, tier: Int, kind: RouteKind, handler: Method)] = [
            ("auth.test", 4, .api, { [self] caller, _ throws(SlackFault) in test(caller) }),
            ("auth.revoke", 3, .revoke, { [self] _, request throws(SlackFault) in revoke(request) }),
            ("team.info", 3, .api, { [self] caller, _ throws(SlackFault) in try team(caller) }),
            ("conversations.list", 2, .api, workspace.channels), ("conversations.info", 3, .api, workspace.channel),
            ("conversations.history", isCommercial ? 1 : 3, .api, workspace.history),
            ("conversations.replies", isCommercial ? 1 : 3, .api, workspace.replies),
            ("users.list", 2, .api, workspace.users),
        ]
        for method in methods {
            for verb in [HTTPMethod.get, .post] {
                routes.append(
                    StandInRoute(verb, "/api/\(method.name)", method.kind) { [self] request in
                        call(method.name, method.tier, request, method.handler)
                    })
            }
        }
        return routes
    }

    private typealias Method = @Sendable (SlackWorkspace.Caller, SandboxRequest) throws(SlackFault) -> [UInt8]

    private func call(_ name: String, _ tier: Int, _ request: SandboxRequest, _ method: Method) -> Answer {
        do throws(SlackFault) {
            let caller = try caller(of: request)
            let quota = RequestQuota(requests: Self.tiers[tier] ?? 50, seconds: 60)
            let verdict = limits.count("\(name) \(caller.account)", quota)
            guard verdict.isAdmitted else { return throttled((verdict.resetMilliseconds + 999) / 1000) }
            return .json(bytes: try method(caller, request), type: "application/json; charset=utf-8")
                .with("X-OAuth-Scopes", caller.scopes.joined(separator: ","))
        } catch {
            return .json(200, error.json)
        }
    }

    private func token(of request: SandboxRequest) -> String? { request.bearer ?? request.form["token"] }

    private func caller(of request: SandboxRequest) throws(SlackFault) -> SlackWorkspace.Caller {
        guard let token = token(of: request), !token.isEmpty else { throw SlackFault("not_authed") }
        switch server.withServer({ $0.bearer(token, now: $1) }) {
        case .live(let grant, let scopes): return SlackWorkspace.Caller(account: grant.account, scopes: scopes)
        case .expired: throw SlackFault("token_expired")
        case .revoked: throw SlackFault("token_revoked")
        case .unknown: throw SlackFault("invalid_auth")
        }
    }

    private func throttled(_ seconds: Int64) -> Answer {
        .json(429, SlackFault("ratelimited").json).with("Retry-After", String(seconds))
    }

    func failure(_ status: UInt16, _ request: SandboxRequest?, kind: RouteKind) -> Answer {
        switch status {
        case 400: .json(200, SlackFault(kind == .token ? "invalid_refresh_token" : "invalid_arguments").json)
        case 401:
            .json(
                200,
                SlackFault(kind == .token ? "bad_client_secret" : hasRotation ? "token_expired" : "invalid_auth").json)
        case 403: .json(200, SlackFault("missing_scope", [("needed", "channels:history"), ("provided", "")]).json)
        case 404, 405: .json(200, SlackFault("unknown_method").json)
        case 429: throttled(30)
        default: .json(status, SlackFault("internal_error").json)
        }
    }

    // MARK: OAuth v2

    private func access(_ request: SandboxRequest) -> Answer {
        do throws(OAuthFault) {
            let tokens = try server.token(request)
            let account = server.account(tokens.grant.account)
            var draw = Draw(
                seed: environment.configuration.seed, account: tokens.grant.account, type: "slack-bot", number: 0)
            var members: [(key: String, value: JSONValue)] = [
                ("ok", true), ("app_id", "A0SANDBOX01"),
                ("authed_user", ["id": .string("U0" + draw.base36(9))]),
                ("scope", .string(tokens.scopes.joined(separator: ","))), ("token_type", "bot"),
                ("access_token", .string(tokens.accessToken)), ("bot_user_id", .string("U0" + draw.base36(9))),
                ("team", ["id": .string(account.id), "name": .string(account.name)]), ("enterprise", .null),
                ("is_enterprise_install", false),
            ]
            if let refresh = tokens.refreshToken {
                members += [("refresh_token", .string(refresh)), ("expires_in", .integer(tokens.accessTokenSeconds))]
            }
            return .json(200, .object(members))
        } catch {
            return .json(200, SlackFault(name(of: error, request)).json)
        }
    }

    private func name(of fault: OAuthFault, _ request: SandboxRequest) -> String {
        switch fault {
        case .invalidClient:
            let id = request.basic?.user ?? request.form["client_id"] ?? ""
            return id == server.rules.clientID ? "bad_client_secret" : "invalid_client_id"
        case .invalidGrant(.codeUsed): return "code_already_used"
        case .invalidGrant(.redirectURIMismatch): return "bad_redirect_uri"
        case .invalidGrant(.refreshTokenUnknown), .invalidGrant(.refreshTokenUsed), .invalidGrant(.refreshTokenExpired),
            .invalidGrant(.revoked):
            return "invalid_refresh_token"
        case .invalidGrant: return "invalid_code"
        case .unsupportedGrantType: return "invalid_grant_type"
        case .invalidRequest, .invalidScope, .tooEarly: return "invalid_arguments"
        }
    }

    /// Ends the token's grant, unless it is a dry run.
    private func revoke(_ request: SandboxRequest) -> [UInt8] {
        let isTest = ["1", "true"].contains(request.parameter("test"))
        if !isTest, let token = token(of: request) {
            server.withServer { server, _ in
                if let grant = server.grant(of: token) { server.revokeGrant(grant.number) }
            }
        }
        return (["ok": true, "revoked": .boolean(!isTest)] as JSONValue).serialized
    }

    private func test(_ caller: SlackWorkspace.Caller) -> [UInt8] {
        let account = server.account(caller.account)
        var draw = Draw(seed: environment.configuration.seed, account: caller.account, type: "slack-bot", number: 0)
        _ = draw.base36(9)
        return
            ([
                "ok": true, "url": "https://sandbox.slack.example/", "team": .string(account.name), "user": "sandbox",
                "team_id": .string(account.id), "user_id": .string("U0" + draw.base36(9)), "bot_id": "B0SANDBOX00",
                "is_enterprise_install": false,
            ] as JSONValue).serialized
    }

    private func team(_ caller: SlackWorkspace.Caller) throws(SlackFault) -> [UInt8] {
        try caller.require(["team:read"])
        let account = server.account(caller.account)
        return
            ([
                "ok": true,
                "team": [
                    "id": .string(account.id), "name": .string(account.name), "domain": "sandbox", "email_domain": "",
                    "icon": ["image_default": true],
                ],
            ] as JSONValue).serialized
    }
}
