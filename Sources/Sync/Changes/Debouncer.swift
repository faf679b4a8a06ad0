// Decides when to read the changes of a connection: after a quiet time without changes, at the latest a fixed time after
// the first one. A state machine without I/O: each call passes the time.

package import Primitives

/// A debouncer for keys with pending changes.
package struct Debouncer: Sendable {
    /// The state of a key.
    package enum Outcome: Sendable, Equatable {
        /// The key is due; it is removed from the debouncer.
        case due
        /// The key is due at this moment, unless more changes arrive.
        case wait(until: MonotonicInstant)
        /// The key has no pending changes.
        case unknown
    }

    private struct Wait: Sendable {
        let first: MonotonicInstant
        var last: MonotonicInstant
        /// The key is not due before this moment, even when it has waited its longest time.
        var notBefore: MonotonicInstant
    }

    private let quietTime: Duration
    private let quietTimeMax: Duration
    private let countMax: Int
    private var waits: [String: Wait] = [:]

    /// - Parameters:
    ///   - quietTime: how long a key must have no further change before it is due.
    ///   - quietTimeMax: how long further changes can delay a key.
    ///   - countMax: how many keys may wait.
    package init(
        quietTime: Duration, quietTimeMax: Duration = SyncLimits.changesQuietTimeMax,
        countMax: Int = SyncLimits.changesWaitingMax
    ) {
        self.quietTime = quietTime
        self.quietTimeMax = quietTimeMax
        self.countMax = countMax
    }

    /// The number of keys that wait.
    package var count: Int { waits.count }

    /// Whether a key has pending changes.
    func isWaiting(_ key: String) -> Bool { waits[key] != nil }

    /// Records a change of a key.
    ///
    /// - Parameter rest: how long the key is not due in any case.
    /// - Returns: when the key is due, unless more changes arrive; nil when there is no room.
    package mutating func note(_ key: String, at now: MonotonicInstant, rest: Duration = .zero) -> MonotonicInstant? {
        var wait = Wait(first: now, last: now, notBefore: now + rest)
        if let earlier = waits[key] {
            wait = Wait(first: earlier.first, last: now, notBefore: now + rest)
        } else if waits.count >= countMax {
            return nil
        }
        waits[key] = wait
        return due(wait)
    }

    /// Removes a key if it is due.
    package mutating func take(_ key: String, at now: MonotonicInstant) -> Outcome {
        guard let wait = waits[key] else { return .unknown }
        let due = due(wait)
        guard due <= now else { return .wait(until: due) }
        waits[key] = nil
        return .due
    }

    private func due(_ wait: Wait) -> MonotonicInstant {
        max(wait.notBefore, min(wait.last + quietTime, wait.first + quietTimeMax))
    }
}
