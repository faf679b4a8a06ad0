// Instagram with Instagram Login. There is no refresh token: a short-lived token is exchanged for a long-lived one, which renews
// itself once it is a day old. Errors are the Graph API's.

import HTTPServer
import ProviderSDK

/// A Graph API error.
///
/// The status is mostly 400; the code says what is wrong.
struct GraphFault: StandInFault {
    var status: UInt16 = 400
    var type = "OAuthException"
    let code: Int
    let message: String

    static let deadToken = GraphFault(code: 190, message: "Error validating access token: the session is not valid.")
    static let throttled = GraphFault(code: 4, message: "Application request limit reached")

    static func parameter(_ message: String) -> GraphFault {
        GraphFault(type: "IGApiException", code: 100, message: message)
    }

    var answer: Answer {
        .json(
            status,
            [
                "error": [
                    "message": .string(message), "type": .string(type), "code": .integer(code),
                    "fbtrace_id": .string("A" + RandomText.base62(22)),
                ]
            ])
    }
}

@section("stand_ins") @used
private let entry: StandInEntry = {
    unsafe StandInList.add(to: $0) { [InstagramStandIn($0)] }
}

struct InstagramStandIn: StandIn {
    private static let longSeconds: Int64 = 60 * 86_400
    private static let fields = [
        "id", "caption", "media_type", "media_url", "permalink", "thumbnail_url", "timestamp", "username", "like_count",
        "comments_count",
    ]

    let core: StandInCore

    init(_ environment: SandboxEnvironment) { core = StandInCore(environment, Self.specification) }

    private static let specification = StandInSpecification(
        "instagram", accountSeed: "ig-account",
        account: { number, random in
            SandboxAccount(
                id: "178414" + String(10_000_000_000 + random.below(89_999_999_999)), name: "studio.\(number + 1)")
        }
    ) { standIn in
        standIn.settings = ["clientId": "instagram-sandbox-client", "clientSecret": "instagram-sandbox-secret"]
        standIn.endpoints = ["api": "/graph"]
        standIn.types = [media]
        standIn.oauth = oauth
    }

    private static let oauth = OAuthSpecification(
        "Instagram", authorize: "/oauth/authorize", token: "/oauth/access_token"
    ) { oauth in
        oauth.rules = { rules in
            rules.clientAuthentication = [.form]
            rules.scopeSeparator = ","
            rules.knownScopes = Set(
                ["basic", "content_publish", "manage_messages", "manage_comments"].map { "instagram_business_\($0)" })
            rules.pkce = .ignored
            rules.refresh = .none
            rules.codeSeconds = 3600
            rules.accessTokenSeconds = 3600
            rules.accessTokenPrefix = "IGAA"
        }
        oauth.denial = [
            ("error", "access_denied"), ("error_reason", "user_denied"),
            ("error_description", "The user denied your request"),
        ]
        oauth.tokens = [
            .accessToken, .account("user_id"),
            TokenMember("permissions") { .string($0.tokens.scopes.joined(separator: ",")) },
        ]
        // The first token, for an hour; for every other account its values stand in a list of one.
        oauth.envelope = { values, context in
            context.tokens.grant.account % 2 == 0 ? values : ["data": [values]]
        }
        oauth.refusal = {
            .json(400, ["error_type": "OAuthException", "code": 400, "error_message": .string($0.fault.sentence)])
        }
    }

    var apiRoutes: [StandInRoute] {
        [
            StandInRoute(.get, "/graph/access_token", kind: .token, longLived),
            StandInRoute(.get, "/graph/refresh_access_token", kind: .token, renewed),
            StandInRoute(.get, "/graph/me", me),
            StandInRoute(.get, "/graph/me/media", media),
        ]
    }

    func failure(_ status: UInt16, _ request: SandboxRequest?, kind: RouteKind) -> Answer {
        switch status {
        case 401: GraphFault.deadToken.answer
        case 403:
            GraphFault(status: 403, code: 10, message: "Application does not have permission for this action").answer
        case 429: GraphFault(status: 429, code: 4, message: "Application request limit reached").answer
        case 500...: GraphFault(status: status, code: 2, message: "An unexpected error has occurred").answer
        default:
            GraphFault(status: status, type: "IGApiException", code: 100, message: "Unsupported get request").answer
        }
    }

    // MARK: Tokens

    private func longLived(_ request: SandboxRequest) throws(GraphFault) -> Answer {
        guard request.query["grant_type"] == "ig_exchange_token" else {
            throw .parameter("The grant type is not supported")
        }
        guard request.query["client_secret"] == server.rules.clientSecret else {
            throw GraphFault(code: 101, message: "Error validating client secret")
        }
        return try renewal(request, minimumAgeSeconds: 0)
    }

    private func renewed(_ request: SandboxRequest) throws(GraphFault) -> Answer {
        guard request.query["grant_type"] == "ig_refresh_token" else {
            throw .parameter("The grant type is not supported")
        }
        return try renewal(request, minimumAgeSeconds: 86_400)
    }

