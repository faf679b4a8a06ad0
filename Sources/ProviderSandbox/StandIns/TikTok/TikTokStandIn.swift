// TikTok with Login Kit and the Display API: `client_key`, slashes at the end, an `error` in every answer whose code is
// "ok", rotation without grace, codes that have to be decoded.

import HTTPServer
import ProviderSDK

struct TikTokFault: StandInFault {
    let status: UInt16
    let code: String
    let message: String

    static let invalidToken = TikTokFault(
        status: 401, code: "access_token_invalid", message: "The access token is invalid or not found in the request.")
    static let scopeMissing = TikTokFault(
        status: 401, code: "scope_not_authorized",
        message: "The user did not authorize the scope required for this request.")
    static let throttled = TikTokFault(
        status: 429, code: "rate_limit_exceeded", message: "The API rate limit was exceeded. Please try again later.")

    static func parameter(_ message: String) -> TikTokFault {
        TikTokFault(status: 400, code: "invalid_params", message: message)
    }

    var answer: Answer { .json(status, ["data": .object([]), "error": error]) }

    private var error: JSONValue {
        ["code": .string(code), "message": .string(message), "log_id": .string(TikTokStandIn.logID())]
    }
}

@section("stand_ins") @used
private let entry: StandInEntry = {
    unsafe StandInList.add(to: $0) { [TikTokStandIn($0)] }
}

struct TikTokStandIn: StandIn {
    private static let userFields = ["open_id", "union_id", "avatar_url", "display_name"]
    private static let videoFields = [
        "id", "create_time", "cover_image_url", "share_url", "video_description", "duration", "height", "width",
        "title",
        "embed_link", "like_count", "comment_count", "share_count", "view_count",
    ]

    let core: StandInCore

    init(_ environment: SandboxEnvironment) { core = StandInCore(environment, Self.specification) }

    private static let specification = StandInSpecification(
        "tiktok", accountSeed: "tiktok-account",
        account: { number, random in
            SandboxAccount(id: "-000" + random.base62(32), name: "creator \(number + 1) 🎬")
        }
    ) { standIn in
        standIn.settings = ["clientId": "tiktok-sandbox-key", "clientSecret": "tiktok-sandbox-secret"]
        standIn.types = [videos]
        standIn.oauth = oauth
    }

    private static let oauth = OAuthSpecification(
        "TikTok", authorize: "/v2/auth/authorize/", token: "/api/v2/oauth/token/"
    ) { oauth in
        oauth.revocation = Revocation(path: "/api/v2/oauth/revoke/", answer: .json(200, .object([])))
        oauth.rules = { rules in
            rules.clientAuthentication = [.form]
            rules.clientIDParameter = "client_key"
            rules.scopeSeparator = ","
            rules.knownScopes = ["user.info.basic", "user.info.profile", "user.info.stats", "video.list"]
            rules.refresh = .rotates(graceSeconds: 0)
            rules.accessTokenSeconds = 7200
            rules.refreshTokenSeconds = 180 * 86_400
            // Holds what a query encodes.
            rules.codePrefix = "tk*0!1+/"
            rules.accessTokenPrefix = "act."
            rules.refreshTokenPrefix = "rft."
        }
        oauth.denial = [("error", "access_denied"), ("error_description", "User cancelled the authorization")]
        oauth.callbackParameters = { grant, _ in [("scopes", grant.scopes.joined(separator: ","))] }
        oauth.tokens = [
            .accessToken, .expiresIn, .account("open_id"), .refreshExpiresIn("refresh_expires_in"), .refreshToken,
            .scope(separator: ","), .type("Bearer"),
        ]
        oauth.refusal = {
            refusal($0.fault == .invalidClient ? 401 : 400, $0.fault.code, $0.fault.sentence)
        }
    }

    var apiRoutes: [StandInRoute] {
        [
            StandInRoute(.get, "/api/v2/user/info/") { [self] request throws(TikTokFault) in
                Self.answer(try user(request))
            },
            StandInRoute(.post, "/api/v2/video/list/") { [self] request throws(TikTokFault) in
                Self.answer(try videos(request))
            },
        ]
    }

    private static func answer(_ data: JSONValue) -> Answer {
        .json(200, ["data": data, "error": ["code": "ok", "message": "", "log_id": .string(logID())]])
    }

    static func logID() -> String { "20260301000000" + RandomText.base62(20) }

