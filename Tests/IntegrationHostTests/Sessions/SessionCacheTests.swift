// The cache of verified sessions: its limits in number and time, and the sessions it must keep apart.

import ProviderSDK
import Testing
import Users

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

    private static func key(_ token: String, place: Int = 0, of cache: SessionCache) -> SessionCache.Key {
        cache.key(token.utf8Span.span, place: place)
    }

    @Test(
        "A session is cached until it ends, for at most a minute, and not after the clock was set back",
        arguments: [
            (Duration.seconds(10), Duration.zero, true), (.seconds(10), .milliseconds(9999), true),
            (.seconds(10), .seconds(10), false), (.seconds(3600), .milliseconds(59_999), true),
            (.seconds(3600), .seconds(60), false), (.seconds(3600), .milliseconds(-1), false), (.zero, .zero, false),
        ])
    func time(lifetime: Duration, after: Duration, isFound: Bool) {
        let cache = SessionCache()
        let key = Self.key("t", of: cache)
        cache.store(key, Self.session("u", lifetime: lifetime), at: Fixtures.now)
        #expect((cache.find(key, at: Fixtures.later(after)) != nil) == isFound)
    }

    @Test("A session verified at one place is unknown at other places")
    func places() {
        let cache = SessionCache()
        cache.store(Self.key("t", place: 1, of: cache), Self.session("u", lifetime: .seconds(9)), at: Fixtures.now)
        #expect(cache.find(Self.key("t", place: 1, of: cache), at: Fixtures.now)?.userID == "u")
        #expect(cache.find(Self.key("t", of: cache), at: Fixtures.now) == nil)
        #expect(cache.find(Self.key("T", place: 1, of: cache), at: Fixtures.now) == nil)
    }

    @Test("The cache stays within its capacity and keeps used sessions")
    func bounded() {
        let cache = SessionCache(capacity: 1024)
        let kept = Self.key("kept", of: cache)
        cache.store(kept, Self.session("kept", lifetime: .seconds(50)), at: Fixtures.now)
        for number in 0..<20_000 {
            cache.store(
                Self.key("t\(number)", of: cache), Self.session("u", lifetime: .seconds(50)), at: Fixtures.now)
            #expect(cache.find(kept, at: Fixtures.now) != nil)
        }
        #expect(cache.count <= 1024)
        #expect(cache.find(Self.key("t0", of: cache), at: Fixtures.now) == nil)
        #expect(cache.find(Self.key("t19999", of: cache), at: Fixtures.now) != nil)
    }
}
