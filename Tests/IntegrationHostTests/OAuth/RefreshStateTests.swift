// The refresh of a token as a state machine, on a manual clock: what is due when, what an answer means, and the state after a
// stop.

import HTTPClient
import ProviderSDK
import StoredValues
import Testing

@testable import ConnectionModel
@testable import OAuth
@testable import Providers

@Suite("Refresh state", .timeLimit(.minutes(2)))
struct RefreshStateTests {
    static let start = Timestamp(iso8601: "2026-01-01T00:00:00Z") ?? .epoch

    static func moment(_ seconds: Int64) -> Timestamp { start.advanced(by: .seconds(seconds)) }

    static func connection(
        id: String = "conn-000x", life: Int64? = 3600, idle: Int64? = nil, grant: Int64? = nil,
        refreshToken: Bool = true
    ) -> Connection {
        var connection = Connection(id: id, number: 1, service: "p", status: .connected, at: start)
        connection.stored.connectedAt = start
        connection.stored.accessToken = "a"
        connection.stored.refreshToken = refreshToken ? "r" : nil
        connection.stored.issuedAt = start
        connection.stored.expiresAt = life.map(moment)
        connection.stored.refreshExpiresAt = idle.map(moment)
        connection.stored.grantExpiresAt = grant.map(moment)
        return connection
    }

    // MARK: Steps

    @Test("A stop after the intent leaves the outcome unknown until the next request")
    func intent() {
        var state = RefreshState()
        let first = state.begin(at: Self.moment(0))
        #expect(first == .init(generation: 0, at: Self.moment(0), attempt: 1))
        #expect(state.isUnknown)
        // The process stopped here.
        let second = state.begin(at: Self.moment(60))
        #expect(second.generation == 0, "the same refresh token is tried again")
        #expect(second.attempt == 2)
        #expect(state.unknownSince == Self.moment(0))
        state.succeed()
        #expect(!state.isUnknown)
        #expect(state.generation == 1)
        #expect(state.nextAttemptAt == nil)
    }

    @Test(
        "An unknown outcome stays unknown after any failure of the next request",
        arguments: RefreshFailure.Reason.allCases)
    func staysUnknown(_ second: RefreshFailure.Reason) {
        var state = RefreshState()
        state.begin(at: Self.moment(0))
        state.fail(.unknown, pause: nil, seed: "c", at: Self.moment(30))
        #expect(state.unknownSince == Self.moment(0))
        state.begin(at: Self.moment(60))
        state.fail(second, pause: nil, seed: "c", at: Self.moment(61))
        #expect(state.unknownSince == Self.moment(0))
        #expect(state.failures == 2)
        #expect(state.lastFailure == second)
        #expect(state.nextAttemptAt != nil, "a refusal is tried again too")
    }

    @Test(
        "A refusal that did not use the token leaves no unknown outcome",
        arguments: [
            RefreshFailure.Reason.transient, .rateLimited, .misconfigured, .scopeLost,
        ])
    func known(_ failure: RefreshFailure.Reason) {
        var state = RefreshState()
        state.begin(at: Self.moment(0))
        state.fail(failure, pause: nil, seed: "c", at: Self.moment(1))
        #expect(!state.isUnknown)
        #expect(state.wait(at: Self.moment(1)) != nil)
        #expect(state.wait(at: Self.moment(4000)) == nil)
    }

    @Test("Pauses grow up to a limit, differ by connection, and last as long as the provider asks")
    func backoff() {
        for failure in RefreshFailure.Reason.allCases {
            let pauses = (1...40).map { RefreshPolicy.backoff(failure, failures: $0, seed: "c") }
            #expect(pauses.allSatisfy { $0 >= .seconds(1) && $0 <= .seconds(3600) }, "\(failure)")
            #expect(pauses[10] > pauses[0])
        }
        let seeds = (0..<100).map { RefreshPolicy.backoff(.transient, failures: 3, seed: "conn-\($0)") }
        #expect(Set(seeds.map { $0.components.attoseconds }).count > 90)
        var state = RefreshState()
        state.begin(at: Self.start)
        state.fail(.rateLimited, pause: .seconds(1200), seed: "c", at: Self.start)
        #expect(state.wait(at: Self.start) == .seconds(1200))
        state.fail(.rateLimited, pause: .seconds(100_000_000), seed: "c", at: Self.start)
        #expect(state.wait(at: Self.start) == RefreshPolicy.pauseMax)
    }

