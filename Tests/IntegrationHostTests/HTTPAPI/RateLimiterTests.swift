// The rate limiter: exact at the limits of a window, and limited in memory.

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
}
