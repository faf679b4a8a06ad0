// The rate limiter: exact at the limits of a window, and limited in memory.

import Primitives
import Testing

@testable import HTTPAPI
@testable import Requests

@Suite("Rate limiter", .timeLimit(.minutes(2)))
struct RateLimiterTests {
    static let minute: UInt64 = 60_000_000_000

    @Test("Request 61 of a minute is refused until the first has left")
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
        #expect(limiter.admit("b", now: 1000 + Self.minute).isAllowed)
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

    @Test("The window slides: no minute has more requests than the limit, however they arrive")
    func slides() {
        for (limit, spacing) in [(60, 7), (3, 1), (1024, 1), (5000, 1), (20, 900)] as [(Int, UInt64)] {
            let limiter = RateLimiter(limit: limit)
            var random = SplitMix64(seed: UInt64(limit))
            var admitted: [UInt64] = []
            var now: UInt64 = 17
            for _ in 0..<20_000 {
                now += random.next() % (spacing * 20_000_000)
                if limiter.admit("a", now: now).isAllowed { admitted.append(now) }
            }
            for index in admitted.indices.dropFirst(limit) {
                #expect(admitted[index] - admitted[index - limit] >= Self.minute)
            }
            #expect(admitted.count > limit)
        }
    }

    @Test("119 requests around the edge of a minute: 60 pass, and the rest wait for the oldest to leave")
    func edge() {
        let limiter = RateLimiter(limit: 60)
        let second: UInt64 = 1_000_000_000
        var allowed = 0
        for number in 0..<119 {
            let decision = limiter.admit("a", now: 59 * second + UInt64(number) * second / 40)
            if decision.isAllowed { allowed += 1 }
            #expect(decision.remaining == 60 - allowed)
            #expect(decision.resetNanoseconds == Self.minute - UInt64(number) * second / 40)
        }
        #expect(allowed == 60)
        #expect(limiter.admit("a", now: 59 * second + Self.minute).isAllowed)
        #expect(!limiter.admit("a", now: 59 * second + Self.minute).isAllowed)
    }

    @Test("Requests that keep coming for days stay counted exactly")
    func steady() {
        var window = RateWindow()
        var now: UInt64 = 0
        for _ in 0..<10_000 {
            now += 31_000_000_000
            let isAllowed = window.admit(limit: 2, now: now)
            #expect(isAllowed)
        }
        let isThirdAllowed = window.admit(limit: 2, now: now + 1)
        #expect(!isThirdAllowed)
        #expect(window.nanosecondsUntilOldestLeaves(at: now) == 29_000_000_000)
    }

    @Test("A long key takes no more memory than a short one, and a window is forgotten with time")
    func fixedSize() {
        let limiter = RateLimiter(limit: 10)
        let long = String(repeating: "a", count: 100_000)
        #expect(limiter.admit(long + "1", now: 0).isAllowed)
        #expect(limiter.admit(long + "2", now: 0).isAllowed)
        #expect(limiter.keyCount == 2)
        _ = limiter.admit("b", now: Self.minute)
        _ = limiter.admit("b", now: 2 * Self.minute)
        #expect(limiter.keyCount == 1)
    }

    @Test("Requests without a user count for their client address, apart from users")
    func addresses() {
        let clock = ManualClock()
        var rates = RequestLimits.Rates()
        (rates.oauth, rates.address) = (1, 2)
        let limits = RequestLimits(rates, time: clock.source)
        func admit(_ address: String) -> Bool {
            limits.admit(.oauth, principal: nil, parameters: [:], address: address)?.isAllowed == true
        }
        #expect(admit("192.0.2.1"))
        #expect(!admit("192.0.2.1"))
        #expect(admit("192.0.2.2"))
        #expect(limits.admitStranger("192.0.2.1").isAllowed)
        #expect(limits.admitStranger("192.0.2.1").isAllowed)
        #expect(!limits.admitStranger("192.0.2.1").isAllowed)
    }

    @Test("A window and its reported end follow the host's clock")
    func injectedClock() throws {
        let clock = ManualClock(millisecondsSince1970: 1_767_225_600_000)
        var rates = RequestLimits.Rates()
        rates.oauth = 1
        let limits = RequestLimits(rates, time: clock.source)
        let first = try #require(limits.admit(.oauth, principal: nil, parameters: [:], address: ""))
        #expect(first.isAllowed)
        #expect(first.headers(at: clock.source).map(\.value) == ["1", "0", "1767225660"])
        clock.advance(by: .seconds(59))
        let second = try #require(limits.admit(.oauth, principal: nil, parameters: [:], address: ""))
        #expect(!second.isAllowed)
        #expect(second.headers(at: clock.source).map(\.value) == ["1", "0", "1767225660"])
        clock.advance(by: .seconds(1))
        #expect(limits.admit(.oauth, principal: nil, parameters: [:], address: "")?.isAllowed == true)
    }
}
