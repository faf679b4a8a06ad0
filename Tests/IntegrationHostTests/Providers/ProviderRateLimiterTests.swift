// Requests against the limits of providers, on a manual clock: never more than the limit in any stretch of time, all of a paused
// account held up, and users served in turn.

import ProviderSDK
import Synchronization
import Testing

@testable import IntegrationHost

@Suite("Rate limits of providers")
struct BudgetTests {
    static let second: UInt64 = 1_000_000_000

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

    @Test("no stretch of an interval's length holds more requests than the limit, and hardly less", arguments: limits)
    func neverMore(limit: Limit) {
        let demand = SlidingWindowLimiter.Demand(
            provider: "p", account: "a", limits: [RateLimit(limit.requests, per: limit.interval, scope: .account)])
        let interval = UInt64(limit.interval / .nanoseconds(1))
        var ledger = SlidingWindowLimiter()
        var now: UInt64 = 12_345_678_901
        let start = now
        var sent: [UInt64] = []
        while now < start + 5 * interval {
            let wait = ledger.wait(demand, at: now)
            guard wait == 0 else {
                now += wait
                continue
            }
            ledger.count(demand, at: now)
            sent.append(now)
        }
        for (index, moment) in sent.enumerated() where index >= limit.requests {
            #expect(moment - sent[index - limit.requests] >= interval)
        }
        #expect(sent.count >= 4 * limit.requests)
    }

    @Test("a limit of the application counts all accounts, a limit of accounts each one")
    func scopes() {
        var ledger = SlidingWindowLimiter()
        func demand(_ account: String, _ scope: RateLimit.Scope) -> SlidingWindowLimiter.Demand {
            .init(provider: "p", account: account, limits: [RateLimit(1, per: .seconds(10), scope: scope)])
        }
        ledger.count(demand("a", .account), at: 0)
        #expect(ledger.wait(demand("a", .account), at: 1) > 0)
        #expect(ledger.wait(demand("b", .account), at: 1) == 0)
        ledger.count(demand("a", .application), at: 1)
        #expect(ledger.wait(demand("b", .application), at: 2) > 0)
    }

    @Test("after a restart short limits begin used up for whom they were used, and long ones anew")
    func restart() {
        var ledger = SlidingWindowLimiter()
        let short = RateLimit(60, per: .seconds(1), scope: .account)
        let long = RateLimit(60, per: .seconds(60), scope: .account)
        func demand(_ account: String, _ limit: RateLimit) -> SlidingWindowLimiter.Demand {
            .init(provider: "p", account: account, limits: [limit])
        }
        let start = 7 * Self.second
        ledger.useUp(demand("a", short), at: start)
        ledger.useUp(demand("a", long), at: start)
        #expect(ledger.wait(demand("a", short), at: start + Self.second / 2) > 0)
        #expect(ledger.wait(demand("b", short), at: start) == 0)
        #expect(ledger.wait(demand("a", long), at: start) == 0)
        let later = start + Self.second + Self.second / 16
        #expect(ledger.wait(demand("a", short), at: later) == 0)
        // What was counted since is known.
        ledger.count(demand("a", short), at: later)
        ledger.useUp(demand("a", short), at: later)
        #expect(ledger.wait(demand("a", short), at: later) == 0)
    }

    @Test("a pause holds up all requests of the account and nobody else's")
    func pause() {
        var ledger = SlidingWindowLimiter()
        let named = SlidingWindowLimiter.Demand(
            provider: "p", account: "a", limits: [RateLimit(5, per: .seconds(1), scope: .account, name: "n")])
        let other = SlidingWindowLimiter.Demand(provider: "p", account: "b", limits: [])
        ledger.pause("p", account: "a", until: 10 * Self.second, at: 0)
        ledger.pause("p", account: "a", until: 5 * Self.second, at: 0)
        #expect(ledger.wait(named, at: Self.second) == 9 * Self.second)
        #expect(ledger.wait(other, at: Self.second) == 0)
        #expect(ledger.wait(named, at: 10 * Self.second) == 0)
        ledger.pause("p", account: nil, until: 20 * Self.second, at: 11 * Self.second)
        #expect(ledger.wait(other, at: 12 * Self.second) == 8 * Self.second)
    }

    @Test("fifty connections of one user leave another user every second request of a shared limit")
    func fairness() {
        var ledger = SlidingWindowLimiter()
        var line = FairLine<(user: String, demand: SlidingWindowLimiter.Demand)>()
        let limit = RateLimit(10, per: .seconds(1), scope: .application)
        for index in 0..<50 {
            for _ in 0..<4 {
                let demand = SlidingWindowLimiter.Demand(provider: "p", account: "many-\(index)", limits: [limit])
                _ = line.join(("many", demand), share: "many")
            }
        }
        for _ in 0..<20 {
            let demand = SlidingWindowLimiter.Demand(provider: "p", account: "one", limits: [limit])
            _ = line.join(("one", demand), share: "one")
        }
        var served: [String] = []
        var now: UInt64 = 0
        while served.count < 40 {
            while let (user, demand) = line.next(where: { ledger.wait($0.demand, at: now) == 0 }) {
                ledger.count(demand, at: now)
                served.append(user)
            }
            now += Self.second / 100
        }
        #expect(served.prefix(40).filter { $0 == "one" }.count == 20)
        #expect(now <= 5 * Self.second)
    }

