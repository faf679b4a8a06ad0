// Decides when a request fits a provider's limits. It counts sent requests and keeps the pauses that providers asked
// for. A value without I/O; each call passes the time.

import Primitives
import ProviderSDK

/// Counts the requests sent to providers, and keeps the pauses that they asked for.
struct SlidingWindowLimiter: Sendable {
    /// A request that waits to be sent.
    struct Demand: Sendable {
        let provider: String
        /// The account at the provider; nil when it is not known yet.
        let account: String?
        /// The limits that count it.
        let limits: [RateLimit]
    }

    private struct Key: Hashable {
        let provider: String
        let account: String?
        let name: String?
        let interval: Duration
    }

    /// The most windows, and the most pauses, that are kept.
    ///
    /// The longest unused windows go first.
    static let entriesMax = 10_000

    private var windows: [Key: SlidingWindow] = [:]
    private var pausedUntil: [Key: MonotonicInstant] = [:]

    /// Returns how long until the request fits all limits; zero when it fits now.
    mutating func wait(_ demand: Demand, at now: MonotonicInstant) -> Duration {
        var wait = Duration.zero
        for shared in [demand.account, nil] {
            let key = Self.pauseKey(demand.provider, shared)
            guard let until = pausedUntil[key] else { continue }
            if until > now { wait = max(wait, until - now) } else { pausedUntil[key] = nil }
        }
        for limit in demand.limits {
            wait = max(wait, windows[key(limit, demand)]?.wait(limit.requests, at: now) ?? .zero)
        }
        return wait
    }

    /// Counts a request that is sent now.
    mutating func count(_ demand: Demand, at now: MonotonicInstant) {
        for limit in demand.limits {
            let key = key(limit, demand)
            if windows.count >= Self.entriesMax, windows[key] == nil { dropOldest() }
            windows[key, default: SlidingWindow(limit.interval)].count(at: now)
        }
    }

    /// Intervals that are shorter than this count as used up after a restart.
    static let longInterval = Duration.seconds(60)

    /// Marks the short limits that count a request as used up at `moment`, unless something was counted since.
    ///
    /// How many requests were sent before a restart is unknown.
    mutating func useUp(_ demand: Demand, at moment: MonotonicInstant) {
        for limit in demand.limits where limit.interval < Self.longInterval {
            let key = key(limit, demand)
            guard windows[key] == nil, windows.count < Self.entriesMax else { continue }
            windows[key, default: SlidingWindow(limit.interval)].count(limit.requests, at: moment)
        }
    }

    /// Admits no request of an account before `until`.
    ///
    /// With nil it admits no request of any account.
    mutating func pause(
        _ provider: String, account: String?, until: MonotonicInstant, at now: MonotonicInstant
    ) {
        let key = Self.pauseKey(provider, account)
        if pausedUntil.count >= Self.entriesMax {
            pausedUntil = pausedUntil.filter { $0.value > now }
            if pausedUntil.count >= Self.entriesMax, let first = pausedUntil.min(by: { $0.value < $1.value }) {
                pausedUntil[first.key] = nil
            }
        }
        pausedUntil[key] = max(until, pausedUntil[key] ?? until)
    }

    private func key(_ limit: RateLimit, _ demand: Demand) -> Key {
        Key(
            provider: demand.provider, account: limit.scope == .account ? demand.account : nil, name: limit.name,
            interval: limit.interval)
    }

    private static func pauseKey(_ provider: String, _ account: String?) -> Key {
        Key(provider: provider, account: account, name: nil, interval: .zero)
    }

    private mutating func dropOldest() {
        let oldest = windows.sorted { $0.value.lastCount < $1.value.lastCount }.prefix(Self.entriesMax / 10)
        for (key, _) in oldest { windows[key] = nil }
    }
}

/// The count of requests in the last interval.
///
/// No stretch of that length ever holds more than the limit.
///
/// The interval is counted in parts, and the window spans one part more than the interval. A limit therefore delays a
/// request by up to a thirty-second of the interval too long, and never too little.
struct SlidingWindow: Sendable {
    private static let partCount = 32

    private let part: UInt64
    private var counts = [UInt32](repeating: 0, count: SlidingWindow.partCount + 1)
    /// The part that `counts` ends with.
    private var newest: UInt64 = 0
    private var sum = 0
    private(set) var lastCount = MonotonicInstant(nanoseconds: 0)

    init(_ interval: Duration) {
        part = max(1, UInt64(max(0, interval.nanoseconds)) / UInt64(Self.partCount))
    }

    /// Returns how long until one more request fits under `limit`.
    mutating func wait(_ limit: Int, at now: MonotonicInstant) -> Duration {
        advance(to: now)
        var left = sum
        guard left >= limit else { return .zero }
        // The oldest part leaves the window when the next part begins. The part after it leaves one part later.
        for age in 0..<counts.count {
            left -= Int(counts[(Int(newest % UInt64(counts.count)) + 1 + age) % counts.count])
            if left < limit {
                return now.duration(to: MonotonicInstant(nanoseconds: (newest + 1 + UInt64(age)) * part))
            }
        }
        return .nanoseconds(Int64(clamping: UInt64(counts.count) * part))
    }

    mutating func count(_ requests: Int = 1, at now: MonotonicInstant) {
        advance(to: now)
        counts[Int(newest % UInt64(counts.count))] += UInt32(clamping: requests)
        sum += Int(UInt32(clamping: requests))
        lastCount = now
    }

    private mutating func advance(to now: MonotonicInstant) {
        let current = now.nanoseconds / part
        guard current > newest else { return }
        for _ in 0..<min(current - newest, UInt64(counts.count)) {
            newest += 1
            let index = Int(newest % UInt64(counts.count))
            sum -= Int(counts[index])
            counts[index] = 0
        }
        newest = current
    }
}
