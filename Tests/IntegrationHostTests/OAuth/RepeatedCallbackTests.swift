// Callbacks that come more than once: reloads, double clicks, two windows, a restart in between. The provider accepts a code once, so
// the same callback gets the same answer without another request, and any other use of the state is refused.

import Primitives
import ProviderSDK
import Synchronization
import TestSupport
import Testing
import Users

@testable import ConnectionModel
@testable import OAuth

@Suite("Repeated callbacks", .timeLimit(.minutes(1)))
struct RepeatedCallbackTests {
    private typealias Tests = CallbackTests

    /// The outcomes of `count` callbacks at the same time.
    private static func together(
        _ count: Int, _ fixture: OAuthFixture, _ state: String, code: @escaping @Sendable (Int) -> String
    ) async -> [Result<OAuthService.Completion, CallbackFailure>] {
        await withTaskGroup(of: Result<OAuthService.Completion, CallbackFailure>.self) { group in
            for index in 0..<count {
                group.addTask {
                    do throws(CallbackFailure) {
                        return .success(
                            try await Tests.bring(state, [NamedValue("code", code(index))], to: fixture))
                    } catch { return .failure(error) }
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
    }

    @Test("A hundred times the same callback: one token request and one answer, also after a restart")
    func same() async throws {
        let server = try Tests.server(token: { _ in .late(milliseconds: 100, .json(200, Tests.tokens)) })
        let first = try OAuthFixture(server.url)
        let state = try await Tests.begin(first).state
        let outcomes = await Self.together(100, first, state) { _ in "c" }
        let answers = try outcomes.map { try $0.get() }
        #expect(Set(answers.map(\.connectionID)).count == 1)
        #expect(answers.allSatisfy { $0.callerState == "mine" })
        #expect(server.requests().count == 1)
        first.stop()
        let second = try OAuthFixture(server.url, after: first)
        let again = try await Tests.bring(state, to: second)
        #expect(again.connectionID == answers[0].connectionID && again.callerState == "mine")
        #expect(server.requests().count == 1 && server.requests("/api/me").count == 1)
        await #expect(throws: CallbackFailure.state(.alreadyUsed)) {
            try await Tests.bring(state, [NamedValue("code", "other")], to: second)
        }
        server.stop()
        second.stop()
    }

    @Test("Different codes with one state at the same time: one is exchanged, and the others are refused")
    func differentCodes() async throws {
        let server = try Tests.server(token: { _ in .late(milliseconds: 100, .json(200, Tests.tokens)) })
        let fixture = try OAuthFixture(server.url)
        let state = try await Tests.begin(fixture).state
        let outcomes = await Self.together(20, fixture, state) { "c\($0)" }
        #expect(outcomes.count { (try? $0.get()) != nil } == 1)
        #expect(
            outcomes.allSatisfy { outcome in
                if case .failure(let error) = outcome { error == .state(.alreadyUsed) } else { true }
            })
        #expect(server.requests().count == 1)
        server.stop()
        fixture.stop()
    }

    @Test("The same callback of another session or user is refused, before and after the first")
    func otherSession() async throws {
        let server = try Tests.server()
        let fixture = try OAuthFixture(server.url)
        let state = try await Tests.begin(fixture).state
        _ = try await Tests.bring(state, to: fixture)
        for principal in [
            Principal(userID: "u", kind: .session, sessionBinding: "other"),
            Principal(userID: "v", kind: .session, sessionBinding: "s"),
        ] {
            await #expect(throws: CallbackFailure.self) { try await Tests.bring(state, to: fixture, as: principal) }
        }
        server.stop()
        fixture.stop()
    }

    @Test("A refused code and a denial get the same refusal again, without another request")
    func refused() async throws {
        let server = try Tests.server(token: { _ in .json(400, #"{"error":"invalid_grant"}"#) })
        let fixture = try OAuthFixture(server.url)
        for query in [[NamedValue("code", "c")], [NamedValue("error", "access_denied")]] {
            let state = try await Tests.begin(fixture).state
            let first = await #expect(throws: CallbackFailure.self) { try await Tests.bring(state, query, to: fixture) }
            let asked = server.requests().count
            let second = await #expect(throws: CallbackFailure.self) {
                try await Tests.bring(state, query, to: fixture)
            }
            #expect(first == second && first?.refusesState == false)
            #expect(server.requests().count == asked)
        }
        server.stop()
        fixture.stop()
    }

    @Test("Ten minutes after the first callback the same one is refused")
    func late() async throws {
        let server = try Tests.server()
        let clock = ManualClock(millisecondsSince1970: TimeSource.system.now.milliseconds)
        let fixture = try OAuthFixture(server.url, time: clock.source)
        let state = try await Tests.begin(fixture).state
        _ = try await Tests.bring(state, to: fixture)
        clock.advance(by: .seconds(599))
        _ = try await Tests.bring(state, to: fixture)
        clock.advance(by: .seconds(2))
        await #expect(throws: CallbackFailure.state(.stateExpired)) { try await Tests.bring(state, to: fixture) }
        #expect(server.requests().count == 1)
        server.stop()
        fixture.stop()
    }

    @Test("An account that was connected before: the callback again names the connection that it kept")
    func reconnected() async throws {
        let server = try Tests.server()
        let fixture = try OAuthFixture(server.url)
        let first = try await Tests.bring(try await Tests.begin(fixture).state, to: fixture).connectionID
        let state = try await Tests.begin(fixture).state
        #expect(try await Tests.bring(state, to: fixture).connectionID == first)
        #expect(try await Tests.bring(state, to: fixture).connectionID == first)
        #expect(server.requests().count == 2)
        server.stop()
        fixture.stop()
    }

    @Test("A callback whose caller went away: the same callback again finishes it without the code")
    func callerGone() async throws {
        let server = try Tests.server(me: { request in
            let reply = TokenServer.Reply.json(200, #"{"id":"account","name":"Account"}"#)
            return request.index == 0 ? .late(milliseconds: 1000, reply) : reply
        })
        let fixture = try OAuthFixture(server.url)
        let begun = try await Tests.begin(fixture)
        let caller = Task { try await Tests.bring(begun.state, to: fixture) }
        try await waitUntil("the request", every: .milliseconds(1)) { !server.requests("/api/me").isEmpty }
        caller.cancel()
        // The second caller comes while the first one leaves.
        let completion = try await Tests.bring(begun.state, to: fixture)
        #expect(completion.connectionID == begun.connectionID)
        #expect(try await fixture.connection(begun.connectionID).status == .connected)
        #expect(server.requests().count == 1)
        server.stop()
        fixture.stop()
    }

    @Test("A provider that fails to name the account: the same error again, and success once it was asked later")
    func postponed() async throws {
        let isDown = Mutex(true)
        let server = try Tests.server(me: { _ in
            isDown.withLock { $0 } ? .json(503, "") : .json(200, #"{"id":"account","name":"Account"}"#)
        })
        let fixture = try OAuthFixture(server.url)
        let begun = try await Tests.begin(fixture)
        for _ in 0..<2 {
            let error = await #expect(throws: CallbackFailure.self) { try await Tests.bring(begun.state, to: fixture) }
            guard case .provider(let shown) = error?.error else { throw Expectation() }
            #expect(shown.kind == .transient && error?.reason == .accountPending)
        }
        let asked = server.requests("/api/me").count
        isDown.withLock { $0 = false }
        let token = try #require(try await fixture.tokens(begun.connectionID)[0])
        _ = try await fixture.oauth.finish(
            begun.connectionID, of: "u", fixture.provider, credentials: FixedCredential(token: Secret(token)))
        #expect(try await Tests.bring(begun.state, to: fixture).connectionID == begun.connectionID)
        #expect(server.requests().count == 1 && server.requests("/api/me").count == asked + 1)
        server.stop()
        fixture.stop()
    }

    private struct Expectation: Error {}

    @Test("A code without a state that comes twice at the same time is exchanged once")
    func codeAlone() async throws {
        let server = try Tests.server(token: { request in
            request.index == 0
                ? .late(milliseconds: 100, .json(200, Tests.tokens)) : .json(400, #"{"error":"invalid_grant"}"#)
        })
        let fixture = try OAuthFixture(server.url) { $0.returnsState = false }
        async let first = fixture.oauth.complete(
            service: "plain", variant: nil, code: "c", for: OAuthFixture.principal)
        async let second = fixture.oauth.complete(
            service: "plain", variant: nil, code: "c", for: OAuthFixture.principal)
        #expect(try await first == second)
        #expect(server.requests().count == 1)
        server.stop()
        fixture.stop()
    }
}
