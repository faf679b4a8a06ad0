// Requests against the limits of providers, on a manual clock: never above the limit in any interval, no request for a paused
// account, and users served in turn.

import Primitives
import ProviderSDK
import Synchronization
import TestSupport
import Testing

@testable import Configuration
@testable import Providers

@Suite("Provider rate limits", .timeLimit(.minutes(2)))
struct SlidingWindowLimiterTests {
    /// A moment this many seconds after the clock's zero.
    static func at(_ seconds: Double) -> MonotonicInstant {
        MonotonicInstant(nanoseconds: UInt64(seconds * 1_000_000_000))
    }

    struct Limit: Sendable, CustomTestStringConvertible {
        let requests: Int
        let interval: Duration
        var testDescription: String { "\(requests) in \(interval)" }
    }

    static let limits = [
        Limit(requests: 100, interval: .seconds(1)), Limit(requests: 60, interval: .seconds(60)),
        Limit(requests: 1, interval: .seconds(60)), Limit(requests: 500, interval: .seconds(60)),
        Limit(requests: 5000, interval: .seconds(86_400)),
    ]

    @Test("Any interval holds at most the limit of requests, and most of the limit is used", arguments: limits)
    func neverMore(limit: Limit) {
        let demand = SlidingWindowLimiter.Demand(
            provider: "p", account: "a", limits: [RateLimit(limit.requests, per: limit.interval, scope: .account)])
        var limiter = SlidingWindowLimiter()
        let start = MonotonicInstant(nanoseconds: 12_345_678_901)
        var now = start
        var sent: [MonotonicInstant] = []
        while now < start + limit.interval * 5 {
            let wait = limiter.wait(demand, at: now)
            guard wait == .zero else {
                now = now + wait
                continue
            }
            limiter.count(demand, at: now)
            sent.append(now)
        }
        for (index, moment) in sent.enumerated() where index >= limit.requests {
            #expect(moment - sent[index - limit.requests] >= limit.interval)
        }
        #expect(sent.count >= 4 * limit.requests)
    }

    @Test("An application limit counts all accounts, and an account limit each one")
    func scopes() {
        var limiter = SlidingWindowLimiter()
        func demand(_ account: String, _ scope: RateLimit.Scope) -> SlidingWindowLimiter.Demand {
            .init(provider: "p", account: account, limits: [RateLimit(1, per: .seconds(10), scope: scope)])
        }
        limiter.count(demand("a", .account), at: Self.at(0))
        #expect(limiter.wait(demand("a", .account), at: Self.at(1)) > .zero)
        #expect(limiter.wait(demand("b", .account), at: Self.at(1)) == .zero)
        limiter.count(demand("a", .application), at: Self.at(1))
        #expect(limiter.wait(demand("b", .application), at: Self.at(2)) > .zero)
    }

    @Test("After a restart, short limits begin used up for their accounts, and long ones begin fresh")
    func restart() {
        var limiter = SlidingWindowLimiter()
        let short = RateLimit(60, per: .seconds(1), scope: .account)
        let long = RateLimit(60, per: .seconds(60), scope: .account)
        func demand(_ account: String, _ limit: RateLimit) -> SlidingWindowLimiter.Demand {
            .init(provider: "p", account: account, limits: [limit])
        }
        let start = Self.at(7)
        limiter.useUp(demand("a", short), at: start)
        limiter.useUp(demand("a", long), at: start)
        #expect(limiter.wait(demand("a", short), at: start + .milliseconds(500)) > .zero)
        #expect(limiter.wait(demand("b", short), at: start) == .zero)
        #expect(limiter.wait(demand("a", long), at: start) == .zero)
        let later = start + .milliseconds(1063)
        #expect(limiter.wait(demand("a", short), at: later) == .zero)
        // `useUp` changes nothing once a request is counted.
        limiter.count(demand("a", short), at: later)
        limiter.useUp(demand("a", short), at: later)
        #expect(limiter.wait(demand("a", short), at: later) == .zero)
    }

