// Authorizations from their URL to the connected account: what a callback needs, how it can be attacked, and what is kept
// when the provider fails during the flow.

import Cryptography
import Primitives
import ProviderSDK
import Synchronization
import TestSupport
import Testing
import Users

@testable import ConnectionModel
@testable import HTTPAPI
@testable import OAuth
@testable import Requests

@Suite("Callbacks", .timeLimit(.minutes(1)))
struct CallbackTests {
    static let tokens = #"{"access_token":"secret-a","refresh_token":"secret-r","expires_in":3600,"scope":"one"}"#

    /// A provider that issues tokens and names their account.
    static func server(
        me: @escaping @Sendable (TokenServer.Request) -> TokenServer.Reply = { _ in
            .json(200, #"{"id":"account","name":"Account"}"#)
        }, token: @escaping @Sendable (TokenServer.Request) -> TokenServer.Reply = { _ in .json(200, tokens) }
    ) throws -> TokenServer {
        try TokenServer { request in
            switch request.path {
            case "/token": token(request)
            case "/api/me": me(request)
            default: .json(200, "{}")
            }
        }
    }

    static func begin(_ fixture: OAuthFixture) async throws -> OAuthService.Authorization {
        try await fixture.oauth.authorize(
            .init(service: "plain", callerState: "mine"), for: OAuthFixture.principal)
    }

    static func bring(
        _ state: String, _ more: [NamedValue] = [NamedValue("code", "c")], to fixture: OAuthFixture,
        as principal: Principal = OAuthFixture.principal
    ) async throws(CallbackFailure) -> OAuthService.Completion {
        try await fixture.oauth.complete(
            service: "plain", query: [NamedValue("state", state)] + more, for: principal)
    }

    // MARK: Redirect URIs

    static let nearMisses: [String] = {
        let good = "https://app.example.com/callback"
        var bad = [
            "http://app.example.com/callback", "HTTPS://app.example.com/callback", "https://APP.example.com/callback",
            "https://app.example.com:443/callback", "https://app.example.com:8443/callback",
            "https://app.example.com/callback/", "https://app.example.com/Callback", "https://app.example.com/callbac",
            "https://app.example.com//callback", "https://app.example.com/./callback",
            "https://app.example.com/x/../callback", "https://app.example.com/callback/..",
            "https://app.example.com/callback/../callback", "https://app.example.com/callback?x=1",
            "https://app.example.com/callback?", "https://app.example.com/callback#",
            "https://app.example.com/callback#x",
            "https://user@app.example.com/callback", "https://app.example.com@evil.example/callback",
            "https://user:pw@app.example.com/callback", "https://app.example.com%2ecallback",
            "https://app.example.com/%63allback", "https://app.example.com/callback%00",
            "https://app.example.com/callback%20", "https://app.example.com/callback%2f",
            "https://app.example.com\\callback", "https:\\\\app.example.com\\callback",
            "https:/app.example.com/callback",
            "https:app.example.com/callback", "//app.example.com/callback", "app.example.com/callback", "/callback", "",
            " https://app.example.com/callback", "https://app.example.com/callback ",
            "\thttps://app.example.com/callback",
            "https://app.example.com/callback\r\n", "https://app.example.com/callback\0",
            "https://app.example.com./callback",
            "https://xapp.example.com/callback", "https://app.example.com.evil.example/callback",
            "https://app.example.com/callback;x", "https://app.example.com/callback,x", "javascript:alert(1)",
            "data:text/html,x", "https://[::1]/callback", "https://127.0.0.1/callback",
            "https://app.example.com/callback&x=1", "https://*.example.com/callback", "https://app.example.com/*",
            "https://\u{430}pp.example.com/callback", "https://app.example.com/callback\u{200B}",
            "https://app.example.com/call\u{AD}back", "https://app.example.com/ca\u{301}llback",
            "https://host.example/api/integrations/oauth/other/callback",
        ]
        bad += [good + good, String(good.reversed())]
        return bad
    }()

    @Test("A redirect URI that differs from a registered one in a byte is refused")
    func redirects() async throws {
        #expect(Self.nearMisses.count >= 50)
        let fixture = try OAuthFixture("http://127.0.0.1:1")
        for uri in Self.nearMisses {
            await #expect(throws: ServiceError.self, "\(uri)") {
                try await fixture.oauth.authorize(
                    .init(service: "plain", redirectURI: uri), for: OAuthFixture.principal)
            }
        }
        #expect(try await fixture.users.user("u").connections.isEmpty)
        for uri in ["https://app.example.com/callback", "https://host.example/api/integrations/oauth/plain/callback"] {
            _ = try await fixture.oauth.authorize(
                .init(service: "plain", redirectURI: uri), for: OAuthFixture.principal)
        }
        fixture.stop()
    }

