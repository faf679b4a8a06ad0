// Slack: where it lives, its OAuth v2 with or without token rotation, who may call a method and how often. Status 200 does not
// mean success. SlackWorkspace answers the methods.

import HTTPServer
import ProviderSDK

@section("stand_ins") @used
private let entry: StandInEntry = {
    unsafe StandInList.add(to: $0) { [SlackStandIn($0)] }
}

struct SlackStandIn: StandIn {
    /// The calls a minute of each tier.
    private static let tiers = [1: 1, 2: 20, 3: 50, 4: 100]

    let core: StandInCore
    private let workspace: SlackWorkspace
    private let hasRotation: Bool
    private let isCommercial: Bool

    init(_ environment: SandboxEnvironment) {
        hasRotation = environment.setting("slack", "tokenRotation", "false") == "true"
        isCommercial = environment.setting("slack", "commercial", "false") == "true"
        core = StandInCore(
            environment,
            Self.specification(
                hasRotation: hasRotation, enforcesRateLimits: environment.configuration.enforcesRateLimits))
        workspace = SlackWorkspace(core.dataset, environment.clock, isCommercial: isCommercial)
    }

    private static func specification(hasRotation: Bool, enforcesRateLimits: Bool) -> StandInSpecification {
        StandInSpecification(
            "slack", accountSeed: "slack-team",
            account: { _, random in SandboxAccount(id: "T0" + random.base36(9), name: People.company(&random)) }
        ) { standIn in
            standIn.settings = [
                "clientId": "2026.1772323200", "clientSecret": "slack-sandbox-secret",
                "signingSecret": "slack-sandbox-signing-secret",
            ]
            // Where the stand-in keeps no limits, a client need not either.
            if !enforcesRateLimits { standIn.settings["messageRequestsPerMinute"] = "1000000" }
            standIn.endpoints = ["api": "/api", "revoke": "/api/auth.revoke"]
            standIn.types = SlackObjects.types
            standIn.oauth = oauth(hasRotation: hasRotation)
        }
    }

    private static func oauth(hasRotation: Bool) -> OAuthSpecification {
        OAuthSpecification("Slack", authorize: "/oauth/v2/authorize", token: "/api/oauth.v2.access") { oauth in
            oauth.rules = { rules in
                rules.isRedirectURIRequired = false
                rules.scopeSeparator = ","
                rules.pkce = .ignored
                rules.codeSeconds = 600
                rules.codePrefix = "1772."
                rules.refresh = hasRotation ? .rotates(graceSeconds: 0) : .none
                rules.accessTokenSeconds = hasRotation ? 43_200 : nil
                rules.accessTokenPrefix = hasRotation ? "xoxe.xoxb-1-" : "xoxb-sandbox-"
                rules.refreshTokenPrefix = "xoxe-1-"
            }
            oauth.tokens = [
                .fixed("ok", true), .fixed("app_id", "A0SANDBOX01"),
                TokenMember("authed_user") { ["id": .string(userIDs($0.seed, $0.tokens.grant.account).user)] },
                .scope(separator: ","), .type("bot"), .accessToken,
                TokenMember("bot_user_id") { .string(userIDs($0.seed, $0.tokens.grant.account).bot) },
                TokenMember("team") { ["id": .string($0.account.id), "name": .string($0.account.name)] },
                .fixed("enterprise", .null), .fixed("is_enterprise_install", false), .refreshTokenIfGiven,
                TokenMember("expires_in") { context in
                    context.tokens.refreshToken == nil ? nil : .integer(context.tokens.accessTokenSeconds)
                },
            ]
            oauth.refusal = { .json(200, SlackFault(name(of: $0)).json) }
        }
    }

    /// The ids of the user who allowed the application, and of its bot.
    private static func userIDs(_ seed: UInt64, _ account: Int) -> (user: String, bot: String) {
        var random = SeededRandom(seed: seed, account: account, type: "slack-bot", number: 0)
        return ("U0" + random.base36(9), "U0" + random.base36(9))
    }

    var apiRoutes: [StandInRoute] {
        let writes = SlackWrites(core: core)
        let methods: [(name: String, tier: Int, kind: RouteKind, handler: Method)] = [
            ("auth.test", 4, .api, { [self] caller, _ throws(SlackFault) in test(caller) }),
            ("auth.revoke", 3, .revoke, { [self] _, request throws(SlackFault) in revoke(request) }),
            ("team.info", 3, .api, { [self] caller, _ throws(SlackFault) in try team(caller) }),
            ("conversations.list", 2, .api, workspace.channels), ("conversations.info", 3, .api, workspace.channel),
            (
                "conversations.history", isCommercial ? 1 : 3, .api,
                { [workspace] caller, request throws(SlackFault) in
                    writes.adding(to: try workspace.history(caller, request), caller, request, inThread: false)
                }
            ),
            (
                "conversations.replies", isCommercial ? 1 : 3, .api,
                { [workspace] caller, request throws(SlackFault) in
                    writes.adding(to: try workspace.replies(caller, request), caller, request, inThread: true)
                }
            ),
            ("users.list", 2, .api, workspace.users), ("chat.postMessage", 4, .api, writes.post),
            ("chat.update", 3, .api, writes.update), ("chat.delete", 3, .api, writes.delete),
            ("conversations.members", 4, .api, writes.members),
        ]
        return methods.flatMap { method in
            [HTTPMethod.get, .post].map { verb in
                StandInRoute(verb, "/api/\(method.name)", kind: method.kind) { [self] request in
                    call(method.name, method.tier, request, method.handler)
                }
            }
        }
    }

    private typealias Method = @Sendable (SlackWorkspace.Caller, SandboxRequest) throws(SlackFault) -> [UInt8]

    private func call(_ name: String, _ tier: Int, _ request: SandboxRequest, _ method: Method) -> Answer {
        do throws(SlackFault) {
            let caller = try caller(of: request)
            let quota = RequestQuota(requests: Self.tiers[tier] ?? 50, seconds: 60)
            let verdict = limiter.count("\(name) \(caller.account)", quota)
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

    private static func name(of refusal: OAuthRefusal) -> String {
        switch refusal.fault {
        case .invalidClient:
            let id = refusal.request.basic?.user ?? refusal.request.form["client_id"] ?? ""
            return id == refusal.clientID ? "bad_client_secret" : "invalid_client_id"
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
        if !isTest, let token = token(of: request) { server.revoke(token, .grant) }
        return (["ok": true, "revoked": .boolean(!isTest)] as JSONValue).serialized
    }

    private func test(_ caller: SlackWorkspace.Caller) -> [UInt8] {
        let account = server.account(caller.account)
        return
            ([
                "ok": true, "url": "https://sandbox.slack.example/", "team": .string(account.name), "user": "sandbox",
                "team_id": .string(account.id), "user_id": .string(Self.userIDs(core.seed, caller.account).bot),
                "bot_id": "B0SANDBOX00",
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