    @Test("A pause holds up all requests of its account, and only those")
    func pause() {
        var limiter = SlidingWindowLimiter()
        let named = SlidingWindowLimiter.Demand(
            provider: "p", account: "a", limits: [RateLimit(5, per: .seconds(1), scope: .account, name: "n")])
        let other = SlidingWindowLimiter.Demand(provider: "p", account: "b", limits: [])
        limiter.pause("p", account: "a", until: Self.at(10), at: Self.at(0))
        limiter.pause("p", account: "a", until: Self.at(5), at: Self.at(0))
        #expect(limiter.wait(named, at: Self.at(1)) == .seconds(9))
        #expect(limiter.wait(other, at: Self.at(1)) == .zero)
        #expect(limiter.wait(named, at: Self.at(10)) == .zero)
        limiter.pause("p", account: nil, until: Self.at(20), at: Self.at(11))
        #expect(limiter.wait(other, at: Self.at(12)) == .seconds(8))
    }

    @Test("A user with fifty connections gets half of a shared limit, and another user the other half")
    func fairness() {
        var limiter = SlidingWindowLimiter()
        var queue = FairQueue<(user: String, demand: SlidingWindowLimiter.Demand)>()
        let limit = RateLimit(10, per: .seconds(1), scope: .application)
        for index in 0..<50 {
            for _ in 0..<4 {
                let demand = SlidingWindowLimiter.Demand(provider: "p", account: "many-\(index)", limits: [limit])
                _ = queue.join(("many", demand), share: "many")
            }
        }
        for _ in 0..<20 {
            let demand = SlidingWindowLimiter.Demand(provider: "p", account: "one", limits: [limit])
            _ = queue.join(("one", demand), share: "one")
        }
        var served: [String] = []
        var now = Self.at(0)
        while served.count < 40 {
            while let (user, demand) = queue.next(where: { limiter.wait($0.demand, at: now) == .zero }) {
                limiter.count(demand, at: now)
                served.append(user)
            }
            now = now + .milliseconds(10)
        }
        #expect(served.prefix(40).filter { $0 == "one" }.count == 20)
        #expect(now <= Self.at(5))
    }

    @Test("As many windows as may be are kept, and one more lets those go that were unused for longest")
    func windows() {
        func demand(_ account: Int) -> SlidingWindowLimiter.Demand {
            .init(
                provider: "p", account: "\(account)", limits: [RateLimit(1, per: .seconds(60), scope: .account)])
        }
        for excess in [0, 1] {
            var limiter = SlidingWindowLimiter()
            let count = SlidingWindowLimiter.entriesMax + excess
            for account in 0..<count {
                limiter.count(demand(account), at: MonotonicInstant(nanoseconds: UInt64(account)))
            }
            let now = MonotonicInstant(nanoseconds: UInt64(count))
            let (first, last) = (limiter.wait(demand(0), at: now), limiter.wait(demand(count - 1), at: now))
            #expect((first > .zero) == (excess == 0) && last > .zero)
        }
    }

    @Test("The limiter stores a limited number of accounts and pauses")
    func bounded() {
        var limiter = SlidingWindowLimiter()
        for index in 0..<(SlidingWindowLimiter.entriesMax + 500) {
            let demand = SlidingWindowLimiter.Demand(
                provider: "p", account: "\(index)", limits: [RateLimit(1, per: .seconds(60), scope: .account)])
            let now = MonotonicInstant(nanoseconds: UInt64(index))
            limiter.count(demand, at: now)
            limiter.pause("p", account: "\(index)", until: now + .nanoseconds(10), at: now)
        }
        let newest = SlidingWindowLimiter.Demand(
            provider: "p", account: "\(SlidingWindowLimiter.entriesMax + 499)",
            limits: [RateLimit(1, per: .seconds(60), scope: .account)])
        #expect(
            limiter.wait(newest, at: MonotonicInstant(nanoseconds: UInt64(SlidingWindowLimiter.entriesMax + 500)))
                > .zero)
    }
}

@Suite("Provider turns", .timeLimit(.minutes(2)))
struct ProviderRateLimiterTests {
    private let clock = ManualClock()
    private var limiter: ProviderRateLimiter { ProviderRateLimiter(time: clock.source) }

