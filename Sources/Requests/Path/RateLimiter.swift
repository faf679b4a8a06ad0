// Sliding windows of one minute per key, bounded in memory for any input, on the monotonic clock. Knows no
// routes.

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

    private let limit: Int
    private let generationMax: Int
    private let hashKey = SipKey(low: .random(in: .min ... .max), high: .random(in: .min ... .max))
    private let windows = Mutex(Generations())

    /// Creates a limiter for `limit` requests per key in any minute; 0 means no limit.
    init(limit: Int, keysMax: Int = RateLimiter.keysMax) {
        self.limit = limit
        generationMax = max(1, keysMax / 2)
    }

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
        let isAllowed = window.admit(limit: limit, now: now)
        return Decision(
            isAllowed: isAllowed, limit: limit, remaining: limit - window.count,
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
