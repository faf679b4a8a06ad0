// The rate limiter: exact at the limits of a window, and limited in memory.

import Primitives
import Testing

@testable import HTTPAPI

@Suite("Rate limiter", .timeLimit(.minutes(2)))
struct RateLimiterTests {
    static let minute: UInt64 = 60_000_000_000

    @Test("Request 61 of a window is refused, and the first of the next window is admitted")
    func edges() {
        let limiter = RateLimiter(limit: 60)
        for count in 1...60 {
            let decision = limiter.admit("a", now: 1000)
            #expect(decision.isAllowed)
            #expect(decision.remaining == 60 - count)
        }
        #expect(!limiter.admit("a", now: 1000 + Self.minute - 1).isAllowed)
        #expect(limiter.admit("a", now: 1000 + Self.minute - 1).retryAfterSeconds == 1)
        #expect(limiter.admit("a", now: 1000 + Self.minute).isAllowed)
        #expect(limiter.admit("b", now: 1000).isAllowed)
    }

    @Test("Users with canonically equivalent ids are counted separately")
    func equivalentTexts() {
        let limiter = RateLimiter(limit: 1)
        #expect(limiter.admit("\u{E9}", now: 0).isAllowed)
        #expect(limiter.admit("e\u{301}", now: 0).isAllowed)
        #expect(!limiter.admit("e\u{301}", now: 0).isAllowed)
    }

    @Test("A limit of zero means no limit")
    func unlimited() {
        let limiter = RateLimiter(limit: 0)
        for _ in 0..<1000 { #expect(limiter.admit("a", now: 0).isAllowed) }
    }

    @Test("The table stays limited for any number of keys")
    func bounded() {
        let limiter = RateLimiter(limit: 1, keysMax: 100)
        for key in 0..<10_000 { _ = limiter.admit("user-\(key)", now: UInt64(key)) }
        #expect(limiter.keyCount <= 100)
    }

    @Test("A window and its reported end follow the host's clock")
    func injectedClock() throws {
        let clock = ManualClock(millisecondsSince1970: 1_767_225_600_000)
        let limits = RequestLimits(connectionCreation: 0, sync: 0, oauth: 1, status: 0, time: clock.source)
        let first = try #require(limits.admit(.oauth, principal: nil))
        #expect(first.isAllowed)
        #expect(first.headers(at: clock.source).map(\.value) == ["1", "0", "1767225660"])
        clock.advance(by: .seconds(59))
        let second = try #require(limits.admit(.oauth, principal: nil))
        #expect(!second.isAllowed)
        #expect(second.headers(at: clock.source).map(\.value) == ["1", "0", "1767225660"])
        clock.advance(by: .seconds(1))
        #expect(limits.admit(.oauth, principal: nil)?.isAllowed == true)
    }
}