    func failure(_ status: UInt16, _ request: SandboxRequest?, kind: RouteKind) -> Answer {
        guard kind == .api else {
            return Self.refusal(
                status, status >= 500 ? "server_error" : status == 401 ? "invalid_client" : "invalid_grant", "")
        }
        switch status {
        case 401: return TikTokFault.invalidToken.answer
        case 403:
            return TikTokFault(status: 403, code: "scope_permission_missed", message: "A permission is missing.").answer
        case 429: return TikTokFault.throttled.answer
        case 500...: return TikTokFault(status: status, code: "internal_error", message: "Something is wrong.").answer
        default:
            return TikTokFault(status: status, code: "invalid_params", message: "The request cannot be served.").answer
        }
    }

    // MARK: Tokens

    private static func refusal(_ status: UInt16, _ error: String, _ sentence: String) -> Answer {
        .json(
            status,
            ["error": .string(error), "error_description": .string(sentence), "log_id": .string(logID())])
    }

    // MARK: The Display API

    private func account(of request: SandboxRequest, _ scope: String) throws(TikTokFault) -> Int {
        guard case .live(let grant, let scopes) = server.bearer(request) else { throw .invalidToken }
        guard scopes.contains(scope) else { throw .scopeMissing }
        guard limiter.count(request.path, RequestQuota(requests: 600, seconds: 60)).isAdmitted else { throw .throttled }
        return grant.account
    }

    private static func fields(_ request: SandboxRequest, among known: [String]) throws(TikTokFault) -> [String] {
        let asked = (request.query["fields"] ?? "").split(separator: ",").map(String.init)
        guard !asked.isEmpty, asked.allSatisfy(known.contains) else {
            throw .parameter("Fields have to be some of \(known.joined(separator: ",")).")
        }
        return asked
    }

    private func user(_ request: SandboxRequest) throws(TikTokFault) -> JSONValue {
        let asked = try Self.fields(request, among: Self.userFields)
        let account = server.account(try account(of: request, "user.info.basic"))
        let all: [(key: String, value: JSONValue)] = [
            ("open_id", .string(account.id)), ("union_id", .string("u" + account.id)),
            ("avatar_url", "https://media.example/avatar"), ("display_name", .string(account.name)),
        ]
        return ["user": .object(all.filter { asked.contains($0.key) })]
    }

    /// A page, newest first; the cursor is a time in milliseconds.
    private func videos(_ request: SandboxRequest) throws(TikTokFault) -> JSONValue {
        let asked = try Self.fields(request, among: Self.videoFields)
        let account = try account(of: request, "video.list")
        guard request.contentType == "application/json", let body = try? JSONValue.parse(request.body) else {
            throw .parameter("The body has to be JSON.")
        }
        let limit = Int(body["max_count"]?.integer ?? 10)
        guard 1...20 ~= limit else { throw .parameter("max_count has to be from 1 to 20.") }
        let before = body["cursor"]?.integer.flatMap { $0 == 0 ? nil : $0 } ?? .max
        return dataset.withTable(account, 0) { table, _, context in
            let found = table.newestFirst(below: nil, limit: limit) { Self.cursor($0) < before }
            let rows = found.positions.map { position in
                let all = Self.text(context, table.objects[position])
                return JSONValue.object(all.filter { asked.contains($0.key) })
            }
            let cursor = found.positions.last.map { Self.cursor(table.objects[$0]) } ?? 0
            return ["videos": .array(rows), "cursor": .integer(cursor), "has_more": .boolean(found.hasMore)]
        }
    }

    /// Videos of the same second differ here.
    private static func cursor(_ object: SandboxObject) -> Int64 { object.created * 1000 + Int64(object.number % 1000) }

    private static let videos = ObjectType(
        "videos", count: 140,
        id: { String(7_200_000_000_000_000_000 + $0.account * 1_000_000_000 + $1 * 7919) }, text: text)

    private static func text(_ context: DataContext, _ object: SandboxObject) -> [(key: String, value: JSONValue)] {
        var random = context.draw("tiktok-video", object.number)
        return [
            ("id", .string(object.id)), ("create_time", .integer(object.created)),
            ("cover_image_url", .string("https://media.example/\(object.id)/cover")),
            ("share_url", .string("https://www.tiktok.example/video/\(object.id)")),
            ("embed_link", .string("https://www.tiktok.example/embed/\(object.id)")),
            ("video_description", .string(random.chance(80) ? "Take \(object.number) #fyp & more" : "")),
            ("title", .string("Take \(object.number)")), ("duration", .integer(random.within(5...180))),
            ("height", 1024), ("width", 576), ("like_count", .integer(random.below(100_000) + object.revision)),
            ("comment_count", .integer(random.below(4000))), ("share_count", .integer(random.below(900))),
            ("view_count", .integer(random.below(3_000_000))),
        ]
    }
}