    // MARK: Account ids

    @Test(
        "An account id of another form is refused, and neither account nor tokens are kept",
        arguments: [
            "", " a", "a ", "a\nb", "a\u{7F}", "a\u{85}", "\u{202E}a", "\u{2028}", String(repeating: "a", count: 256),
        ])
    func accountID(id: String) async throws {
        let answer = JSONValue.object([("id", .string(id)), ("name", "Account")]).description
        let server = try Self.server(me: { _ in .json(200, answer) })
        let fixture = try OAuthFixture(server.url)
        let state = try await Self.begin(fixture).state
        let error = await #expect(throws: CallbackFailure.self) { try await Self.bring(state, to: fixture) }
        guard case .provider(let shown) = error?.error else { throw ExpectationFailure() }
        #expect(shown.kind == .permanent)
        let connection = try #require(try await fixture.users.user("u").connections.first)
        #expect(connection.status == .error && connection.accountID == nil && connection.credentials.isEmpty)
        fixture.stop()
        server.stop()
    }

    private struct ExpectationFailure: Error {}

    @Test("A callback with an account id of another form is refused before its code is used")
    func callbackAccountID() async throws {
        let server = try Self.server()
        let fixture = try OAuthFixture(server.url) {
            $0.callbackParameters = [CallbackParameter("realmId", isRequired: true)]
        } manifest: { manifest in
            manifest.identity = IdentitySource(id: ["callback.realmId"], name: [])
            manifest.accountIDs = AccountIDForm(.digits, bytesMax: 32)
        }
        for id in ["1/../2", "1 ", "1\u{202E}", "one", String(repeating: "1", count: 33)] {
            let state = try await Self.begin(fixture).state
            let error = await #expect(throws: CallbackFailure.self, "\(id)") {
                try await Self.bring(state, [NamedValue("code", "c"), NamedValue("realmId", id)], to: fixture)
            }
            guard case .invalid("realmId", _) = error?.error else { throw ExpectationFailure() }
        }
        #expect(server.requests().isEmpty)
        #expect(try await fixture.users.user("u").connections.allSatisfy { $0.accountID == nil && !$0.isConnected })
        let state = try await Self.begin(fixture).state
        _ = try await Self.bring(state, [NamedValue("code", "c"), NamedValue("realmId", "4620816365")], to: fixture)
        #expect(try await fixture.users.user("u").connections.contains { $0.accountID == "4620816365" })
        fixture.stop()
        server.stop()
    }

    // MARK: State

    @Test("A changed state, or one of another session or user, is refused before any request")
    func altered() async throws {
        let server = try Self.server()
        let fixture = try OAuthFixture(server.url)
        let state = try await Self.begin(fixture).state
        let bytes = Array(state.utf8)
        for index in bytes.indices {
            for bit in 0..<7 {
                var changed = bytes
                changed[index] ^= 1 << UInt8(bit)
                let text = String(decoding: changed, as: UTF8.self)
                await #expect(throws: CallbackFailure.self, "\(index) \(bit)") {
                    try await Self.bring(text, to: fixture)
                }
            }
        }
        for principal in [
            Principal(userID: "u", roles: [], kind: .session, sessionBinding: "other"),
            Principal(userID: "v", roles: [], kind: .session, sessionBinding: "s"),
        ] {
            await #expect(throws: CallbackFailure.state(.otherSession)) {
                try await Self.bring(state, to: fixture, as: principal)
            }
        }
        #expect(server.requests().isEmpty)
        let completion = try await Self.bring(state, to: fixture)
        #expect(completion.callerState == "mine")
        await #expect(throws: CallbackFailure.state(.alreadyUsed)) {
            try await Self.bring(state, [NamedValue("code", "other")], to: fixture)
        }
        #expect(server.requests().count == 1)
        server.stop()
        fixture.stop()
    }

    @Test("The challenge matches the vector of RFC 7636 appendix B, and the sent verifier matches its challenge")
    func pkce() async throws {
        #expect(
            SHA256.digest("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk").base64URL
                == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM")
        let server = try Self.server()
        let fixture = try OAuthFixture(server.url)
        let authorization = try await Self.begin(fixture)
        let challenge = try #require(
            authorization.url.split(separator: "&").first { $0.hasPrefix("code_challenge=") }?.dropFirst(15))
        #expect(authorization.url.contains("code_challenge_method=S256"))
        _ = try await Self.bring(authorization.state, to: fixture)
        let verifier = try #require(server.requests()[0].form["code_verifier"])
        #expect(SHA256.digest(verifier).base64URL == String(challenge))
        #expect(verifier.utf8.count >= 43)
        server.stop()
        fixture.stop()
    }

    @Test(
        "An issuer mismatch, an incomplete callback and a refusal are recorded, cut and without control characters"
    )
    func refusals() async throws {
        let server = try Self.server()
        let fixture = try OAuthFixture(server.url) { $0.issuer = "https://issuer.example" }
        let bad: [([NamedValue], String)] = [
            ([NamedValue("code", "c"), NamedValue("iss", "https://issuer.example/")], "issuer_mismatch"),
            ([], "callback_incomplete"),
            (
                [
                    NamedValue("error", "access_denied\u{1B}[31m"),
                    NamedValue("error_description", String(repeating: "<b>\r\n", count: 500)),
                ], "access_denied [31m"
            ),
        ]
        for (query, code) in bad {
            let begun = try await Self.begin(fixture)
            await #expect(throws: CallbackFailure.self) { try await Self.bring(begun.state, query, to: fixture) }
            let connection = try await fixture.connection(begun.connectionID)
            #expect(connection.status == .error)
            #expect(connection.failure?.code == code)
            #expect(connection.failure?.message.utf8.allSatisfy { $0 >= 0x20 } == true)
            #expect((connection.failure?.message.unicodeScalars.count ?? 999) <= ProviderError.messageLengthMax)
        }
        #expect(server.requests().isEmpty)
        let begun = try await Self.begin(fixture)
        _ = try await Self.bring(
            begun.state, [NamedValue("code", "c"), NamedValue("iss", "https://issuer.example")], to: fixture)
        server.stop()
        fixture.stop()
    }

    @Test("Without an issuer in the manifest, an issuer of another origin than the endpoints is refused")
    func foreignIssuer() async throws {
        let server = try Self.server()
        let fixture = try OAuthFixture(server.url)
        for issuer in ["https://evil.example", server.url + "0", "http://127.0.0.1.evil.example", "", "evil"] {
            let begun = try await Self.begin(fixture)
            await #expect(throws: CallbackFailure.self, "\(issuer)") {
                try await Self.bring(begun.state, [NamedValue("code", "c"), NamedValue("iss", issuer)], to: fixture)
            }
            #expect(try await fixture.connection(begun.connectionID).failure?.code == "issuer_mismatch")
        }
        #expect(server.requests().isEmpty)
        let begun = try await Self.begin(fixture)
        _ = try await Self.bring(
            begun.state, [NamedValue("code", "c"), NamedValue("iss", server.url + "/tenant")], to: fixture)
        server.stop()
        fixture.stop()
    }

    @Test("A grant without an expiry in the answer gets the provider's default, and a refresh does not extend it")
    func usualEnd() async throws {
        let server = try Self.server()
        let fixture = try OAuthFixture(server.url) { oauth in
            oauth.tokenResponse.refreshHardExpiresIn = ["x_refresh_token_hard_expires_in"]
            oauth.lifetimes = TokenLifetimes(
                accessToken: .seconds(3600), refreshTokenIdle: .seconds(100 * 86_400),
                grant: .seconds(5 * 365 * 86_400))
        }
        let id = try await Self.bring(try await Self.begin(fixture).state, to: fixture).connectionID
        let credentials = try await fixture.connection(id).credentials
        let issuedAt = try #require(credentials.issuedAt)
        #expect(credentials.grantExpiresAt?.duration(since: issuedAt) == .seconds(5 * 365 * 86_400))
        let idle = try #require(credentials.refreshExpiresAt).duration(since: issuedAt)
        #expect(idle > .seconds(100 * 86_400 - 60) && idle <= .seconds(100 * 86_400))
        _ = try await fixture.refresh(id)
        let after = try await fixture.connection(id).credentials
        #expect(after.grantExpiresAt == credentials.grantExpiresAt)
        server.stop()
        fixture.stop()
    }

    // MARK: Grants that are held

    @Test(
        "Tokens without a known account are kept over a restart, and the connection is completed later"
    )
    func held() async throws {
        let isDown = Mutex(true)
        let server = try Self.server(me: { _ in
            isDown.withLock { $0 } ? .json(503, "") : .json(200, #"{"id":"account","name":"Account"}"#)
        })
        let first = try OAuthFixture(server.url)
        let begun = try await Self.begin(first)
        await #expect(throws: CallbackFailure.self) { try await Self.bring(begun.state, to: first) }
        let connection = try await first.connection(begun.connectionID)
        #expect(connection.status == .pending)
        #expect(connection.grant.unidentified != nil)
        #expect(connection.failure?.operation == .identify)
        #expect(try await first.tokens(begun.connectionID) == ["secret-a", "secret-r"])
        first.stop()
        isDown.withLock { $0 = false }
        // An hour later.
        let now = TimeSource.system.now.advanced(by: .seconds(3600))
        let later = ManualClock(millisecondsSince1970: now.milliseconds)
        let second = try OAuthFixture(server.url, after: first, time: later.source)
        await second.grants.reconcile(try await second.users.user("u"), at: now)
        try await waitUntil("the completed connection", every: .milliseconds(1)) {
            try await second.connection(begun.connectionID).status == .connected
        }
        let finished = try await second.connection(begun.connectionID)
        #expect(finished.accountID == "account")
        #expect(finished.grantedScopes == ["one"])
        #expect(finished.grant.unidentified == nil)
        #expect(finished.failure == nil)
        #expect(server.requests().count == 1, "the code was spent once")
        server.stop()
        second.stop()
    }

    @Test(
        "When the caller of a callback goes away, the tokens are kept and no failure is stored",
        arguments: ["/token", "/api/me"])
    func callerGone(_ path: String) async throws {
        let server = try Self.server(
            me: { request in
                let reply = TokenServer.Reply.json(200, #"{"id":"account","name":"Account"}"#)
                return path == "/api/me" && request.index == 0 ? .late(milliseconds: 1000, reply) : reply
            },
            token: { _ in
                path == "/token" ? .late(milliseconds: 200, .json(200, Self.tokens)) : .json(200, Self.tokens)
            })
        let fixture = try OAuthFixture(server.url)
        let begun = try await Self.begin(fixture)
        let caller = Task { try await Self.bring(begun.state, to: fixture) }
        try await waitUntil("the request", every: .milliseconds(1)) { !server.requests(path).isEmpty }
        caller.cancel()
        await #expect(throws: CallbackFailure.self) { try await caller.value }
        let left = try await fixture.connection(begun.connectionID)
        #expect(left.failure == nil)
        #expect(left.grant.unidentified?.attempts == 0)
        fixture.stop()
        let now = TimeSource.system.now.advanced(by: .seconds(60))
        let second = try OAuthFixture(
            server.url, after: fixture, time: ManualClock(millisecondsSince1970: now.milliseconds).source)
        await second.grants.reconcile(try await second.users.user("u"), at: now)
        try await waitUntil("the completed connection", every: .milliseconds(1)) {
            try await second.connection(begun.connectionID).status == .connected
        }
        server.stop()
        second.stop()
    }

    @Test("A grant that cannot be completed is revoked and its tokens are erased")
    func abandoned() async throws {
        let server = try Self.server(me: { _ in .json(400, "{}") })
        let fixture = try OAuthFixture(server.url) { $0.revocation = Revocation() }
        let begun = try await Self.begin(fixture)
        await #expect(throws: CallbackFailure.self) { try await Self.bring(begun.state, to: fixture) }
        let connection = try await fixture.connection(begun.connectionID)
        #expect(connection.status == .error)
        #expect(connection.credentials.isEmpty)
        #expect(connection.revocation == .revoked)
        #expect(server.requests("/revoke").map { $0.form["token"] } == ["secret-r"])
        server.stop()
        fixture.stop()
    }

    @Test("Reconnecting an account keeps id and settings; an account with an equivalent id is another account")
    func reconnect() async throws {
        let account = Mutex("caf\u{E9}")
        let server = try Self.server(me: { _ in .json(200, #"{"id":"\#(account.withLock { $0 })","name":"N"}"#) })
        let fixture = try OAuthFixture(server.url)
        let first = try await Self.bring(try await Self.begin(fixture).state, to: fixture).connectionID
        try await fixture.users.update("u") { (user) throws(ServiceError) in
            try user.update(first) { (connection) throws(ServiceError) in
                connection.stored.syncFrequency = .daily
                connection.stored.status = .expired
            }
        }
        let again = try await Self.bring(try await Self.begin(fixture).state, to: fixture).connectionID
        #expect(again == first)
        let connection = try await fixture.connection(first)
        #expect(connection.status == .connected)
        #expect(connection.settings.syncFrequency == .daily)
        #expect(try await fixture.tokens(first) == ["secret-a", "secret-r"])
        #expect(try await fixture.users.user("u").connections.count == 1)
        // Canonically equivalent, but different bytes.
        account.withLock { $0 = "cafe\u{301}" }
        let other = try await Self.bring(try await Self.begin(fixture).state, to: fixture).connectionID
        #expect(other != first)
        server.stop()
        fixture.stop()
    }

    @Test("Connections that were never completed are removed after their time; others are kept")
    func pruned() async throws {
        let fixture = try OAuthFixture("http://127.0.0.1:1")
        let abandoned = try await Self.begin(fixture).connectionID
        let crashed = try await Self.begin(fixture).connectionID
        let failed = try await Self.begin(fixture).connectionID
        let connected = try await fixture.connect()
        try await fixture.users.update("u") { (user) throws(ServiceError) in
            try user.update(crashed) { (connection) throws(ServiceError) in connection.stored.authorizations = [] }
            try user.update(failed) { (connection) throws(ServiceError) in
                connection.stored.authorizations = []
                connection.stored.status = .error
            }
        }
        func left(after seconds: Int64) async throws -> [String] {
            await fixture.grants.reconcile(
                try await fixture.users.user("u"), at: TimeSource.system.now.advanced(by: .seconds(seconds)))
            return try await fixture.users.user("u").connections.map(\.id)
        }
        #expect(try await left(after: 3000) == [abandoned, crashed, failed, connected])
        #expect(try await left(after: 3700) == [failed, connected])
        #expect(try await left(after: 86_500) == [connected])
        fixture.stop()
    }

    // MARK: Hostile answers

    static let hostile: [(status: Int, body: String)] = [
        (200, ""), (200, "null"), (200, "[]"), (200, "true"), (200, "\"access_token\""), (200, "{}"),
        (200, #"{"access_token":null}"#), (200, #"{"access_token":""}"#), (200, #"{"access_token":5}"#),
        (200, #"{"access_token":["a"]}"#), (200, #"{"access_token":{"a":"b"}}"#), (200, #"{"access_token":"a b"}"#),
        (200, "{\"access_token\":\"a\\r\\nX: y\"}"), (200, "{\"access_token\":\"a\\u0000\"}"),
        (200, #"{"access_token":"é"}"#), (200, #"{"access_token":true}"#), (200, #"{"access_token":1.5}"#),
        (200, #"{"access_token":"a","token_type":"mac"}"#), (200, #"{"access_token":"a","token_type":"DPoP"}"#),
        (200, #"{"access_token":"a","token_type":"N_A"}"#), (200, #"{"access_token":"a","token_type":" mac "}"#),
        (200, #"{"refresh_token":"r"}"#), (200, "access_token="), (200, "access_token=a b"), (200, "access_token=%"),
        (200, #"{"access_token":""# + String(repeating: "a", count: 20_000) + #""}"#),
        (200, #"{"access_token":"a","x":""# + String(repeating: "a", count: 100_000) + #""}"#),
        (200, #"{"access_token":"a","x":"# + String(repeating: "[", count: 5000)), (200, #"{"access_token":"a""#),
        (200, #"{"error":"invalid_grant"}"#), (302, #"{"access_token":"a"}"#), (400, #"{"access_token":"a"}"#),
        (401, #"{"access_token":"a"}"#), (429, #"{"access_token":"a"}"#), (500, #"{"access_token":"a"}"#),
        (200, "access_token=a&token_type=mac"),
    ]

    static let odd = [
        #"{"access_token":"a","token_type":""}"#, #"{"access_token":"a","token_type":5}"#,
        #"{"access_token":"a","token_type":["Bearer"]}"#, #"{"access_token":"a","token_type":" BEARER "}"#,
        #"{"access_token":"a","expires_in":0}"#, #"{"access_token":"a","expires_in":"soon"}"#,
        #"{"access_token":"a","expires_in":1e400}"#, #"{"access_token":"a","refresh_token":5}"#,
        #"{"access_token":"a","refresh_token":"r\n"}"#, #"{"access_token":"a","scope":{}}"#,
        "access_token=a&token_type=bearer",
    ]

    @Test("What is odd beside the tokens of an answer is no reason to refuse them", arguments: odd)
    func oddAnswers(_ body: String) async throws {
        let server = try Self.server(token: { _ in .json(200, body) })
        let fixture = try OAuthFixture(server.url)
        let begun = try await Self.begin(fixture)
        let id = try await Self.bring(begun.state, to: fixture).connectionID
        #expect(try await fixture.connection(id).status == .connected)
        #expect(try await fixture.tokens(id) == ["a", nil])
        server.stop()
        fixture.stop()
    }

    @Test("A hostile token answer connects no account and leaves no token")
    func hostileAnswers() async throws {
        let number = Mutex(0)
        let server = try Self.server(token: { _ in
            let answer = Self.hostile[number.withLock { $0 }]
            return .json(answer.status, answer.body)
        })
        let fixture = try OAuthFixture(server.url)
        for index in Self.hostile.indices {
            number.withLock { $0 = index }
            let begun = try await Self.begin(fixture)
            await #expect(throws: CallbackFailure.self, "\(Self.hostile[index].body.prefix(60))") {
                try await Self.bring(begun.state, to: fixture)
            }
            let connection = try await fixture.connection(begun.connectionID)
            #expect(connection.status == .error, "\(Self.hostile[index].body.prefix(60))")
            #expect(connection.credentials.isEmpty)
        }
        #expect(Self.hostile.count >= 30)
        #expect(server.requests("/api/me").isEmpty)
        server.stop()
        fixture.stop()
    }
}
