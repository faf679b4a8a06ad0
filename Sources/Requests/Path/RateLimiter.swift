// Sliding windows of one minute per key, bounded in memory for any input. A window is a state machine without a clock. Knows
// no routes.

import Primitives
import Synchronization

/// Counts requests per key.
///
/// A key is kept as a hash, so its length costs nothing. Two generations of windows take turns: a window that is not used
/// for a minute or two goes with its generation, without a search.
final class RateLimiter: Sendable {
    /// The largest number of keys; beyond it, the keys used longest ago are forgotten.
    static let keysMax = 100_000
    private static let windowNanoseconds = RateWindow.lengthMicroseconds * 1000

    /// The limiter's decision about one request.
    struct Decision: Sendable, Equatable {
        let isAllowed: Bool
        let limit: Int
        let remaining: Int
        /// The nanoseconds until the oldest counted request leaves the window.
        let resetNanoseconds: UInt64

        /// The whole seconds until another request is allowed, at least 1.
        var retryAfterSeconds: Int { max(1, Int((resetNanoseconds + 999_999_999) / 1_000_000_000)) }
    }

    /// A keyed hash of the bytes of a key: no caller can choose two texts that count as one.
    private struct Key: Hashable {
        let hash: SipHash128

        func hash(into hasher: inout Hasher) { hasher.combine(hash.low) }
    }

    private struct Generations {
        var young: [Key: RateWindow] = [:]
        var old: [Key: RateWindow] = [:]
        /// When the young generation began.
        var start: UInt64 = 0
    }

    private let bound: Atomic<Int>
    private let generationMax: Int
    private let hashKey = SipKey(low: .random(in: .min ... .max), high: .random(in: .min ... .max))
    private let windows = Mutex(Generations())

    /// Creates a limiter for `limit` requests per key in any minute; 0 means no limit.
    init(limit: Int, keysMax: Int = RateLimiter.keysMax) {
        bound = Atomic(limit)
        generationMax = max(1, keysMax / 2)
    }

    /// Changes the limit; requests that were counted still count.
    func setLimit(_ limit: Int) { bound.store(limit, ordering: .relaxed) }

    private var limit: Int { bound.load(ordering: .relaxed) }

    /// Counts a request of the key `text`, compared as bytes, at `now`, nanoseconds of the monotonic clock.
    ///
    /// O(1) on average.
    func admit(_ text: String, now: UInt64) -> Decision {
        guard limit > 0 else { return Decision(isAllowed: true, limit: 0, remaining: 0, resetNanoseconds: 0) }
        let key = Key(hash: SipHash.hash128(text.utf8Span.span, key: hashKey))
        return windows.withLock { generations in
            rotate(&generations, now: now)
            if let index = generations.young.index(forKey: key) {
                return decide(&generations.young.values[index], now: now)
            }
            var window = generations.old.removeValue(forKey: key) ?? RateWindow()
            let decision = decide(&window, now: now)
            generations.young[key] = window
            return decision
        }
    }

    /// Returns whether a request of the key `text` at `now` would be allowed; counts nothing.
    func hasRoom(_ text: String, now: UInt64) -> Bool {
        guard limit > 0 else { return true }
        let key = Key(hash: SipHash.hash128(text.utf8Span.span, key: hashKey))
        return windows.withLock { generations in
            guard var window = generations.young[key] ?? generations.old[key] else { return true }
            return window.hasRoom(limit: limit, now: now)
        }
    }

    private func decide(_ window: inout RateWindow, now: UInt64) -> Decision {
        let limit = limit
        let isAllowed = window.admit(limit: limit, now: now)
        return Decision(
            isAllowed: isAllowed, limit: limit, remaining: max(0, limit - window.count),
            resetNanoseconds: window.nanosecondsUntilOldestLeaves(at: now))
    }

    /// The number of stored keys.
    var keyCount: Int { windows.withLock { $0.young.count + $0.old.count } }

    private func rotate(_ generations: inout Generations, now: UInt64) {
        let age = now &- generations.start
        guard age >= Self.windowNanoseconds || generations.young.count >= generationMax else { return }
        // After two minutes without a request, no window of either generation counts.
        generations.old = age >= 2 * Self.windowNanoseconds ? [:] : generations.young
        generations.young = [:]
        generations.start = now
    }
}

/// A sliding window: the requests of one key that still count.
///
/// Up to ``slotsMax`` requests a window, each request counts for exactly one minute. With a larger limit, requests that
/// arrive within 60 ms of each other share a slot and leave together, so memory stays bounded; the limit is never exceeded.
struct RateWindow: Sendable {
    /// The largest limit whose requests are remembered one by one.
    static let slotsMax = 1024
    static let lengthMicroseconds: UInt64 = 60_000_000
    /// The width of a slot when the limit is above ``slotsMax``.
    private static let wideSlotMicroseconds: UInt64 = 60_000
    /// Slots that have passed are removed in batches of at least this number.
    private static let passedSlotsMin = 32

    /// Requests that leave the window at the same moment.
    private struct Slot {
        /// The moment they leave, in microseconds after `base`.
        var end: UInt32
        var count: UInt32
    }

    /// The moment that slots count from, in microseconds of the monotonic clock.
    private var base: UInt64 = 0
    /// The slots, oldest first; those before `first` have passed.
    private var slots: [Slot] = []
    private var first = 0
    /// The number of requests that count.
    private(set) var count = 0

    /// Counts a request at `now`, nanoseconds of the monotonic clock, unless `limit` requests count already.
    ///
    /// Returns whether it was counted. O(1) on average.
    mutating func admit(limit: Int, now: UInt64) -> Bool {
        removePassed(now / 1000)
        guard count < limit else { return false }
        let width = limit <= Self.slotsMax ? 1 : Self.wideSlotMicroseconds
        let arrival = (now + 999) / 1000
        if count == 0 { base = arrival }
        let end = (arrival - base + width - 1) / width * width + Self.lengthMicroseconds
        if first < slots.count, UInt64(slots[slots.count - 1].end) == end {
            slots[slots.count - 1].count += 1
        } else {
            slots.append(Slot(end: UInt32(end), count: 1))
        }
        count += 1
        return true
    }

    /// Returns whether fewer than `limit` requests count at `now`.
    mutating func hasRoom(limit: Int, now: UInt64) -> Bool {
        removePassed(now / 1000)
        return count < limit
    }

    /// The nanoseconds from `now` until the oldest request leaves; 0 when none counts.
    func nanosecondsUntilOldestLeaves(at now: UInt64) -> UInt64 {
        guard first < slots.count else { return 0 }
        let end = (base + UInt64(slots[first].end)) * 1000
        return end > now ? end - now : 0
    }

    private mutating func removePassed(_ now: UInt64) {
        while first < slots.count, base + UInt64(slots[first].end) <= now {
            count -= Int(slots[first].count)
            first += 1
        }
        if first == slots.count {
            slots.removeAll(keepingCapacity: true)
            first = 0
        } else if first >= Self.passedSlotsMin, first * 2 >= slots.count {
            slots.removeFirst(first)
            first = 0
            moveBase()
        }
    }

    /// Moves `base` to the arrival of the oldest request, so that offsets stay small however long requests keep coming.
    private mutating func moveBase() {
        guard let oldest = slots.first, UInt64(oldest.end) > Self.lengthMicroseconds else { return }
        let distance = oldest.end - UInt32(Self.lengthMicroseconds)
        base += UInt64(distance)
        for index in slots.indices { slots[index].end -= distance }
    }
}
