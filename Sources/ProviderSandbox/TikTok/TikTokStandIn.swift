// TikTok with Login Kit and the Display API: `client_key`, slashes at the end, an `error` in every answer whose code is
// "ok", rotation without grace, codes that have to be decoded.

import HTTPServer
import ProviderSDK

struct TikTokFault: Error, Sendable {
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

final class TikTokStandIn: StandIn {
    private static let userFields = ["open_id", "union_id", "avatar_url", "display_name"]
    private static let videoFields = [
        "id", "create_time", "cover_image_url", "share_url", "video_description", "duration", "height", "width",
        "title",
        "embed_link", "like_count", "comment_count", "share_count", "view_count",
    ]

    let providerID = "tiktok"
    let oauth: OAuthServer?
    let limiter: RequestLimiter?
    let data: (any SandboxData)?
    private let server: OAuthServer
    private let limits: RequestLimiter
    private let dataset: Dataset

    init(_ environment: SandboxEnvironment) {
        let seed = environment.configuration.seed
        let accounts = environment.accounts { number in
            var draw = Draw(seed: seed, account: number, type: "tiktok-account", number: 0)
            return SandboxAccount(id: "-000" + draw.base62(32), name: "creator \(number + 1) 🎬")
        }
        let rules = OAuthRules(
            clientID: environment.setting("tiktok", "clientId", "tiktok-sandbox-key"),
            clientSecret: environment.setting("tiktok", "clientSecret", "tiktok-sandbox-secret")
        ) { rules in
            rules.clientAuthentication = [.form]
            rules.clientIDParameter = "client_key"
            rules.redirectURIs = environment.configuration.redirectURIs["tiktok"] ?? []
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
        server = OAuthServer(
            "TikTok", rules, accounts: accounts, clock: environment.clock,
            denial: [("error", "access_denied"), ("error_description", "User cancelled the authorization")],
            callbackParameters: { [("scopes", $0.scopes.joined(separator: ","))] })
        oauth = server
        limits = environment.limiter()
        limiter = limits
        dataset = Dataset(environment, name: "tiktok", types: [Self.videos], accounts: accounts)
        data = dataset
    }

    func settings() -> [String: String] {
        ["clientId": server.rules.clientID, "clientSecret": server.rules.clientSecret]
    }

    func endpoints(origin: String) -> [String: String] {
        [
            "authorize": "\(origin)/tiktok/v2/auth/authorize/", "token": "\(origin)/tiktok/api/v2/oauth/token/",
            "revoke": "\(origin)/tiktok/api/v2/oauth/revoke/", "api": "\(origin)/tiktok/api",
        ]
    }

    var routes: [StandInRoute] {
        [
            StandInRoute(.get, "/v2/auth/authorize/", .authorize) { [server] in server.authorize($0) },
            StandInRoute(.post, "/v2/auth/authorize/", .authorize) { [server] in server.authorize($0) },
            StandInRoute(.post, "/api/v2/oauth/token/", .token) { [self] in token($0) },
            StandInRoute(.post, "/api/v2/oauth/revoke/", .revoke) { [self] in revoke($0) },
            StandInRoute(.get, "/api/v2/user/info/") { [self] request in
                answered { () throws(TikTokFault) in try user(request) }
            },
            StandInRoute(.post, "/api/v2/video/list/") { [self] request in
                answered { () throws(TikTokFault) in try videos(request) }
            },
        ]
    }

    private func answered(_ handler: () throws(TikTokFault) -> JSONValue) -> Answer {
        do throws(TikTokFault) {
            let ok: JSONValue = ["code": "ok", "message": "", "log_id": .string(Self.logID())]
            return .json(200, ["data": try handler(), "error": ok])
        } catch {
            return error.answer
        }
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

    private func token(_ request: SandboxRequest) -> Answer {
        do throws(OAuthFault) {
            let tokens = try server.token(request)
            return .json(
                200,
                [
                    "access_token": .string(tokens.accessToken), "expires_in": .integer(tokens.accessTokenSeconds),
                    "open_id": .string(server.account(tokens.grant.account).id),
                    "refresh_expires_in": .integer(tokens.refreshTokenSeconds),
                    "refresh_token": .text(tokens.refreshToken), "scope": .string(tokens.scopes.joined(separator: ",")),
                    "token_type": "Bearer",
                ])
        } catch {
            return Self.refusal(error == .invalidClient ? 401 : 400, error.code, error.sentence)
        }
    }

    private func revoke(_ request: SandboxRequest) -> Answer {
        do throws(OAuthFault) { try server.authenticate(request) } catch {
            return Self.refusal(401, error.code, error.sentence)
        }
        guard let token = request.form["token"] else {
            return Self.refusal(400, "invalid_request", "The token is missing.")
        }
        server.withServer { server, _ in
            if let grant = server.grant(of: token) { server.revokeGrant(grant.number) }
        }
        return .json(200, .object([]))
    }

    // MARK: The Display API

    private func account(of request: SandboxRequest, _ scope: String) throws(TikTokFault) -> Int {
        guard case .live(let grant, let scopes) = server.bearer(request) else { throw .invalidToken }
        guard scopes.contains(scope) else { throw .scopeMissing }
        guard limits.count(request.path, RequestQuota(requests: 600, seconds: 60)).isAdmitted else { throw .throttled }
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
        make: { context, number, created in
            SandboxObject(
                number: number, id: String(7_200_000_000_000_000_000 + context.account * 1_000_000_000 + number * 7919),
                created: created, updated: created * 1000)
        }, render: { JSONValue.object(text($0, $1)).serialized }, change: { _, _ in })

    private static func text(_ context: DataContext, _ object: SandboxObject) -> [(key: String, value: JSONValue)] {
        var draw = context.draw("tiktok-video", object.number)
        return [
            ("id", .string(object.id)), ("create_time", .integer(object.created)),
            ("cover_image_url", .string("https://media.example/\(object.id)/cover")),
            ("share_url", .string("https://www.tiktok.example/video/\(object.id)")),
            ("embed_link", .string("https://www.tiktok.example/embed/\(object.id)")),
            ("video_description", .string(draw.chance(80) ? "Take \(object.number) #fyp & more" : "")),
            ("title", .string("Take \(object.number)")), ("duration", .integer(draw.within(5...180))),
            ("height", 1024), ("width", 576), ("like_count", .integer(draw.below(100_000) + object.revision)),
            ("comment_count", .integer(draw.below(4000))), ("share_count", .integer(draw.below(900))),
            ("view_count", .integer(draw.below(3_000_000))),
        ]
    }
}