    @Test("accounts and pauses that are kept are bounded")
    func bounded() {
        var ledger = SlidingWindowLimiter()
        for index in 0..<(SlidingWindowLimiter.entriesMax + 500) {
            let demand = SlidingWindowLimiter.Demand(
                provider: "p", account: "\(index)", limits: [RateLimit(1, per: .seconds(60), scope: .account)])
            ledger.count(demand, at: UInt64(index))
            ledger.pause("p", account: "\(index)", until: UInt64(index) + 10, at: UInt64(index))
        }
        let newest = SlidingWindowLimiter.Demand(
            provider: "p", account: "\(SlidingWindowLimiter.entriesMax + 499)",
            limits: [RateLimit(1, per: .seconds(60), scope: .account)])
        #expect(ledger.wait(newest, at: UInt64(SlidingWindowLimiter.entriesMax + 500)) > 0)
    }
}

@Suite("Turns at a provider")
struct BudgetTurnTests {
    /// A provider with one limit for the whole application.
    static func provider(_ requests: Int, per interval: Duration) -> ConfiguredProvider {
        let scripted = ScriptedProvider { (_, _) in SyncPage([]) }
        var provider = ConfiguredProvider(LoadedPlugin(provider: scripted, path: ""), configuration: .init())
        provider.rateLimits = [RateLimit(requests, per: interval, scope: .application)]
        return provider
    }

    @Test("a request that has to wait tells so, keeps its turn, and tells when it goes on")
    func waiting() async throws {
        let provider = Self.provider(1, per: .milliseconds(30))
        let limiter = ProviderRateLimiter()
        let told = Mutex<[String]>([])
        let turn = RateLimitWait(
            share: "u", waitMax: .seconds(60), onWait: { _ in told.withLock { $0.append("waits") } },
            onResume: { told.withLock { $0.append("resumes") } })
        try await limiter.admit(provider, account: "a", name: nil, turn)
        #expect(told.withLock { $0 }.isEmpty)
        try await limiter.admit(provider, account: "a", name: nil, turn)
        #expect(told.withLock { $0 } == ["waits", "resumes"])
    }

    /// Who waited, and who went on in which order.
    final class Seen: Sendable {
        let waiting = Mutex(0)
        let order = Mutex<[String]>([])
    }

    static func ask(
        _ user: String, _ limiter: ProviderRateLimiter, _ provider: ConfiguredProvider, _ seen: Seen
    ) async throws {
        let turn = RateLimitWait(
            share: user, onWait: { _ in seen.waiting.withLock { $0 += 1 } },
            onResume: { seen.order.withLock { $0.append(user) } })
        try await limiter.admit(provider, account: user, name: nil, turn)
    }

    @Test("users who wait for one limit are let through in turn, however many requests each has in line")
    func turns() async throws {
        let provider = Self.provider(1, per: .milliseconds(20))
        let limiter = ProviderRateLimiter()
        let seen = Seen()
        limiter.pause(provider, account: nil, for: .milliseconds(400))
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<6 { group.addTask { try await Self.ask("many", limiter, provider, seen) } }
            for _ in 0..<2 { group.addTask { try await Self.ask("few", limiter, provider, seen) } }
            try await Task.sleep(for: .milliseconds(100))
            let (asked, served) = (seen.waiting.withLock { $0 }, seen.order.withLock { $0.count })
            try await group.waitForAll()
            // On a machine that was too busy to let all ask in time there is nothing to see.
            guard asked == 8, served == 0 else { return }
            let found = seen.order.withLock { $0 }
            #expect(found.count == 8)
            #expect(found.prefix(4).filter { $0 == "few" }.count == 2, "\(found)")
        }
    }

    @Test("accounts that are not known yet share no limit of accounts, but the application's")
    func unknownAccounts() async throws {
        var provider = Self.provider(1, per: .seconds(1000))
        provider.rateLimits = [RateLimit(1, per: .seconds(1000), scope: .account)]
        let limiter = ProviderRateLimiter()
        for _ in 0..<3 { try await limiter.admit(provider, account: nil, name: nil) }
        try await limiter.admit(provider, account: "a", name: nil)
        await #expect(throws: ProviderError.self) { try await limiter.admit(provider, account: "a", name: nil) }
        provider.rateLimits = [RateLimit(1, per: .seconds(1000), scope: .application)]
        try await limiter.admit(provider, account: nil, name: nil)
        await #expect(throws: ProviderError.self) { try await limiter.admit(provider, account: nil, name: nil) }
    }

    @Test("a wait that is too long is refused at once with its length, and one that is called off ends")
    func refusals() async throws {
        let provider = Self.provider(1, per: .seconds(1000))
        let limiter = ProviderRateLimiter()
        try await limiter.admit(provider, account: "a", name: nil)
        await #expect {
            try await limiter.admit(provider, account: "a", name: nil)
        } throws: { error in
            guard case .rateLimited(let after) = (error as? ProviderError)?.kind else { return false }
            // Whoever reads it is told until when.
            guard "\(error)".contains("is used up until 2") else { return false }
            return after ?? .zero > .seconds(900)
        }
        let patient = RateLimitWait(share: "u", waitMax: .seconds(2000))
        let task = Task { try await limiter.admit(provider, account: "a", name: nil, patient) }
        task.cancel()
        await #expect(throws: ProviderError.self) { try await task.value }
    }
}
