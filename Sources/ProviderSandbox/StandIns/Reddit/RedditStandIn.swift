// Reddit: a refresh token only for `duration=permanent`, a User-Agent of one's own or nothing, listings of things by
// full name.

import HTTPServer
import ProviderSDK

@section("stand_ins") @used
private let entry: StandInEntry = {
    unsafe StandInList.add(to: $0) { [RedditStandIn($0)] }
}

struct RedditStandIn: StandIn {
    /// A listing reaches no further back.
    private static let listingMax = 1000

    let core: StandInCore

    init(_ environment: SandboxEnvironment) { core = StandInCore(environment, Self.specification) }

    private static let specification = StandInSpecification(
        "reddit", accountSeed: "reddit-account",
        account: { number, random in
            SandboxAccount(id: random.base36(8).lowercased(), name: "sandbox_redditor_\(number + 1)")
        }
    ) { standIn in
        standIn.settings = [
            "clientId": "reddit-sandbox-client", "clientSecret": "reddit-sandbox-secret",
            "userAgent": "web:integration-host-sandbox:1.0 (by /u/sandbox)",
        ]
        standIn.endpoints = ["api": "/oauth"]
        standIn.types = [posts, comments]
        standIn.oauth = oauth
    }

    private static let oauth = OAuthSpecification(
        "Reddit", authorize: "/api/v1/authorize", token: "/api/v1/access_token"
    ) { oauth in
        // A refresh token takes its grant with it, an access token only itself.
        oauth.revocation = Revocation(path: "/api/v1/revoke_token", ends: .tokenAlone, answer: Answer(204))
        oauth.rules = { rules in
            rules.clientAuthentication = [.basic]
            rules.knownScopes = ["identity", "read", "history", "mysubreddits", "submit", "edit"]
            rules.pkce = .ignored
            rules.refresh = .keeps
            rules.givesRefreshToken = { $0.parameters["duration"] == "permanent" }
            rules.keptParameters = ["duration"]
            rules.accessTokenSeconds = 3600
        }
        oauth.tokens = [.accessToken, .type("bearer"), .expiresIn, .scope(), .refreshTokenIfGiven]
        oauth.rejection = { namesItself($0) ? nil : failure(429) }
        oauth.refusal = { refusal in
            if refusal.fault == .invalidClient { return failure(401) }
            return refusal.kind == .revoke ? failure(400) : .json(400, ["error": .string(refusal.fault.code)])
        }
    }

    var apiRoutes: [StandInRoute] {
        [
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
        return Self.failure(status)
    }

    private static func failure(_ status: UInt16) -> Answer {
        .json(status, ["message": .string("\(HTTPStatus(status).reasonPhrase)"), "error": .integer(status)])
    }

    /// Whether the request names who asks; library names alone do not.
    private static func namesItself(_ request: SandboxRequest) -> Bool {
        guard let agent = request.header("user-agent"), !agent.isEmpty else { return false }
        return !["curl/", "python-requests/", "Go-http-client/", "Mozilla/"].contains { agent.hasPrefix($0) }
    }

    private func admitted(_ request: SandboxRequest, _ scope: String, _ answer: (Int) -> Answer) -> Answer {
        guard Self.namesItself(request) else { return Self.failure(429) }
        guard case .live(let grant, let scopes) = server.bearer(request) else {
            return Self.failure(401)
        }
        guard scopes.contains(scope) else { return Self.failure(403) }
        let verdict = limiter.count("client", RequestQuota(requests: 100, seconds: 60))
        let fields: [(name: String, value: String)] = [
            ("X-Ratelimit-Used", String(verdict.limit - verdict.remaining)),
            ("X-Ratelimit-Remaining", "\(verdict.remaining).0"),
            ("X-Ratelimit-Reset", String((verdict.resetMilliseconds + 999) / 1000)),
        ]
        return (verdict.isAdmitted ? answer(grant.account) : Self.failure(429)).with(fields)
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
            return Self.failure(404)
        }
        let limit = min(100, max(1, request.query["limit"].flatMap(Decimal.parse) ?? 25))
        let after = request.query["after"].flatMap { $0.isEmpty ? nil : $0 }
        let name = server.account(account).name
        let isRaw = request.query["raw_json"] == "1"
        let kind = index == 0 ? "t3" : "t1"
        let (rows, next): ([JSONValue], String?) = dataset.withTable(account, index) { table, _, context in
            var below: Int?
            if let after {
                // A listing after a deleted thing is empty.
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
                var random = context.draw("reddit-\(name)", number)
                return SandboxObject(
                    number: number, id: random.base36(7).lowercased(), created: created, updated: created * 1000)
            },
            render: { context, object in
                thing(name == "posts" ? 0 : 1, context, object, author: "", isRaw: true).serialized
            }, change: { _, _ in })
    }

    private static func thing(
        _ index: Int, _ context: DataContext, _ object: SandboxObject, author: String, isRaw: Bool
    ) -> JSONValue {
        var random = context.draw(index == 0 ? "reddit-post-text" : "reddit-comment-text", object.number)
        let subreddit = random.pick(["swift", "selfhosted", "accounting"])
        let words = random.pick(["1 < 2 & 3 > 2", "Plain words", "“Quoted” – déjà vu"])
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
            ("score", .integer(random.below(4000) - 50)),
            ("permalink", .string("/r/\(subreddit)/comments/\(object.id)/")), ("over_18", false), ("archived", false),
        ]
        if index == 0 {
            members += [
                ("title", .string(text)), ("selftext", .string(random.chance(60) ? text : "")),
                ("is_self", true), ("num_comments", .integer(random.below(500))),
                ("upvote_ratio", .decimal(97, places: 2)),
                ("url", .string("https://www.reddit.example/r/\(subreddit)/comments/\(object.id)/")),
            ]
        } else {
            members += [
                ("body", .string(text)), ("link_id", .string("t3_\(random.base36(7).lowercased())")),
                ("link_title", .string(text)), ("parent_id", .string("t3_\(random.base36(7).lowercased())")),
            ]
        }
        return ["kind": .string(kind), "data": .object(members)]
    }
}
