// Refreshing over a real store and a real socket: one request for all callers, no token lost with an answer, and few requests on failure.

import Primitives
import ProviderSDK
import Synchronization
import TestSupport
import Testing
import Users

@testable import ConnectionModel
@testable import HTTPAPI
@testable import OAuth
@testable import Providers
@testable import Requests

@Suite("Refresh service", .timeLimit(.minutes(1)))
struct RefreshServiceTests {
    private let clock = ManualClock()

    /// The pair in the answer to the token request with this index.
    static func pair(_ index: Int, life: Int = 3600) -> TokenServer.Reply {
        .json(
            200,
            #"{"access_token":"a\#(index + 1)","refresh_token":"r\#(index + 1)","expires_in":\#(life),"token_type":"Bearer"}"#
        )
    }

    @Test("A thousand concurrent callers share one token request and get the new token")
    func singleFlight() async throws {
        let (answer, line) = (Latch(), TaskLine())
        let server = try TokenServer { request in
            answer.wait()
            return Self.pair(request.index)
        }
        let fixture = try OAuthFixture(server.url, time: clock.source)
        let id = try await fixture.connect(life: 10)
        let tokens = try await withThrowingTaskGroup(of: String.self) { group in
            for number in 0..<1000 {
                group.addTask(executorPreference: line) {
                    switch number % 3 {
                    case 0: try await fixture.token(id)
                    case 1: try await fixture.refresh(id, replacing: "a0")
                    default: try await fixture.refresh(id)
                    }
                }
            }
            // The answer comes when all have called.
            await Task(executorPreference: line) { answer.open() }.value
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(tokens.count == 1000)
        #expect(Set(tokens) == ["a1"])
        #expect(server.requests().count == 1)
        #expect(server.requests()[0].form["refresh_token"] == "r0")
        #expect(try await fixture.tokens(id) == ["a1", "r1"])
        // A late caller with the previous token gets the new one without a request.
        #expect(try await fixture.refresh(id, replacing: "a0") == "a1")
        #expect(server.requests().count == 1)
        server.stop()
        fixture.stop()
    }

    @Test("The intent is durable before the request is sent")
    func intentFirst() async throws {
        let seen = Mutex<OAuthFixture?>(nil)
        let intents = Mutex<[Bool]>([])
        let server = try TokenServer { request in
            if let fixture = seen.withLock({ $0 }) {
                // The cache holds only durable state.
                let cached = fixture.users.cached("u")?.user.connections.first
                intents.withLock { $0.append(cached?.refresh.intent?.generation == 0) }
            }
            return Self.pair(request.index)
        }
        let fixture = try OAuthFixture(server.url, time: clock.source)
        seen.withLock { $0 = fixture }
        let id = try await fixture.connect()
        _ = try await fixture.refresh(id)
        #expect(intents.withLock { $0 } == [true])
        #expect(try await fixture.connection(id).refresh.intent == nil)
        seen.withLock { $0 = nil }
        server.stop()
        fixture.stop()
    }

    static let lost: [(name: String, reply: TokenServer.Reply)] = [
        ("dropped", .drop), ("500", .json(500, "")), ("503 invalid_grant", .json(503, #"{"error":"invalid_grant"}"#)),
        ("not JSON", .json(200, "<html>")), ("cut off", .raw("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"acc")),
        ("no token", .json(200, "{}")),
        ("huge", .json(200, #"{"access_token":"x","pad":""# + String(repeating: "x", count: 100_000) + #""}"#)),
        ("not HTTP", .raw("hello\r\n\r\n")),
    ]

    @Test("A lost answer keeps both tokens, and a retry with the old refresh token gets the outcome", arguments: 0..<8)
    func unknown(_ number: Int) async throws {
        let lost = Self.lost[number]
        let server = try TokenServer { $0.index == 0 ? lost.reply : Self.pair($0.index) }
        let fixture = try OAuthFixture(server.url, time: clock.source)
        let id = try await fixture.connect(life: 100)
        await #expect(throws: ProviderError.self) { try await fixture.refresh(id, replacing: "a0") }
        let connection = try await fixture.connection(id)
        #expect(connection.refresh.isUnknown, "\(lost.name)")
        #expect(connection.refresh.lastFailure == .unknown)
        #expect(connection.status == .connected)
        #expect(connection.failure?.kind == .unknown)
        #expect(try await fixture.tokens(id) == ["a0", "r0"])
        #expect(connection.refresh.nextAttemptAt != nil)
        // The token is used until it expires, and no caller retries before the pause has passed.
        #expect(try await fixture.token(id) == "a0")
        await #expect(throws: ProviderError.self) { try await fixture.refresh(id, replacing: "a0") }
        #expect(server.requests().count == 1)
        #expect(try await fixture.refresh(id) == "a2", "a person need not wait")
        #expect(server.requests().map { $0.form["refresh_token"] } == ["r0", "r0"])
        #expect(try await !fixture.connection(id).refresh.isUnknown)
        #expect(try await fixture.connection(id).failure == nil)
        server.stop()
        fixture.stop()
    }

    @Test("A refusal after a lost answer ends the grant with a reason, and sends one event")
    func refused() async throws {
        let server = try TokenServer { $0.index == 0 ? .drop : .json(400, #"{"error":"invalid_grant"}"#) }
        let fixture = try OAuthFixture(server.url, time: clock.source)
        let id = try await fixture.connect()
        _ = try? await fixture.refresh(id)
        await fixture.refreshPastRefusal(id, clock)
        var connection = try await fixture.connection(id)
        #expect(connection.status == .expired)
        #expect(connection.failure?.kind == .authRevoked)
        #expect(connection.failure?.code == "invalid_grant")
        #expect(connection.failure?.message.contains("was lost") == true)
        #expect(connection.outbox.isEmpty, "the application is not notified yet")
        await #expect(throws: ProviderError.self) { try await fixture.refresh(id, replacing: "a0") }
        #expect(server.requests().count == 3, "no caller sends the dead token again")
        clock.advance(by: .seconds(600))
        await fixture.reconciler.reconcile(try await fixture.users.user("u"), at: clock.source.now)
        try await waitUntil("the last attempt", every: .milliseconds(1)) {
            try await !fixture.connection(id).refresh.isDoubted
        }
        connection = try await fixture.connection(id)
        #expect(connection.status == .expired)
        #expect(connection.outbox.map(\.kind) == [.expired])
        #expect(server.requests().count == 4)
        await fixture.reconciler.reconcile(try await fixture.users.user("u"), at: clock.source.now)
        #expect(try await fixture.connection(id).outbox.count == 1)
        server.stop()
        fixture.stop()
    }

    @Test("A refusal that passes within 2 seconds, or within 10 minutes, costs nothing", arguments: [1, 2])
    func passing(_ refusals: Int) async throws {
        let server = try TokenServer { request in
            request.index < refusals ? .json(400, #"{"error":"invalid_grant"}"#) : Self.pair(request.index)
        }
        let fixture = try OAuthFixture(server.url, time: clock.source)
        let id = try await fixture.connect()
        let first = await fixture.refreshPastRefusal(id, clock)
        if refusals == 1 {
            #expect(first == "a2")
        } else {
            #expect(first == nil)
            #expect(try await fixture.connection(id).status == .expired)
            clock.advance(by: .seconds(600))
            await fixture.reconciler.reconcile(try await fixture.users.user("u"), at: clock.source.now)
            try await waitUntil("the connection", every: .milliseconds(1)) {
                try await fixture.connection(id).status == .connected
            }
        }
        let connection = try await fixture.connection(id)
        #expect(connection.status == .connected)
        #expect(connection.failure == nil)
        #expect(connection.outbox.isEmpty, "the application never heard of it")
        #expect(try await fixture.tokens(id) == ["a\(refusals + 1)", "r\(refusals + 1)"])
        server.stop()
        fixture.stop()
    }

    static let oddLives = [
        "\"3600\"", "\"3600.0\"", "3599.75", "3600.0", "0", "-1", "\"\"", "\"never\"", "null", "1893456000", "1e30",
        "true",
        #"{"s":1}"#, "[]",
    ]

    @Test("A pair with an odd lifetime is stored, and the grant notes what was odd", arguments: oddLives)
    func oddLife(_ life: String) async throws {
        let server = try TokenServer { _ in
            .json(200, #"{"access_token":"a1","refresh_token":"r1","token_type":"","scope":[],"expires_in":\#(life)}"#)
        }
        let fixture = try OAuthFixture(server.url, time: clock.source) { $0.lifetimes.accessToken = .seconds(1800) }
        let id = try await fixture.connect { $0.stored.grantedScopes = ["kept"] }
        #expect(try await fixture.refresh(id) == "a1")
        #expect(try await fixture.tokens(id) == ["a1", "r1"])
        let connection = try await fixture.connection(id)
        let isSaid = life.contains("3600") || life.contains("3599")
        let seconds = isSaid ? (life.contains("3599") ? 3599 : 3600) : 1800
        #expect(connection.expiresAt == clock.source.now.advanced(by: .seconds(Int64(seconds))))
        #expect(connection.grantedScopes == ["kept"], "an empty list of scopes says nothing")
        let isOdd = connection.grant.oddities.contains { $0.contains("expires_in") }
        #expect(isOdd == (!isSaid && life != "null"))
        #expect(connection.grant.oddities.contains { $0.contains("token_type") })
        #expect(connection.status == .connected)
        server.stop()
        fixture.stop()
    }

    @Test("Answers in other forms are read: a form, a doubled member, a damaged text, an odd refresh token")
    func otherForms() async throws {
        let answers = [
            "access_token=a1&refresh_token=r1&expires_in=3600&scope=x+y",
            #"{"access_token":"a2","refresh_token":"r2","scope":"x","scope":"y"}"#,
            #"{"access_token":"a3","refresh_token":"r3","name":"\ud800"}"#,
            #"{"access_token":"a4","refresh_token":5}"#,
            #"{"access_token":"a5","refresh_token":"r5","error":"warning"}"#,
        ]
        let server = try TokenServer { .json(200, answers[$0.index]) }
        let fixture = try OAuthFixture(server.url, time: clock.source)
        let id = try await fixture.connect()
        for (number, expected) in [("a1", "r1"), ("a2", "r2"), ("a3", "r3"), ("a4", "r3"), ("a5", "r5")].enumerated() {
            #expect(try await fixture.refresh(id) == expected.0, "\(answers[number])")
            #expect(try await fixture.tokens(id) == [expected.0, expected.1])
        }
        #expect(try await ["x", "y"].contains(fixture.connection(id).grantedScopes.last))
        server.stop()
        fixture.stop()
    }

    static let definite: [(status: Int, body: String, failure: RefreshFailure.Reason, ends: Bool)] = [
        (400, #"{"error":"invalid_grant"}"#, .revoked, true),
        (401, #"{"error":"invalid_client"}"#, .misconfigured, false),
        (400, #"{"error":"invalid_scope"}"#, .scopeLost, false), (429, "", .rateLimited, false),
        (302, "", .misconfigured, false), (403, "", .misconfigured, false),
    ]

    @Test("A definite refusal is no unknown outcome, and only invalid_grant ends the grant", arguments: 0..<6)
    func classes(_ number: Int) async throws {
        let answer = Self.definite[number]
        let server = try TokenServer { _ in .json(answer.status, answer.body) }
        let fixture = try OAuthFixture(server.url, time: clock.source)
        let id = try await fixture.connect()
        if answer.ends { await fixture.refreshPastRefusal(id, clock) } else { _ = try? await fixture.refresh(id) }
        let connection = try await fixture.connection(id)
        #expect(connection.refresh.lastFailure == answer.failure)
        #expect(!connection.refresh.isUnknown)
        #expect((connection.status == .expired) == answer.ends)
        #expect(connection.refresh.nextAttemptAt != nil)
        #expect(server.requests().count == (answer.ends ? 2 : 1))
        server.stop()
        fixture.stop()
    }

    @Test("An unreachable provider leaves no unknown outcome, and the pause is kept over a restart")
    func unreachable() async throws {
        let server = try TokenServer { Self.pair($0.index) }
        let url = server.url
        server.stop()
        let first = try OAuthFixture(url, time: clock.source)
        let id = try await first.connect(life: -10)
        await #expect(throws: ProviderError.self) { try await first.token(id) }
        #expect(try await first.connection(id).refresh.lastFailure == .transient)
        #expect(try await !first.connection(id).refresh.isUnknown)
        #expect(try await first.connection(id).refresh.nextAttemptAt != nil)
        first.stop()
        let second = try OAuthFixture(url, after: first)
        #expect(try await second.connection(id).refresh.wait(at: clock.source.now) != nil)
        await #expect(throws: ProviderError.self) { try await second.token(id) }
        #expect(try await second.connection(id).refresh.failures == 1, "nobody asked again")
        second.stop()
    }

    @Test("A stop between intent and answer is an unknown outcome after the restart")
    func crash() async throws {
        let server = try TokenServer { Self.pair($0.index) }
        let first = try OAuthFixture(server.url, time: clock.source)
        let id = try await first.connect()
        try await first.users.update("u") { (user) throws(ServiceError) in
            try user.updateFirst { $0.refreshBegan(at: clock.source.now) }
        }
        first.stop()
        let second = try OAuthFixture(server.url, after: first)
        #expect(try await second.connection(id).refresh.isUnknown)
        // The reconciliation refreshes the connection, although the token is valid for an hour.
        await second.reconciler.reconcile(try await second.users.user("u"), at: clock.source.now)
        try await waitUntil("the refresh", every: .milliseconds(1)) {
            try await !second.connection(id).refresh.isUnknown
        }
        #expect(try await second.tokens(id) == ["a1", "r1"])
        #expect(server.requests().map { $0.form["refresh_token"] } == ["r0"])
        server.stop()
        second.stop()
    }

    @Test("A pair that arrives after the connection ended is discarded and revoked")
    func late() async throws {
        let answer = Latch()
        let server = try TokenServer { request in
            guard request.path == "/token" else { return .json(200, "") }
            answer.wait()
            return Self.pair(request.index)
        }
        let fixture = try OAuthFixture(server.url, time: clock.source) { $0.revocation = Revocation() }
        let id = try await fixture.connect()
        let refreshed = Task { try await fixture.refresh(id) }
        try await waitUntil("the request to the server", every: .milliseconds(1)) { !server.requests().isEmpty }
        let now = clock.source.now
        try await fixture.users.update("u") { (user) throws(ServiceError) in
            try user.update(id) { (connection) throws(ServiceError) in try connection.disconnected(nil, at: now) }
        }
        answer.open()
        await #expect(throws: ProviderError.self) { try await refreshed.value }
        let connection = try await fixture.connection(id)
        #expect(connection.status == .disconnected)
        #expect(connection.credentials.isEmpty)
        #expect(server.requests("/revoke").map { $0.form["token"] } == ["r1"])
        server.stop()
        fixture.stop()
    }

    @Test("An answer counts only for the pair that the request was begun with", arguments: [true, false])
    func otherGeneration(succeeds: Bool) async throws {
        let answer = Latch()
        let server = try TokenServer { request in
            answer.wait()
            return succeeds ? Self.pair(request.index) : .json(400, #"{"error":"invalid_grant"}"#)
        }
        let fixture = try OAuthFixture(server.url, time: clock.source)
        let id = try await fixture.connect(life: 10)
        let refreshed = Task { try await fixture.refresh(id) }
        try await waitUntil("the request to the server", every: .milliseconds(1)) { !server.requests().isEmpty }
        // Another host with the same documents has refreshed the token meanwhile.
        let (now, vault) = (clock.source.now, fixture.vault)
        func seal(_ text: String, _ field: String) throws(ServiceError) -> String {
            try vault.seal(Secret(text), user: "u", connection: id, field: field)
        }
        let newer = SealedTokens(
            accessToken: try seal("newer", "accessToken"), refreshToken: try seal("newer refresh", "refreshToken"),
            expiresAt: now.advanced(by: .seconds(3600)), refreshExpiresAt: nil, grantExpiresAt: nil, scopes: nil)
        try await fixture.users.update("u") { (user) throws(ServiceError) in
            try user.update(id) { (connection) throws(ServiceError) in
                try connection.refreshed(newer, at: now)
            }
        }
        answer.open()
        await #expect(throws: ProviderError.self) { try await refreshed.value }
        #expect(try await fixture.tokens(id) == ["newer", "newer refresh"])
        #expect(try await fixture.connection(id).status == .connected)
        #expect(try await fixture.connection(id).failure == nil)
        server.stop()
        fixture.stop()
    }

    @Test("A token source of an earlier grant gets no token of the next grant")
    func fenced() async throws {
        let server = try TokenServer { Self.pair($0.index) }
        let fixture = try OAuthFixture(server.url, time: clock.source)
        let id = try await fixture.connect()
        let grant = try await fixture.connection(id).grant.number
        let begun = fixture.refresher.source(user: "u", connection: id, provider: fixture.provider, grant: grant)
        #expect(try await begun.accessToken().value == "a0")
        try await fixture.users.update("u") { (user) throws(ServiceError) in
            try user.update(id) { (connection) throws(ServiceError) in
                connection.stored.grantNumber += 1
                connection.stored.accessToken = try fixture.vault.seal(
                    Secret("other"), user: "u", connection: id, field: "accessToken")
            }
        }
        await #expect(throws: ProviderError.self) { try await begun.accessToken() }
        await #expect(throws: ProviderError.self) { try await begun.replacement(for: Secret("a0")) }
        let later = fixture.refresher.source(user: "u", connection: id, provider: fixture.provider, grant: grant + 1)
        #expect(try await later.accessToken().value == "other")
        #expect(server.requests().isEmpty)
        server.stop()
        fixture.stop()
    }

    @Test("Many connections to a failing provider make few requests")
    func damped() async throws {
        let server = try TokenServer { _ in .json(503, "") }
        let fixture = try OAuthFixture(server.url, time: clock.source)
        var ids: [String] = []
        for _ in 0..<60 { ids.append(try await fixture.connect(life: -10)) }
        for id in ids { await #expect(throws: ProviderError.self) { try await fixture.token(id) } }
        #expect(server.requests().count == CircuitBreaker.failuresMax)
        clock.advance(by: CircuitBreaker.pauseFirst)
        for id in ids { await #expect(throws: ProviderError.self) { try await fixture.token(id) } }
        #expect(server.requests().count == CircuitBreaker.failuresMax + 1, "one request finds out whether it works")
        server.stop()
        fixture.stop()
    }

    @Test("Expiring and unused tokens are refreshed by schedule, and valid ones are not")
    func schedule() async throws {
        let server = try TokenServer { Self.pair($0.index, life: 7200) }
        let fixture = try OAuthFixture(server.url, time: clock.source)
        let expiring = try await fixture.connect(life: 20)
        let unused = try await fixture.connect(life: nil) { connection in
            connection.stored.issuedAt = clock.source.now.advanced(by: .seconds(-50 * 86_400))
            connection.stored.refreshExpiresAt = clock.source.now.advanced(by: .seconds(10 * 86_400))
        }
        let good = try await fixture.connect(life: 7200)
        let ended = try await fixture.connect(life: 20) { $0.stored.status = .expired }
        await fixture.reconciler.reconcile(try await fixture.users.user("u"), at: clock.source.now)
        for id in [expiring, unused] {
            try await waitUntil("the refresh", every: .milliseconds(1)) {
                try await fixture.connection(id).refresh.generation != 0
            }
        }
        #expect(server.requests().count == 2)
        #expect(try await fixture.tokens(good) == ["a0", "r0"])
        #expect(try await fixture.tokens(ended) == ["a0", "r0"])
        server.stop()
        fixture.stop()
    }

    @Test("An upcoming end of a grant sends one event")
    func expiring() async throws {
        let server = try TokenServer { Self.pair($0.index) }
        let fixture = try OAuthFixture(server.url, time: clock.source)
        let end = clock.source.now.advanced(by: .seconds(5 * 86_400))
        let id = try await fixture.connect(life: 7200) { $0.stored.grantExpiresAt = end }
        try await fixture.users.update("u") { (user) throws(ServiceError) in
            try user.updateFirst { connection in
                connection.stored.issuedAt = clock.source.now.advanced(by: .seconds(-60 * 86_400))
                connection.stored.expiresAt = nil
            }
        }
        for _ in 0..<3 { await fixture.reconciler.reconcile(try await fixture.users.user("u"), at: clock.source.now) }
        let connection = try await fixture.connection(id)
        #expect(connection.grant.deadline?.reason == .grantEnds)
        #expect(connection.outbox.map(\.kind) == [.expiring])
        server.stop()
        fixture.stop()
    }

    @Test("An answer without a lifetime gets the provider's default lifetime")
    func defaultLifetime() async throws {
        let server = try TokenServer { _ in .json(200, #"{"access_token":"a1"}"#) }
        let fixture = try OAuthFixture(server.url, time: clock.source) { $0.lifetimes.accessToken = .seconds(1800) }
        let id = try await fixture.connect()
        _ = try await fixture.refresh(id)
        let connection = try await fixture.connection(id)
        let life = try #require(connection.expiresAt).duration(since: try #require(connection.credentials.issuedAt))
        #expect(life == .seconds(1800))
        #expect(try await fixture.tokens(id) == ["a1", "r0"], "a refresh token that did not come anew is kept")
        server.stop()
        fixture.stop()
    }
}