    private func renewal(_ request: SandboxRequest, minimumAgeSeconds: Int64) throws(GraphFault) -> Answer {
        guard let token = token(of: request) else { throw .parameter("The parameter access_token is required") }
        let result: Result<IssuedTokens, OAuthFault> = server.withServer { server, now in
            do throws(OAuthFault) {
                return .success(
                    try server.renew(token, minimumAgeSeconds: minimumAgeSeconds, seconds: Self.longSeconds, now: now))
            } catch {
                return .failure(error)
            }
        }
        switch result {
        case .success(let tokens):
            return .json(
                200,
                [
                    "access_token": .string(tokens.accessToken), "token_type": "bearer",
                    "expires_in": .integer(tokens.accessTokenSeconds),
                ])
        case .failure(.tooEarly): throw .parameter("The access token is less than 24 hours old")
        case .failure: throw .deadToken
        }
    }

    // MARK: The Graph API

    private func token(of request: SandboxRequest) -> String? { request.query["access_token"] ?? request.bearer }

    private func account(of request: SandboxRequest) throws(GraphFault) -> Int {
        guard let token = token(of: request) else {
            throw GraphFault(
                code: 2500, message: "An active access token must be used to query information about the current user.")
        }
        guard case .live(let grant, let scopes) = server.withServer({ $0.bearer(token, now: $1) }) else {
            throw .deadToken
        }
        guard scopes.contains("instagram_business_basic") else {
            throw GraphFault(status: 403, code: 10, message: "Application does not have permission for this action")
        }
        guard limiter.count(String(grant.account), RequestQuota(requests: 200, seconds: 3600)).isAdmitted else {
            throw .throttled
        }
        return grant.account
    }

    private func me(_ request: SandboxRequest) throws(GraphFault) -> Answer {
        let number = try account(of: request)
        let account = server.account(number)
        let all: [(key: String, value: JSONValue)] = [
            ("user_id", .string(account.id)), ("username", .string(account.name)), ("account_type", "BUSINESS"),
            (
                "media_count",
                .integer(dataset.withTable(number, 0) { table, _, _ in table.objects.count { !$0.isDeleted } })
            ),
        ]
        let asked = try Self.fields(request, among: all.map(\.key), standard: [])
        return .json(200, .object(all.filter { asked.contains($0.key) } + [("id", .string(account.id))]))
    }

    private static func fields(
        _ request: SandboxRequest, among known: [String], standard: [String]
    ) throws(GraphFault) -> [String] {
        guard let text = request.query["fields"] else { return standard }
        let asked = text.split(separator: ",").map(String.init)
        for field in asked where field != "id" && !known.contains(field) {
            throw .parameter("Tried accessing nonexisting field (\(field))")
        }
        return asked
    }

    /// A page, newest first; the last one has a cursor too, but no link.
    private func media(_ request: SandboxRequest) throws(GraphFault) -> Answer {
        let account = try account(of: request)
        let asked = try Self.fields(request, among: Self.fields, standard: ["id"])
        let limit = request.query["limit"].map { Decimal.parse($0) ?? 0 } ?? 25
        guard 1...100 ~= limit else { throw .parameter("The limit has to be from 1 to 100") }
        let after = request.query["after"]
        let page: (rows: [JSONValue], last: String?, hasMore: Bool)? = dataset.withTable(account, 0) {
            table, _, context in
            var below: Int?
            if let after {
                guard let position = table.position(of: after) else { return nil }
                below = position
            }
            let found = table.newestFirst(below: below, limit: limit) { _ in true }
            let rows = found.positions.map { position in
                let all = Self.text(context, table.objects[position])
                return JSONValue.object(all.filter { $0.key == "id" || asked.contains($0.key) })
            }
            return (rows, found.positions.last.map { table.objects[$0].id }, found.hasMore)
        }
        guard let page else { throw .parameter("The cursor is not valid") }
        var paging: [(key: String, value: JSONValue)] = []
        if let last = page.last {
            paging.append(("cursors", ["before": .string(after ?? ""), "after": .string(last)]))
            if page.hasMore {
                let next =
                    "\(request.origin)/instagram/graph/me/media?access_token=\(token(of: request) ?? "")&after=\(last)"
                paging.append(("next", .string(next)))
            }
        }
        return Answer.json(200, ["data": .array(page.rows), "paging": .object(paging)])
            .with("X-App-Usage", #"{"call_count":3,"total_cputime":1,"total_time":2}"#)
    }

    private static let media = ObjectType(
        "media", count: 260, id: { String(17_900_000_000_000_000 + $0.account * 1_000_000_000 + $1) }, text: text)

    private static func text(_ context: DataContext, _ object: SandboxObject) -> [(key: String, value: JSONValue)] {
        var random = context.draw("ig-media", object.number)
        let type = random.pick(["IMAGE", "IMAGE", "VIDEO", "CAROUSEL_ALBUM"])
        let moment = (Timestamp(seconds: object.created)?.description ?? "").dropLast()
        var members: [(key: String, value: JSONValue)] = [
            ("id", .string(object.id)), ("media_type", .string(type)),
            ("media_url", .string("https://media.example/\(object.id)")),
            ("permalink", .string("https://www.instagram.example/p/\(object.number)/")),
            ("timestamp", .string(moment + "+0000")), ("like_count", .integer(random.below(9000) + object.revision)),
            ("comments_count", .integer(random.below(300))),
        ]
        // What a post does not have is left out.
        if random.chance(85) { members.append(("caption", .string("Day \(object.number) ✨ #work & \"play\""))) }
        if type == "VIDEO" {
            members.append(("thumbnail_url", .string("https://media.example/\(object.id)/thumbnail")))
        }
        return members
    }
}
