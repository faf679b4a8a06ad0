// Decides when the changes of a connection are read: once nothing more has come for a while, but at the latest some time after the
// first change. A state machine without I/O: the time comes with each call.

package import Primitives

/// The keys whose changes wait.
package struct Debouncer: Sendable {
    /// What becomes of a key that is asked for.
    package enum Outcome: Sendable, Equatable {
        /// Its changes are read now; it waits no longer.
        case due
        /// They are read at this moment, unless more of them come.
        case wait(until: MonotonicInstant)
        /// None wait.
        case unknown
    }

    private struct Wait: Sendable {
        let first: MonotonicInstant
        var last: MonotonicInstant
        /// Before this moment nothing is due, however long it waits.
        var notBefore: MonotonicInstant
    }

    private let quietTime: Duration
    private let quietTimeMax: Duration
    private let countMax: Int
    private var waits: [String: Wait] = [:]

    /// - Parameters:
    ///   - quietTime: how long nothing more must have come.
    ///   - quietTimeMax: how long changes that keep coming are held back.
    ///   - countMax: how many keys may wait.
    package init(
        quietTime: Duration = IncomingLimits.quietTime, quietTimeMax: Duration = IncomingLimits.quietTimeMax,
        countMax: Int = IncomingLimits.waitingConnectionsMax
    ) {
        self.quietTime = quietTime
        self.quietTimeMax = quietTimeMax
        self.countMax = countMax
    }

    /// The number of keys that wait.
    package var count: Int { waits.count }

    /// Notes that something changed.
    ///
    /// - Parameter rest: how long nothing is read, whatever comes.
    /// - Returns: when the key is due, unless more comes; nil when there is no room.
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

    /// Takes a key out when it is due.
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
