// Reddit: a refresh token only for `duration=permanent`, a User-Agent of one's own or nothing, listings of things by
// full name.

import HTTPServer
import ProviderSDK

final class RedditStandIn: StandIn {
    /// A listing reaches no further back.
    private static let listingMax = 1000

    let providerID = "reddit"
    let oauth: OAuthServer?
    let limiter: RequestLimiter?
    let data: (any SandboxData)?
    private let server: OAuthServer
    private let limits: RequestLimiter
    private let dataset: Dataset

    init(_ environment: SandboxEnvironment) {
        let seed = environment.configuration.seed
        let accounts = environment.accounts { number in
            var draw = Draw(seed: seed, account: number, type: "reddit-account", number: 0)
            return SandboxAccount(id: draw.base36(8).lowercased(), name: "sandbox_redditor_\(number + 1)")
        }
        let rules = OAuthRules(
            clientID: environment.setting("reddit", "clientId", "reddit-sandbox-client"),
            clientSecret: environment.setting("reddit", "clientSecret", "reddit-sandbox-secret")
        ) { rules in
            rules.clientAuthentication = [.basic]
            rules.redirectURIs = environment.configuration.redirectURIs["reddit"] ?? []
            rules.knownScopes = ["identity", "read", "history", "mysubreddits", "submit", "edit"]
            rules.pkce = .ignored
            rules.refresh = .keeps
            rules.givesRefreshToken = { $0.parameters["duration"] == "permanent" }
            rules.keptParameters = ["duration"]
            rules.accessTokenSeconds = 3600
        }
        server = OAuthServer("Reddit", rules, accounts: accounts, clock: environment.clock)
        oauth = server
        limits = environment.limiter()
        limiter = limits
        dataset = Dataset(environment, name: "reddit", types: [Self.posts, Self.comments], accounts: accounts)
        data = dataset
    }

    func settings() -> [String: String] {
        ["clientId": server.rules.clientID, "clientSecret": server.rules.clientSecret]
    }

    func endpoints(origin: String) -> [String: String] {
        [
            "authorize": "\(origin)/reddit/api/v1/authorize", "token": "\(origin)/reddit/api/v1/access_token",
            "revoke": "\(origin)/reddit/api/v1/revoke_token", "api": "\(origin)/reddit/oauth",
        ]
    }

    var routes: [StandInRoute] {
        [
            StandInRoute(.get, "/api/v1/authorize", .authorize) { [server] in server.authorize($0) },
            StandInRoute(.post, "/api/v1/authorize", .authorize) { [server] in server.authorize($0) },
            StandInRoute(.post, "/api/v1/access_token", .token) { [self] in token($0) },
            StandInRoute(.post, "/api/v1/revoke_token", .revoke) { [self] in revoke($0) },
            StandInRoute(.get, "/oauth/api/v1/me") { [self] request in
                admitted(request, "identity") { me($0) }
            },
            StandInRoute(.get, "/oauth/user/{name}/submitted") { [self] request in
                admitted(request, "history") { listing(0, $0, request) }
            },
            StandInRoute(.get, "/oauth/user/{name}/comments") { [self] request in
                admitted(request, "history") { listing(1, $0, request) }
            },
        ]
    }

    func failure(_ status: UInt16, _ request: SandboxRequest?, kind: RouteKind) -> Answer {
        if kind == .token, status == 400 { return .json(400, ["error": "invalid_grant"]) }
        return .json(
            status, ["message": .string("\(HTTPStatus(status).reasonPhrase)"), "error": .integer(status)])
    }

    /// Whether the request names who asks; library names alone do not.
    private func namesItself(_ request: SandboxRequest) -> Bool {
        guard let agent = request.header("user-agent"), !agent.isEmpty else { return false }
        return !["curl/", "python-requests/", "Go-http-client/", "Mozilla/"].contains { agent.hasPrefix($0) }
    }

    private func admitted(_ request: SandboxRequest, _ scope: String, _ answer: (Int) -> Answer) -> Answer {
        guard namesItself(request) else { return failure(429, request, kind: .api) }
        guard case .live(let grant, let scopes) = server.bearer(request) else {
            return failure(401, request, kind: .api)
        }
        guard scopes.contains(scope) else { return failure(403, request, kind: .api) }
        let verdict = limits.count("client", RequestQuota(requests: 100, seconds: 60))
        let fields: [(name: String, value: String)] = [
            ("X-Ratelimit-Used", String(verdict.limit - verdict.remaining)),
            ("X-Ratelimit-Remaining", "\(verdict.remaining).0"),
            ("X-Ratelimit-Reset", String((verdict.resetMilliseconds + 999) / 1000)),
        ]
        return (verdict.isAdmitted ? answer(grant.account) : failure(429, request, kind: .api)).with(fields)
    }

    // MARK: Tokens

    private func token(_ request: SandboxRequest) -> Answer {
        guard namesItself(request) else { return failure(429, request, kind: .token) }
        do throws(OAuthFault) {
            let tokens = try server.token(request)
            var members: [(key: String, value: JSONValue)] = [
                ("access_token", .string(tokens.accessToken)), ("token_type", "bearer"),
                ("expires_in", .integer(tokens.accessTokenSeconds)),
                ("scope", .string(tokens.scopes.joined(separator: " "))),
            ]
            if let refresh = tokens.refreshToken { members.append(("refresh_token", .string(refresh))) }
            return .json(200, .object(members))
        } catch {
            return error == .invalidClient
                ? failure(401, request, kind: .token) : .json(400, ["error": .string(error.code)])
        }
    }

