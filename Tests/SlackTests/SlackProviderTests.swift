// Slack beyond its tables and its messages: conformance, lists, identity, error classes, OAuth, events.

import ProviderSDK
import ProviderSDKTesting
import Testing

@testable import Slack

@Suite("Slack provider", .timeLimit(.minutes(2)))
struct SlackProviderTests {
    let provider = SlackProvider()
    let now = Timestamp(iso8601: "2024-06-01") ?? .epoch

    func context(_ answer: @escaping @Sendable (ProviderRequest) -> ProviderResponse) -> (ProviderContext, ScriptedHTTP)
    {
        let http = ScriptedHTTP(provider.manifest, now: now, answer: answer)
        return (.testing(http, accountID: "T1", now: now), http)
    }

    @Test("Passes the conformance checks of every provider")
    func conforms() { #expect(ProviderConformance(provider).problems() == []) }

    @Test("The documented list entry matches the manifest")
    func isDocumented() {
        let manifest = provider.manifest
        #expect(manifest.id == "slack")
        #expect(manifest.name == "Slack")
        #expect(manifest.description == "Team communication and notifications")
        #expect(manifest.category == "Communication")
        #expect(manifest.features == ["notifications", "messaging", "alerts"])
        #expect(manifest.scopes.documented.map(\.name) == ["chat:write", "channels:read", "users:read"])
        #expect(manifest.dataTypes.map(\.name) == ["messages", "channels", "users"])
    }

    @Test("Channels page until the cursor is empty, an empty page included")
    func pagesChannels() async throws {
        let (context, http) = context { request in
            switch request.query.first(where: { $0.name == "cursor" })?.value {
            case nil: .json(#"{"ok":true,"channels":[{"id":"C1"}],"response_metadata":{"next_cursor":"a="}}"#)
            case "a=": .json(#"{"ok":true,"channels":[],"response_metadata":{"next_cursor":"b="}}"#)
            default: .json(#"{"ok":true,"channels":[{"id":"C2"}],"response_metadata":{"next_cursor":""}}"#)
            }
        }
        var ids: [JSONValue?] = []
        var cursor: JSONValue?
        repeat {
            let page = try await provider.page(PageRequest(dataType: "channels", cursor: cursor), in: context)
            ids += page.records.map { $0.value["id"] }
            cursor = page.next
        } while cursor != nil
        #expect(ids == ["C1", "C2"])
        #expect(
            http.requests[0].query == [
                NamedValue("types", "public_channel,private_channel"), NamedValue("exclude_archived", "false"),
                NamedValue("limit", "200"),
            ])
        #expect(http.requests.map(\.rateLimit) == Array(repeating: "conversations.list", count: 3))
    }

    @Test("Without the right to list private channels the public ones are listed, on every page")
    func listsPublicChannels() async throws {
        let (context, http) = context { request in
            request.query.contains(NamedValue("types", "public_channel"))
                ? .json(
                    #"{"ok":true,"channels":[{"id":"C1"}],"response_metadata":{"next_cursor":"\#(request.query.count)"}}"#
                )
                : .json(#"{"ok":false,"error":"missing_scope","needed":"groups:read","provided":"channels:read"}"#)
        }
        let first = try await provider.page(PageRequest(dataType: "channels"), in: context)
        #expect(first.records.count == 1)
        _ = try await provider.page(PageRequest(dataType: "channels", cursor: first.next), in: context)
        #expect(
            http.requests.map { $0.query[0].value } == [
                "public_channel,private_channel", "public_channel", "public_channel",
            ])
    }

    @Test("Without a scope to list channels the missing scope is named")
    func tellsMissingScope() async throws {
        let (context, _) = context { _ in
            .json(#"{"ok":false,"error":"missing_scope","needed":"channels:read,groups:read","provided":"users:read"}"#)
        }
        let error = await #expect(throws: ProviderError.self) {
            try await provider.page(PageRequest(dataType: "channels"), in: context)
        }
        #expect(error?.kind == .scopeMissing(["channels:read", "groups:read"]))
    }

    @Test("Users are listed page by page")
    func pagesUsers() async throws {
        let (context, http) = context { _ in
            .json(#"{"ok":true,"members":[{"id":"U1"}],"response_metadata":{"next_cursor":""}}"#)
        }
        let page = try await provider.page(PageRequest(dataType: "users"), in: context)
        #expect(page.records.count == 1 && page.next == nil)
        #expect(http.requests[0].path == "/users.list")
        #expect(http.requests[0].rateLimit == "users.list")
    }

    @Test("An organisation is read workspace by workspace", arguments: ["channels", "users", "messages"])
    func walksOrganisations(dataType: String) async throws {
        let http = ScriptedHTTP(provider.manifest, now: now) { request in
            func query(_ name: String) -> String { request.query.first { $0.name == name }?.value ?? "" }
            let team = query("team_id")
            switch (request.path, query("cursor")) {
            case ("/auth.teams.list", ""):
                return .json(#"{"ok":true,"teams":[{"id":"T1"},{"id":"T2"}],"response_metadata":{"next_cursor":"t"}}"#)
            case ("/auth.teams.list", _): return .json(#"{"ok":true,"teams":[{"id":"T3"}]}"#)
            case ("/conversations.history", _):
                return .json(#"{"ok":true,"messages":[{"ts":"1.0","id":"\#(query("channel"))"}]}"#)
            case (_, ""):
                let lists = #""channels":[{"id":"\#(team)a"}],"members":[{"id":"\#(team)a"}]"#
                return .json(
                    #"{"ok":true,\#(lists),"response_metadata":{"next_cursor":"\#(team == "T2" ? "n" : "")"}}"#)
            default: return .json(#"{"ok":true,"channels":[{"id":"\#(team)b"}],"members":[{"id":"\#(team)b"}]}"#)
            }
        }
        let context = ProviderContext.testing(http, accountID: "E1", now: now)
        var ids: [JSONValue] = []
        var cursor: JSONValue?
        repeat {
            let page = try await provider.page(PageRequest(dataType: dataType, cursor: cursor), in: context)
            ids += page.records.compactMap { $0.value["id"] }
            cursor = try page.next.map { try JSONValue.parse($0.serialized) }
        } while cursor != nil && http.requests.count < 50
        #expect(ids == ["T1a", "T2a", "T2b", "T3a"])
    }

    @Test("An unknown data type is refused")
    func refusesUnknownDataTypes() async {
        let (context, _) = context { _ in .json("{}") }
        await #expect(throws: ProviderError.self) {
            try await provider.page(PageRequest(dataType: "files"), in: context)
        }
    }

    @Test(
        "The account is the workspace, or the organisation that installed the app",
        arguments: [
            (
                #"{"ok":true,"team":{"id":"T9","name":"Softball"},"enterprise":{"id":"E1","name":"Sports"},"is_enterprise_install":false}"#,
                "T9", "Softball", 0
            ),
            (#"{"ok":true,"team":{"id":"T9","name":"Softball"},"enterprise":null}"#, "T9", "Softball", 0),
            (
                #"{"ok":true,"team":null,"enterprise":{"id":"E1","name":"Sports"},"is_enterprise_install":true}"#, "E1",
                "Sports", 0
            ),
            (
                #"{"ok":true,"team":{"id":"T9","name":"x"},"enterprise":{"id":"E1","name":"Sports"},"is_enterprise_install":true}"#,
                "E1", "Sports", 0
            ),
            (#"{"ok":true}"#, "T7", "Seven", 1), (#"{"ok":true,"is_enterprise_install":true}"#, "E7", "Seven", 1),
        ])
    func identifies(token: String, id: String, name: String, calls: Int) async throws {
        let (context, http) = context { _ in
            .json(#"{"ok":true,"team":"Seven","team_id":"T7","enterprise_id":"E7","user_id":"U1"}"#)
        }
        let grant = TokenGrant(response: try JSONValue.parse(Array(token.utf8)), claims: [:], callback: [:])
        #expect(try await provider.identity(of: grant, in: context) == AccountIdentity(id: id, name: name))
        #expect(http.requests.map(\.path) == Array(repeating: "/auth.test", count: calls))
    }

    @Test(
        "Error answers fall into the right class, with status 200 too",
        arguments: [
            (200, #"{"ok":true}"#, nil), (200, #"{"ok":false,"error":"invalid_auth"}"#, .authExpired),
            (200, #"{"ok":false,"error":"token_expired"}"#, .authExpired),
            (200, #"{"ok":false,"error":"token_revoked"}"#, .authExpired),
            (200, #"{"ok":false,"error":"account_inactive"}"#, .authRevoked),
            (200, #"{"ok":false,"error":"not_authed"}"#, .authRevoked),
            (
                200, #"{"ok":false,"error":"missing_scope","needed":"channels:history","provided":"x"}"#,
                .scopeMissing(["channels:history"])
            ), (200, #"{"ok":false,"error":"no_permission"}"#, .scopeMissing([])),
            (200, #"{"ok":false,"error":"org_login_required"}"#, .scopeMissing([])),
            (200, #"{"ok":false,"error":"ratelimited"}"#, .rateLimited(after: .seconds(60))),
            (200, #"{"ok":false,"error":"not_in_channel"}"#, .permanent),
            (200, #"{"ok":false,"error":"channel_not_found"}"#, .permanent),
            (200, #"{"ok":false,"error":"limit_required"}"#, .permanent),
            (200, #"{"ok":false,"error":"invalid_cursor"}"#, .cursorRefused),
            (200, #"{"ok":false,"error":"request_timeout"}"#, .transient),
            (200, #"{"ok":false,"error":"fatal_error"}"#, .transient),
            (200, #"{"ok":false,"error":"internal_error"}"#, .transient),
            (200, #"{"ok":false,"error":"team_added_to_org"}"#, .transient),
            (401, #"{"ok":false,"error":"invalid_auth"}"#, .authExpired), (503, "<html>", .transient),
            (404, "<html>", .permanent),
        ] as [(Int, String, ProviderError.Kind?)])
    func classifies(status: Int, body: String, kind: ProviderError.Kind?) {
        let error = provider.manifest.errors.error(for: .json(body, status: status), now: now)
        #expect(error?.kind == kind)
        if body.contains("error") { #expect(error?.code != nil) }
    }

    @Test("A 429 waits as long as it says")
    func waits() {
        let response = ProviderResponse.json(
            #"{"ok":false,"error":"ratelimited"}"#, status: 429, headers: [NamedValue("Retry-After", "30")])
        #expect(provider.manifest.errors.error(for: response, now: now)?.kind == .rateLimited(after: .seconds(30)))
    }

    @Test(
        "The token endpoint's own errors are told apart",
        arguments: [
            (200, "invalid_code", ProviderError.Kind.authRevoked), (200, "code_already_used", .authRevoked),
            (200, "invalid_refresh_token", .authRevoked), (200, "token_revoked", .authRevoked),
            (400, "invalid_grant", .authRevoked), (200, "bad_client_secret", .misconfigured),
            (200, "invalid_client_id", .misconfigured), (200, "bad_redirect_uri", .misconfigured),
            (200, "internal_error", .transient), (200, "something_new", .permanent),
            (429, "ratelimited", .rateLimited(after: .seconds(1))),
        ])
    func classifiesTokenErrors(status: Int, code: String, kind: ProviderError.Kind) throws {
        let oauth = try oauth()
        let error = oauth.tokenErrors.error(for: .json(#"{"ok":false,"error":"\#(code)"}"#, status: status), now: now)
        #expect(error?.kind == kind)
        #expect(error?.code == code)
        #expect(oauth.tokenErrors.error(for: .json(#"{"ok":true,"access_token":"x"}"#), now: now) == nil)
        #expect(oauth.tokenErrors.error(for: .json(#"{"ok":false}"#), now: now)?.kind == .permanent)
    }

    func oauth() throws -> OAuth2 {
        guard case .oauth2(let oauth) = provider.manifest.auth else {
            throw ProviderError(.permanent, "Slack is not connected with OAuth.")
        }
        return oauth
    }

    @Test("OAuth is described as Slack has it")
    func describesOAuth() throws {
        let oauth = try oauth()
        #expect(oauth.clientAuthentication == .clientSecretBasic)
        #expect(oauth.pkce == .unsupported)
        #expect(oauth.scopeSeparator == ",")
        #expect(oauth.tokenResponse.acceptedTokenTypes.contains("bot"))
        #expect(oauth.lifetimes.accessToken == nil)
        guard case .refreshToken(.rotates(let grace)) = oauth.refresh else { throw ProviderError(.permanent, "x") }
        #expect(grace == .zero)
        let revocation = try #require(oauth.revocation)
        #expect(revocation.token == .accessToken)
        #expect(revocation.tokenParameter.isEmpty)
        #expect(try #require(revocation.succeedsWhen).isMet(by: ["ok": true, "revoked": true], now: now))
        #expect(try #require(revocation.succeedsWhen).isMet(by: ["ok": false, "error": "token_revoked"], now: now))
        #expect(try !#require(revocation.succeedsWhen).isMet(by: ["ok": false, "error": "internal_error"], now: now))
    }

    @Test("An authorization asks for reading public channels, and for more only by name")
    func asksForScopes() {
        let manifest = provider.manifest
        #expect(
            manifest.requestedScopes(for: []) == ["channels:read", "users:read", "channels:history"])
        let named = ["chat:write", "groups:read", "groups:history", "users:read.email"]
        #expect(manifest.requestedScopes(for: named, dataTypes: []) == named)
        #expect(manifest.requestedScopes(for: ["chat:write"], dataTypes: []) == ["chat:write"])
        #expect(
            manifest.scopes.missing(
                manifest.dataType("messages")?.scopes ?? [], granted: ["chat:write", "channels:read"])
                == ["channels:history"])
    }

    @Test("Each method has a limit of its own, and messages one that the operator can change")
    func limitsRates() {
        let limits = provider.manifest.rateLimits
        func requests(_ name: String, _ settings: [String: String] = [:]) -> Int? {
            limits.first { $0.name == name }?.requests(in: settings)
        }
        #expect(limits.allSatisfy { $0.scope == .account && $0.interval == .seconds(60) })
        #expect(requests("conversations.list") == 20)
        #expect(requests("users.list") == 20)
        #expect(requests("conversations.history") == 50)
        #expect(requests("conversations.replies", ["messageRequestsPerMinute": "1"]) == 1)
        #expect(requests("conversations.list", ["messageRequestsPerMinute": "1"]) == 20)
    }

    @Test("Events are signed with a version, the time and the body")
    func describesSignature() throws {
        let scheme = try #require(provider.manifest.webhooks)
        #expect(scheme.algorithm == .hmacSHA256(secretSetting: "signingSecret"))
        #expect(scheme.header == "X-Slack-Signature")
        #expect(scheme.encoding == .hex)
        #expect(scheme.layout == .plain(prefix: "v0="))
        #expect(scheme.timestampHeader == "X-Slack-Request-Timestamp")
        #expect(scheme.payload == [.text("v0:"), .timestamp, .text(":"), .body])
        #expect(scheme.tolerance == .seconds(300))
    }
}
