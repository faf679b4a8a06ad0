// The memory of verified sessions: its bounds in number and time, and what it must not mix up.

import ProviderSDK
import Testing

@testable import ConnectionModel
@testable import Sessions

@Suite("Session cache", .timeLimit(.minutes(2)))
struct SessionCacheTests {
    private typealias Fixtures = SessionFixtures

    private static func session(_ user: String, lifetime: Duration) -> VerifiedSession {
        VerifiedSession(
            principal: Principal(userID: user, kind: .session, sessionBinding: user),
            expiresAt: Fixtures.later(lifetime))
    }

    @Test(
        "a session is remembered until it ends, at most for a minute, and not by a clock that was set back",
        arguments: [
            (Duration.seconds(10), Duration.zero, true), (.seconds(10), .milliseconds(9999), true),
            (.seconds(10), .seconds(10), false), (.seconds(3600), .milliseconds(59_999), true),
            (.seconds(3600), .seconds(60), false), (.seconds(3600), .milliseconds(-1), false), (.zero, .zero, false),
        ])
    func time(lifetime: Duration, after: Duration, isFound: Bool) {
        let cache = SessionCache()
        let key = SessionCache.Key(token: "t", place: 0)
        cache.store(key, Self.session("u", lifetime: lifetime), at: Fixtures.now)
        #expect((cache.find(key, at: Fixtures.later(after)) != nil) == isFound)
    }

    @Test("what was verified at one place is unknown at every other")
    func places() {
        let cache = SessionCache()
        cache.store(.init(token: "t", place: 1), Self.session("u", lifetime: .seconds(9)), at: Fixtures.now)
        #expect(cache.find(.init(token: "t", place: 1), at: Fixtures.now)?.userID == "u")
        #expect(cache.find(.init(token: "t", place: 0), at: Fixtures.now) == nil)
        #expect(cache.find(.init(token: "T", place: 1), at: Fixtures.now) == nil)
    }

    @Test("the cache stays within its capacity, and keeps what is asked for")
    func bounded() {
        let cache = SessionCache(capacity: 1024)
        let kept = SessionCache.Key(token: "kept", place: 0)
        cache.store(kept, Self.session("kept", lifetime: .seconds(50)), at: Fixtures.now)
        for number in 0..<20_000 {
            cache.store(
                .init(token: "t\(number)", place: 0), Self.session("u", lifetime: .seconds(50)), at: Fixtures.now)
            #expect(cache.find(kept, at: Fixtures.now) != nil)
        }
        #expect(cache.count <= 1024)
        #expect(cache.find(.init(token: "t0", place: 0), at: Fixtures.now) == nil)
        #expect(cache.find(.init(token: "t19999", place: 0), at: Fixtures.now) != nil)
    }
}