    /// A refresh token takes its grant with it, an access token only itself.
    private func revoke(_ request: SandboxRequest) -> Answer {
        do throws(OAuthFault) { try server.authenticate(request) } catch { return failure(401, request, kind: .revoke) }
        guard let token = request.form["token"] else { return failure(400, request, kind: .revoke) }
        server.withServer { server, now in
            switch server.bearer(token, now: now) {
            case .unknown: if let grant = server.grant(of: token) { server.revokeGrant(grant.number) }
            default: server.revokeToken(token)
            }
        }
        return Answer(204)
    }

    // MARK: The API

    private func me(_ number: Int) -> Answer {
        let account = server.account(number)
        return .json(
            200,
            [
                "id": .string(account.id), "name": .string(account.name),
                "created_utc": .number(JSONNumber(1_500_000_000)),
                "link_karma": 1200, "comment_karma": 3400, "is_gold": false, "over_18": false,
            ])
    }

    private func listing(_ index: Int, _ account: Int, _ request: SandboxRequest) -> Answer {
        guard request.capture("name").lowercased() == server.account(account).name else {
            return failure(404, request, kind: .api)
        }
        let limit = min(100, max(1, request.query["limit"].flatMap(Decimal.parse) ?? 25))
        let after = request.query["after"].flatMap { $0.isEmpty ? nil : $0 }
        let name = server.account(account).name
        let isRaw = request.query["raw_json"] == "1"
        let kind = index == 0 ? "t3" : "t1"
        let (rows, next): ([JSONValue], String?) = dataset.withTable(account, index) { table, _, context in
            var below: Int?
            if let after {
                // A thing that is no more begins nothing.
                guard let position = table.position(of: String(after.dropFirst(3))) else { return ([], nil) }
                below = position
            }
            let reach = table.objects.count - Self.listingMax
            let found = table.newestFirst(below: below, limit: limit) { $0.number >= reach }
            let rows = found.positions.map { position in
                Self.thing(index, context, table.objects[position], author: name, isRaw: isRaw)
            }
            return (rows, found.hasMore ? found.positions.last.map { "\(kind)_\(table.objects[$0].id)" } : nil)
        }
        return .json(
            200,
            [
                "kind": "Listing",
                "data": [
                    "after": .text(next), "before": .null, "dist": .integer(rows.count), "modhash": .null,
                    "geo_filter": "", "children": .array(rows),
                ],
            ])
    }

    private static let posts = type("posts", count: 180)
    private static let comments = type("comments", count: 320)

    private static func type(_ name: String, count: Int) -> ObjectType {
        ObjectType(
            name, count: count,
            make: { context, number, created in
                var draw = context.draw("reddit-\(name)", number)
                return SandboxObject(
                    number: number, id: draw.base36(7).lowercased(), created: created, updated: created * 1000)
            },
            render: { context, object in
                thing(name == "posts" ? 0 : 1, context, object, author: "", isRaw: true).serialized
            }, change: { _, _ in })
    }

    private static func thing(
        _ index: Int, _ context: DataContext, _ object: SandboxObject, author: String, isRaw: Bool
    ) -> JSONValue {
        var draw = context.draw(index == 0 ? "reddit-post-text" : "reddit-comment-text", object.number)
        let subreddit = draw.pick(["swift", "selfhosted", "accounting"])
        let words = draw.pick(["1 < 2 & 3 > 2", "Plain words", "“Quoted” – déjà vu"])
        // Three characters come as entities unless raw JSON is asked for.
        let text = isRaw ? words : Encoded.html(words)
        let seconds = JSONNumber("\(object.created).0").map { JSONValue.number($0) } ?? .null
        let edited: JSONValue =
            object.revision == 0
            ? false : JSONNumber("\(object.updated / 1000).0").map { JSONValue.number($0) } ?? .null
        let kind = index == 0 ? "t3" : "t1"
        var members: [(key: String, value: JSONValue)] = [
            ("id", .string(object.id)), ("name", .string("\(kind)_\(object.id)")), ("author", .string(author)),
            ("subreddit", .string(subreddit)), ("subreddit_name_prefixed", .string("r/\(subreddit)")),
            ("created", seconds), ("created_utc", seconds), ("edited", edited),
            ("score", .integer(draw.below(4000) - 50)),
            ("permalink", .string("/r/\(subreddit)/comments/\(object.id)/")), ("over_18", false), ("archived", false),
        ]
        if index == 0 {
            members += [
                ("title", .string(text)), ("selftext", .string(draw.chance(60) ? text : "")),
                ("is_self", true), ("num_comments", .integer(draw.below(500))),
                ("upvote_ratio", .decimal(97, places: 2)),
                ("url", .string("https://www.reddit.example/r/\(subreddit)/comments/\(object.id)/")),
            ]
        } else {
            members += [
                ("body", .string(text)), ("link_id", .string("t3_\(draw.base36(7).lowercased())")),
                ("link_title", .string(text)), ("parent_id", .string("t3_\(draw.base36(7).lowercased())")),
            ]
        }
        return ["kind": .string(kind), "data": .object(members)]
    }
}