    /// A provider with one limit for the whole application.
    static func provider(_ requests: Int, per interval: Duration) -> ConfiguredProvider {
        let scripted = ScriptedProvider { (_, _) in SyncPage([]) }
        var provider = ConfiguredProvider(LoadedPlugin(provider: scripted, path: ""), configuration: .init())
        provider.rateLimits = [RateLimit(requests, per: interval, scope: .application)]
        return provider
    }

    @Test("A waiting request reports its wait, keeps its turn, and reports its resumption")
    func waiting() async throws {
        let provider = Self.provider(1, per: .seconds(30))
        let limiter = limiter
        let told = Mutex<[String]>([])
        let turn = RateLimitWait(
            share: "u", waitMax: .seconds(60), onWait: { _ in told.withLock { $0.append("waits") } },
            onResume: { told.withLock { $0.append("resumes") } })
        try await limiter.admit(provider, account: "a", name: nil, turn)
        #expect(told.withLock { $0 }.isEmpty)
        let waiting = Task { try await limiter.admit(provider, account: "a", name: nil, turn) }
        await clock.waitForSleepers()
        #expect(told.withLock { $0 } == ["waits"])
        clock.advance(by: .seconds(31))
        try await waiting.value
        #expect(told.withLock { $0 } == ["waits", "resumes"])
    }

    @Test("Users who wait for one limit take turns, however many requests each has queued")
    func turns() async throws {
        let provider = Self.provider(1, per: .seconds(10))
        let (limiter, clock) = (limiter, clock)
        // In a line, they resume in the order of their turns.
        let line = TaskLine()
        let waiting = Mutex(0)
        let order = Mutex<[String]>([])
        limiter.pause(provider, account: nil, for: .seconds(5))
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (user, count) in [("many", 6), ("few", 2)] {
                let turn = RateLimitWait(
                    share: user, onWait: { _ in waiting.withLock { $0 += 1 } },
                    onResume: { order.withLock { $0.append(user) } })
                for _ in 0..<count {
                    group.addTask(executorPreference: line) {
                        try await limiter.admit(provider, account: user, name: nil, turn)
                    }
                }
            }
            try await waitUntil("eight waiting requests", every: .milliseconds(1)) { waiting.withLock { $0 } == 8 }
            try await waitUntil("eight turns", every: .milliseconds(1)) {
                clock.advanceToNextSleeper()
                return order.withLock { $0.count } == 8
            }
            try await group.waitForAll()
        }
        let found = order.withLock { $0 }
        #expect(found.count == 8)
        #expect(found.prefix(4).filter { $0 == "few" }.count == 2, "\(found)")
    }

    @Test("Unknown accounts share the application's limit but no account limit")
    func unknownAccounts() async throws {
        var provider = Self.provider(1, per: .seconds(1000))
        provider.rateLimits = [RateLimit(1, per: .seconds(1000), scope: .account)]
        let limiter = limiter
        for _ in 0..<3 { try await limiter.admit(provider, account: nil, name: nil) }
        try await limiter.admit(provider, account: "a", name: nil)
        await #expect(throws: ProviderError.self) { try await limiter.admit(provider, account: "a", name: nil) }
        provider.rateLimits = [RateLimit(1, per: .seconds(1000), scope: .application)]
        try await limiter.admit(provider, account: nil, name: nil)
        await #expect(throws: ProviderError.self) { try await limiter.admit(provider, account: nil, name: nil) }
    }

    @Test("A wait above the maximum is refused at once with its length, and a canceled wait ends")
    func refusals() async throws {
        let provider = Self.provider(1, per: .seconds(1000))
        let limiter = limiter
        try await limiter.admit(provider, account: "a", name: nil)
        await #expect {
            try await limiter.admit(provider, account: "a", name: nil)
        } throws: { error in
            guard case .rateLimited(let after) = (error as? ProviderError)?.kind else { return false }
            // The message contains the end of the wait.
            guard "\(error)".contains("is used up until 2") else { return false }
            return after ?? .zero > .seconds(900)
        }
        let patient = RateLimitWait(share: "u", waitMax: .seconds(2000))
        let task = Task { try await limiter.admit(provider, account: "a", name: nil, patient) }
        task.cancel()
        await #expect(throws: ProviderError.self) { try await task.value }
    }
}