    @Test("A refused grant is tried again after 2 seconds, and once more after 10 minutes")
    func refusals() {
        var state = RefreshState()
        func refuse(at second: Int64) {
            state.begin(at: Self.moment(second))
            state.fail(.revoked, pause: nil, seed: "c", at: Self.moment(second))
        }
        refuse(at: 0)
        #expect(state.wait(at: Self.moment(0)) == .seconds(2))
        refuse(at: 2)
        #expect(state.wait(at: Self.moment(2)) == .seconds(600))
        // A person who asks meanwhile does not use up the last attempt.
        refuse(at: 100)
        #expect(state.wait(at: Self.moment(100)) == .seconds(502))
        #expect(state.isDoubted)
        refuse(at: 602)
        #expect(!state.isDoubted)
        #expect(state.nextAttemptAt == nil)
        state.succeed()
        #expect(state.refusals == 0)
    }

    @Test("A pause that was stored by a clock that was ahead does not count")
    func clockBack() {
        var state = RefreshState()
        let wrong = 3 * 3600 as Int64
        state.begin(at: Self.moment(wrong))
        state.fail(.unknown, pause: .seconds(300), seed: "c", at: Self.moment(wrong))
        #expect(state.wait(at: Self.moment(wrong)) != nil)
        #expect(state.wait(at: Self.moment(0)) == nil)
        #expect(state.wait(at: Self.moment(wrong - 30)) != nil, "a clock that is corrected by seconds is no doubt")
        let far = StoredMoment.end(Self.moment(90_000), begun: nil, longest: .seconds(86_400), at: Self.start)
        #expect(far == nil)
        #expect(StoredMoment.end(Self.moment(80_000), begun: nil, longest: .seconds(86_400), at: Self.start) != nil)
    }

    @Test("The provider's pause holds back the next refresh after any failure")
    func retryAfter() {
        for status in [400, 403, 429, 500, 503] {
            let response = ProviderResponse(
                status: status, headers: [NamedValue("Retry-After", "1200")], body: Array("{}".utf8))
            do throws(RefreshFailure) {
                _ = try TokenResponse.refreshed(response, oauth: OAuth2(), now: Self.start)
            } catch {
                var state = RefreshState()
                state.begin(at: Self.start)
                state.fail(error.reason, pause: error.pause, seed: "c", at: Self.start)
                #expect(state.wait(at: Self.start) == .seconds(1200), "\(status)")
            }
        }
    }

    // MARK: Schedule

    @Test(
        "A token is due before its end: at most ten minutes, and at most a fifth of its life",
        arguments: [
            (60, 48), (600, 480), (1800, 1440), (3600, 3000), (604_800, 604_200),
        ] as [(Int64, Int64)])
    func margin(life: Int64, notBefore: Int64) throws {
        for number in 0..<50 {
            var oauth = OAuth2()
            oauth.refresh = .refreshToken(rotation: .rotates(grace: .zero))
            let connection = Self.connection(id: "conn-\(number)", life: life)
            let due = try #require(RefreshSchedule.dueAt(connection, oauth))
            #expect(due >= Self.moment(notBefore))
            #expect(due < Self.moment(life))
        }
    }

