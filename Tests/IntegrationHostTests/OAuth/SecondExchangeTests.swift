// Authorizations whose first token is exchanged for another one: what is durable when, and what becomes of failures.

import Primitives
import ProviderSDK
import Synchronization
import TestSupport
import Testing
import Users

@testable import ConnectionModel
@testable import OAuth

@Suite("Second exchanges", .timeLimit(.minutes(1)))
struct SecondExchangeTests {
    /// A provider that exchanges a first token once more.
    static func exchangesTwice(_ oauth: inout OAuth2) {
        oauth.secondExchange = SecondExchange(endpoint: "api", path: "/long", grantType: "exchange")
        oauth.lifetimes.accessToken = .seconds(60 * 86_400)
        oauth.refresh = .none
    }

    @Test(
        "The first of two tokens is durable before it is exchanged, whatever the exchange answers, also over a restart",
        arguments: [
            .json(503, ""), .drop, .json(200, "[]"), .json(200, #"{"access_token":5}"#), .json(502, "<html>"),
            .json(429, "{}"),
        ] as [TokenServer.Reply])
    func firstToken(_ reply: TokenServer.Reply) async throws {
        let isDown = Mutex(true)
        let server = try TokenServer { request in
            switch request.path {
            case "/token": .json(200, #"{"access_token":"short","scope":"one"}"#)
            case "/api/long" where isDown.withLock { $0 }: reply
            case "/api/long": .json(200, #"{"access_token":"long"}"#)
            default: .json(200, #"{"id":"account","name":"Account"}"#)
            }
        }
        let first = try OAuthFixture(server.url, Self.exchangesTwice)
        let begun = try await CallbackTests.begin(first)
        await #expect(throws: CallbackFailure.self) { try await CallbackTests.bring(begun.state, to: first) }
        let pending = try await first.connection(begun.connectionID)
        #expect(pending.status == .pending && pending.grant.unidentified?.awaitsExchange == true)
        #expect(pending.expiresAt == nil, "The declared life is that of the second token.")
        #expect(try await first.tokens(begun.connectionID) == ["short", nil])
        first.stop()
        isDown.withLock { $0 = false }
        let now = TimeSource.system.now.advanced(by: .seconds(1800))
        let later = ManualClock(millisecondsSince1970: now.milliseconds)
        let second = try OAuthFixture(server.url, after: first, time: later.source, Self.exchangesTwice)
        await second.grants.reconcile(try await second.users.user("u"), at: now)
        try await waitUntil("the completed connection", every: .milliseconds(1)) {
            try await second.connection(begun.connectionID).status == .connected
        }
        let finished = try await second.connection(begun.connectionID)
        #expect(try await second.tokens(begun.connectionID) == ["long", nil])
        #expect(finished.grantedScopes == ["one"] && finished.expiresAt == now.advanced(by: .seconds(60 * 86_400)))
        #expect(server.requests().count == 1, "the code was spent once")
        #expect(server.requests("/api/long").last?.form["access_token"] == "short")
        server.stop()
        second.stop()
    }

    @Test("When the first of two tokens is refused, the authorization fails and leaves no token; another stays")
    func firstTokenRefused() async throws {
        let server = try TokenServer { request in
            switch request.path {
            case "/token": .json(200, #"{"access_token":"short"}"#)
            case "/api/long": .json(400, #"{"error":"invalid_grant"}"#)
            default: .json(200, #"{"id":"account"}"#)
            }
        }
        let fixture = try OAuthFixture(server.url, Self.exchangesTwice)
        let earlier = try await fixture.connect()
        let begun = try await CallbackTests.begin(fixture)
        await #expect(throws: CallbackFailure.self) { try await CallbackTests.bring(begun.state, to: fixture) }
        let failed = try await fixture.connection(begun.connectionID)
        #expect(failed.status == .error && failed.credentials.isEmpty && failed.grant.unidentified == nil)
        #expect(try await fixture.connection(earlier).status == .connected)
        #expect(try await fixture.tokens(earlier) == ["a0", "r0"])
        server.stop()
        fixture.stop()
    }
}
