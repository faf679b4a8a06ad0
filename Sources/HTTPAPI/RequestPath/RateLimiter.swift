// Fixed windows of one minute per key: exact at the edges, bounded in memory, on the monotonic clock. Knows no
// routes.

import Synchronization

/// Counts requests per key and minute.
final class RateLimiter: Sendable {
    /// The largest number of keys.
    ///
    /// Beyond it, the limiter removes keys whose window has passed, and then those with the oldest windows.
    static let keysMax = 100_000
    static let windowNanoseconds: UInt64 = 60_000_000_000

    /// The limiter's decision about one request.
    struct Decision: Sendable, Equatable {
        let isAllowed: Bool
        let limit: Int
        let remaining: Int
        /// The nanoseconds until the window ends.
        let resetNanoseconds: UInt64

        /// The whole seconds until the window ends, at least 1.
        var retryAfterSeconds: Int { max(1, Int((resetNanoseconds + 999_999_999) / 1_000_000_000)) }
    }

    /// A key that compares bytes, so that user ids that are only canonically equivalent stay different.
    private struct Key: Hashable {
        let text: String

        static func == (first: Key, second: Key) -> Bool { first.text.utf8.elementsEqual(second.text.utf8) }

        func hash(into hasher: inout Hasher) {
            var text = text
            text.withUTF8 { bytes in unsafe hasher.combine(bytes: UnsafeRawBufferPointer(bytes)) }
        }
    }

    private struct Window {
        var start: UInt64
        var count: Int
    }

    private let limit: Int
    private let keysMax: Int
    private let windows = Mutex<[Key: Window]>([:])

    /// Creates a limiter for `limit` requests per key and minute; 0 means no limit.
    init(limit: Int, keysMax: Int = RateLimiter.keysMax) {
        self.limit = limit
        self.keysMax = keysMax
    }

    /// Counts a request of the key `text`, compared as bytes, at `now`, nanoseconds of the monotonic clock.
    ///
    /// O(1) unless the table is full.
    func admit(_ text: String, now: @autoclosure () -> UInt64) -> Decision {
        guard limit > 0 else { return Decision(isAllowed: true, limit: 0, remaining: 0, resetNanoseconds: 0) }
        let (key, now) = (Key(text: text), now())
        return windows.withLock { windows in
            var window = windows[key] ?? Window(start: now, count: 0)
            if now &- window.start >= Self.windowNanoseconds { window = Window(start: now, count: 0) }
            let isAllowed = window.count < limit
            if isAllowed { window.count += 1 }
            if windows.count >= keysMax, windows[key] == nil { Self.makeRoom(in: &windows, now: now, keysMax: keysMax) }
            windows[key] = window
            return Decision(
                isAllowed: isAllowed, limit: limit, remaining: limit - window.count,
                resetNanoseconds: window.start + Self.windowNanoseconds - now)
        }
    }

    /// The number of stored keys.
    var keyCount: Int { windows.withLock { $0.count } }

    private static func makeRoom(in windows: inout [Key: Window], now: UInt64, keysMax: Int) {
        windows = windows.filter { now &- $0.value.start < windowNanoseconds }
        guard windows.count >= keysMax else { return }
        let oldest = windows.sorted { $0.value.start < $1.value.start }.prefix(max(1, keysMax / 10))
        for (key, _) in oldest { windows[key] = nil }
    }
}