    struct Due: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let connection: Connection
        var refresh = Refresh.refreshToken(rotation: .rotates(grace: .zero))
        /// Days after the start; nil if never due.
        let days: ClosedRange<Double>?
    }

    static let dues: [Due] = [
        Due(testDescription: "no end, no disuse", connection: connection(life: nil), days: nil),
        Due(testDescription: "no refresh token", connection: connection(refreshToken: false), days: nil),
        Due(testDescription: "no refresh at all", connection: connection(), refresh: .none, days: nil),
        Due(
            testDescription: "60 days unused", connection: connection(life: nil, idle: 60 * 86_400), days: 45...48.1),
        Due(
            testDescription: "100 days unused", connection: connection(life: nil, idle: 100 * 86_400), days: 75...80.1),
        Due(
            testDescription: "the access token ends first", connection: connection(idle: 60 * 86_400),
            days: 0.03...0.05),
        Due(
            testDescription: "a token that renews itself",
            connection: connection(life: 60 * 86_400, refreshToken: false),
            refresh: .accessToken(AccessTokenRefresh(endpoint: "api", path: "/r", grantType: "g")), days: 45...48.1),
        Due(
            testDescription: "an outcome is unknown",
            connection: {
                var unknown = connection(life: nil)
                unknown.refreshBegan(at: start)
                return unknown
            }(), days: -30_000 ... -1),
    ]

    @Test("A token that expires when unused is refreshed in time, and an endless one never", arguments: dues)
    func keepAlive(_ due: Due) throws {
        var oauth = OAuth2()
        oauth.refresh = due.refresh
        let found = RefreshSchedule.dueAt(due.connection, oauth).map {
            Double($0.duration(since: Self.start) / .milliseconds(1)) / 86_400_000
        }
        #expect((found == nil) == (due.days == nil))
        if let found, let days = due.days { #expect(days.contains(found), "\(found)") }
    }

    @Test("A token that renews itself is not due before its minimum age")
    func tooYoung() throws {
        var style = AccessTokenRefresh(endpoint: "api", path: "/r", grantType: "g")
        style.minimumAge = .seconds(86_400)
        var oauth = OAuth2()
        oauth.refresh = .accessToken(style)
        let short = Self.connection(life: 3600, refreshToken: false)
        #expect(RefreshSchedule.dueAt(short, oauth) == Self.moment(86_400))
        #expect(RefreshSchedule.isTooYoung(short, oauth, at: Self.moment(86_399)))
        #expect(!RefreshSchedule.isTooYoung(short, oauth, at: Self.moment(86_400)))
    }

    // MARK: Deadlines

    @Test("The end of a grant is reported a week ahead, and a shift by seconds is the same deadline")
    func deadline() {
        let provider = OAuthFixture.provider { _ in }
        let end = 5 * 365 * 86_400 as Int64
        var connection = Self.connection(grant: end)
        // Its constant use keeps the expiry of the unused token far away.
        connection.stored.issuedAt = Self.moment(end - 60 * 86_400)
        connection.stored.refreshExpiresAt = Self.moment(end + 40 * 86_400)
        #expect(RefreshSchedule.deadline(connection, provider.oauth(nil), at: Self.moment(end - 8 * 86_400)) == nil)
        let near = RefreshSchedule.deadline(connection, provider.oauth(nil), at: Self.moment(end - 6 * 86_400))
        #expect(near == GrantDeadline(reason: .grantEnds, at: Self.moment(end)))
        #expect(GrantDeadline(reason: .grantEnds, at: Self.moment(end + 30)).isSame(as: near))
        #expect(!GrantDeadline(reason: .unused, at: Self.moment(end)).isSame(as: near))
        connection.stored.status = .expired
        #expect(RefreshSchedule.deadline(connection, provider.oauth(nil), at: Self.moment(end - 1)) == nil)
    }

    @Test("The end of an unused grant and of an irreplaceable token are reported too")
    func unused() {
        let provider = OAuthFixture.provider { _ in }
        let idle = Self.connection(life: nil, idle: 60 * 86_400)
        #expect(RefreshSchedule.deadline(idle, provider.oauth(nil), at: Self.moment(50 * 86_400)) == nil)
        #expect(RefreshSchedule.deadline(idle, provider.oauth(nil), at: Self.moment(54 * 86_400))?.reason == .unused)
        let dying = Self.connection(life: 3600, refreshToken: false)
        #expect(RefreshSchedule.deadline(dying, provider.oauth(nil), at: Self.moment(2000)) == nil)
        #expect(RefreshSchedule.deadline(dying, provider.oauth(nil), at: Self.moment(3000))?.reason == .accessTokenEnds)
    }

    // MARK: Answers

    struct Answer: Sendable, CustomTestStringConvertible {
        let status: Int
        let body: String
        let expected: RefreshFailure.Reason?
        var testDescription: String { "\(status) \(body.prefix(60))" }
    }

    static let answers: [Answer] = [
        Answer(status: 200, body: #"{"access_token":"a","token_type":"Bearer"}"#, expected: nil),
        Answer(status: 200, body: #"{"access_token":"a","token_type":"Bea"#, expected: .unknown),
        Answer(status: 200, body: "", expected: .unknown),
        Answer(status: 200, body: "<html>", expected: .unknown),
        Answer(status: 200, body: "{}", expected: .unknown),
        Answer(status: 200, body: #"{"access_token":"a","token_type":"mac"}"#, expected: nil),
        Answer(status: 200, body: #"{"access_token":"a","expires_in":-1}"#, expected: nil),
        Answer(status: 200, body: "access_token=a&scope=x+y", expected: nil),
        Answer(status: 200, body: #"{"access_token":"a","refresh_token":"r","error":"later"}"#, expected: nil),
        Answer(status: 200, body: #"{"access_token":"a","error":"later"}"#, expected: .misconfigured),
        Answer(status: 200, body: #"{"access_token":"a","x":"\uD800","scope":"s","scope":"t"}"#, expected: nil),
        Answer(status: 200, body: "\u{FEFF}" + #"{"access_token":"a"}"#, expected: nil),
        Answer(status: 403, body: "<html>Attention Required! | Cloudflare</html>", expected: .unknown),
        Answer(status: 200, body: #"{"error":"invalid_grant"}"#, expected: .revoked),
        Answer(status: 400, body: #"{"error":"invalid_grant"}"#, expected: .revoked),
        Answer(status: 401, body: #"{"error":"invalid_grant"}"#, expected: .revoked),
        Answer(status: 401, body: #"{"error":"invalid_client"}"#, expected: .misconfigured),
        Answer(status: 401, body: "", expected: .misconfigured),
        Answer(status: 400, body: #"{"error":"unauthorized_client"}"#, expected: .misconfigured),
        Answer(status: 400, body: #"{"error":"invalid_request"}"#, expected: .misconfigured),
        Answer(status: 400, body: #"{"error":"invalid_scope"}"#, expected: .scopeLost),
        Answer(status: 400, body: "no json", expected: .misconfigured),
        Answer(status: 403, body: "", expected: .misconfigured),
        Answer(status: 404, body: "", expected: .misconfigured),
        Answer(status: 302, body: "", expected: .misconfigured),
        Answer(status: 429, body: "", expected: .rateLimited),
        Answer(status: 429, body: #"{"error":"invalid_grant"}"#, expected: .rateLimited),
        Answer(status: 408, body: "", expected: .unknown),
        Answer(status: 408, body: #"{"error":"invalid_grant"}"#, expected: .unknown),
        Answer(status: 500, body: "", expected: .unknown),
        Answer(status: 500, body: #"{"error":"invalid_grant"}"#, expected: .unknown),
        Answer(status: 502, body: "", expected: .unknown),
        Answer(status: 503, body: #"{"error":"temporarily_unavailable"}"#, expected: .unknown),
        Answer(status: 400, body: #"{"error":"temporarily_unavailable"}"#, expected: .unknown),
    ]

    @Test("Only an answer about the grant ends it", arguments: answers)
    func classes(_ answer: Answer) {
        let response = ProviderResponse(status: answer.status, headers: [], body: Array(answer.body.utf8))
        do throws(RefreshFailure) {
            _ = try TokenResponse.refreshed(response, oauth: OAuth2(), now: Self.start)
            #expect(answer.expected == nil)
        } catch {
            #expect(error.reason == answer.expected)
            #expect((error.forCallers.kind == .authRevoked) == (answer.expected == .revoked))
        }
    }

    // MARK: Circuit breaker

    @Test("A failing provider gets requests from one connection at a time until it works")
    func circuitBreaker() {
        var state = CircuitBreaker()
        for _ in 0..<CircuitBreaker.failuresMax {
            #expect(state.admit(at: Self.start) == nil)
            state.fail(pause: nil, at: Self.start)
        }
        #expect(state.admit(at: Self.start) == CircuitBreaker.pauseFirst)
        #expect(state.admit(at: Self.moment(2)) == nil, "one finds out")
        #expect(state.admit(at: Self.moment(2)) != nil, "and no other")
        state.fail(pause: nil, at: Self.moment(3))
        #expect(state.admit(at: Self.moment(3)) == CircuitBreaker.pauseFirst * 2)
        state.succeed()
        #expect(state.admit(at: Self.moment(3)) == nil)
        state.fail(pause: .seconds(30), at: Self.moment(3))
        #expect(state.admit(at: Self.moment(4)) == .seconds(29), "what it asks for counts at once")
    }
}
