// The limits of requests to providers, key sets and receivers, of callbacks, sessions and lists of keys, from both sides.

import HTTPClient
import HostTesting
import Primitives
import ProviderSDK
import Synchronization
import TestSupport
import Testing
import Users

@testable import Configuration
@testable import ConnectionModel
@testable import Credentials
@testable import Notifications
@testable import OAuth
@testable import Observability
@testable import Providers
@testable import Requests
@testable import Sessions

@Suite("Limits of requests and answers", .timeLimit(.minutes(2)))
struct AnswerLimitTests {
    private static let now = SessionFixtures.now

    private static func text(_ count: Int) -> String { String(repeating: "a", count: count) }

    private static var client: HTTPClient {
        get throws {
            var configuration = HTTPClient.Configuration()
            configuration.addressPolicy = .any
            return try HTTPClient(configuration)
        }
    }

    /// A server that answers `/late` after 300 ms and other paths at once.
    private static func server(_ body: @escaping @Sendable (TokenServer.Request) -> TokenServer.Reply) throws
        -> TokenServer
    {
        try TokenServer { $0.path.hasSuffix("/late") ? .late(milliseconds: 300, body($0)) : body($0) }
    }

    // MARK: Callbacks

    @Test("A parameter of a callback is taken up to its size, and a longer one is refused", arguments: [0, 1])
    func callbackParameters(excess: Int) async throws {
        let server = try CallbackTests.server()
        let fixture = try OAuthFixture(server.url)
        let state = try #require(
            try await CallbackTests.begin(fixture).url.split(separator: "state=").last?.split(separator: "&").first)
        let code = Self.text(OAuthLimits.callbackParameterBytesMax + excess)
        do throws(CallbackFailure) {
            _ = try await CallbackTests.bring(String(state), [NamedValue("code", code)], to: fixture)
            #expect(excess == 0)
        } catch {
            #expect(excess == 1)
            #expect(error.error == .invalid(field: "code", message: "The parameter is too long"))
        }
        #expect(server.requests().map { $0.form["code"] } == (excess == 0 ? [code] : []))
        server.stop()
        fixture.stop()
    }

    @Test("As many refused callbacks as may be keep their answers, and one more lets the oldest go")
    func refusedCallbacks() async throws {
        let flights = CallbackFlights(time: ManualClock().source)
        let ran = Atomic<Int>(0)
        func bring(_ number: Int) async {
            _ = try? await flights.once("\(number)") {
                ran.add(1, ordering: .relaxed)
                return .refused(CallbackFailure(.conflict("It was refused.")))
            }
        }
        let countMax = OAuthLimits.refusedCallbacksKept
        for number in 0..<countMax { await bring(number) }
        await bring(0)
        #expect(ran.load(ordering: .relaxed) == countMax)
        await bring(countMax)
        await bring(0)
        #expect(ran.load(ordering: .relaxed) == countMax + 2)
    }

    // MARK: Providers

    private struct NoCredentials: CredentialSource {
        func accessToken() async throws(ProviderError) -> Secret { Secret("a") }
        func replacement(for rejected: Secret) async throws(ProviderError) -> Secret? { nil }
    }

    private static func send(_ path: String, _ gateway: ProviderGateway, _ fixture: OAuthFixture) async
        -> Result<ProviderResponse, ProviderError>
    {
        do throws(ProviderError) {
            var request = ProviderRequest.get(path)
            request.authorization = .none
            return .success(
                try await gateway.send(
                    request, to: fixture.provider,
                    template: RequestTemplate(account: ProviderContext.Account(), settings: [:]),
                    credentials: NoCredentials(), wait: RateLimitWait()))
        } catch { return .failure(error) }
    }

    @Test("A provider may take its time for an answer, and one that takes longer fails the request")
    func requestTime() async throws {
        let server = try Self.server { _ in .json(200, "{}") }
        let fixture = try OAuthFixture(server.url)
        var gateway = fixture.gateway
        #expect(gateway.requestTimeout == ProviderLimits.requestTimeout)
        #expect(try await Self.send("/late", gateway, fixture).get().status == 200)
        gateway.requestTimeout = .milliseconds(50)
        guard case .failure(let error) = await Self.send("/late", gateway, fixture) else {
            return #expect(Bool(false), "it did not fail")
        }
        #expect(error.kind == .transient)
        server.stop()
        fixture.stop()
    }

    @Test("An answer of a provider is read up to its size, and a larger one fails the request", arguments: [0, 1])
    func responseSize(excess: Int) async throws {
        let count = ProviderLimits.responseBytesMax + excess
        // The bytes of a larger answer are not waited for.
        let body = excess == 0 ? Self.text(count) : ""
        let server = try Self.server { _ in
            .raw("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: \(count)\r\n\r\n\(body)")
        }
        let fixture = try OAuthFixture(server.url)
        switch await Self.send("/large", fixture.gateway, fixture) {
        case .success(let response): #expect(excess == 0 && response.body.count == count)
        case .failure(let error): #expect(excess == 1 && error.kind == .permanent, "\(error)")
        }
        server.stop()
        fixture.stop()
    }

    @Test("A request for a person waits for a provider's limit as long as it may, and fails when that is longer")
    func interactiveWait() async throws {
        for excess in [0, 1] {
            let clock = ManualClock()
            let limiter = ProviderRateLimiter(time: clock.source)
            let pause = ProviderLimits.interactiveWaitMax + .milliseconds(excess)
            let provider = ProviderRateLimiterTests.provider(100, per: .seconds(1))
            limiter.pause(provider, account: nil, for: pause)
            let request = Task { () -> ProviderError? in
                do throws(ProviderError) {
                    try await limiter.admit(
                        provider, account: nil, name: nil,
                        RateLimitWait(share: "", waitMax: ProviderLimits.interactiveWaitMax))
                    return nil
                } catch { return error }
            }
            if excess == 0 {
                await clock.waitForSleepers()
                clock.advance(by: pause)
                #expect(await request.value == nil)
            } else {
                #expect(await request.value?.kind == .rateLimited(after: pause))
            }
        }
    }

    // MARK: Sessions

    @Test("A session of the host is valid for its time, and not a moment longer")
    func hostSessions() throws {
        let host = HostSessions(try HostKeys(SessionFixtures.ring, path: "keys"))
        let lifetime = ConfigurationLimits.sessionLifetime
        let token = try host.issue(
            userID: "u", roles: [], kind: .session, lifetime: HostSessions.lifetimeDefault, at: Self.now)
        let before = Self.now.advanced(by: lifetime - .milliseconds(1))
        #expect(host.session(of: token, at: before)?.principal.userID == "u")
        #expect(host.session(of: token, at: Self.now.advanced(by: lifetime)) == nil)
    }

    @Test("A session of the host is as long as its creator asks for, up to a limit")
    func longSessions() throws {
        let host = HostSessions(try HostKeys(SessionFixtures.ring, path: "keys"))
        for excess in [0, 1] {
            let token = try host.issue(
                userID: "u", roles: [], kind: .session, lifetime: HostSessions.lifetimeMax + .seconds(excess),
                at: Self.now)
            let end = host.session(of: token, at: Self.now)?.expiresAt
            #expect(end == Self.now.advanced(by: HostSessions.lifetimeMax))
        }
        let shorter = try host.issue(
            userID: "u", roles: [], kind: .session, lifetime: HostSessions.lifetimeMax - .seconds(1), at: Self.now)
        let end = host.session(of: shorter, at: Self.now)?.expiresAt
        #expect(end == Self.now.advanced(by: HostSessions.lifetimeMax - .seconds(1)))
    }

    @Test("A key set may take its time to come, and one that takes longer is not used")
    func keySetTime() async throws {
        let keys = String(decoding: try SessionFixtures.keySet([("k", SessionFixtures.key)]), as: UTF8.self)
        let server = try Self.server { _ in .json(200, keys) }
        let client = try Self.client
        let url = server.url + "/late"
        let log = SessionFixtures.log
        let patient = RemoteKeySet(url: url, client: client, requiresHTTPS: false, time: .system, log: log)
        #expect(await patient.verifier(keyID: Array("k".utf8)) != nil)
        let hurried = RemoteKeySet(
            url: url, client: client, requiresHTTPS: false, timeout: .milliseconds(50), time: .system, log: log)
        #expect(await hurried.verifier(keyID: Array("k".utf8)) == nil)
        // What production passes is longer than the pause of the server, and no longer than this.
        #expect(SessionLimits.keySetFetchTimeout == .seconds(5))
        await client.shutdown()
        server.stop()
    }

    @Test("A list of keys has as many as it may, and ends there")
    func listedKeys() async throws {
        let fixture = try AuthenticatorFixture()
        for number in 0..<3 {
            _ = try await fixture.apiKeys.create(userID: "u")
            _ = try await fixture.applicationKeys.create(NewApplicationKey(name: "\(number)", at: Self.now))
        }
        for (count, listed) in [(2, 2), (3, 3), (IssuedKeyLimits.listedMax, 3)] {
            #expect(try await fixture.apiKeys.list(atMost: count).count == listed)
            #expect(try await fixture.applicationKeys.list(atMost: count).count == listed)
        }
        #expect(try await fixture.apiKeys.list().count == 3)
        #expect(try await fixture.applicationKeys.list().count == 3)
    }

    // MARK: Large answers

    @Test("As many large answers are made at the same time as may be, and one more waits for the end of another")
    func largeAnswers() async throws {
        let fixture = try RouteFixture()
        let gate = fixture.path.largeAnswers
        let caller = try fixture.caller("u", .socket)
        let target = "/api/integrations/connections/none/records"
        for _ in 1..<AnswerBounds.concurrentLargeMax { try #require(await gate.acquire(for: "other")) }
        try await caller.expect(404, from: "GET", target)
        try #require(await gate.acquire(for: "other"))
        let waiting = Task { try await caller.send("GET", target).status }
        try await waitUntil("a request that waits") { gate.waitingCount == 1 }
        gate.release()
        #expect(try await waiting.value == 404)
    }

    // MARK: Configuration

    @Test("As many pauses between deliveries as may be are configured, and one more is a mistake", arguments: [0, 1])
    func deliveryPauses(excess: Int) {
        let count = ConfigurationLimits.deliveryPausesMax + excess
        let text = #"{"webhookRetrySeconds":[\#(Array(repeating: "5", count: count).joined(separator: ","))]}"#
        var configuration = Configuration()
        let isRead = (try? ConfigurationFile(path: "f", bytes: Array(text.utf8)).apply(to: &configuration)) != nil
        #expect(isRead == (excess == 0))
        #expect((configuration.webhookPauses.count == count) == (excess == 0))
    }
}
