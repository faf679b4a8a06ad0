// Decides when the changes of a connection are read: once nothing more has come for a while, but at the latest some time after the
// first change. A state machine without I/O: the time comes with each call.

/// The connections whose changes wait for their sync.
struct Debouncer: Sendable {
    /// A connection and its user.
    struct Place: Hashable, Sendable {
        let connection: String
        let user: String
    }

    private struct Wait: Sendable {
        let first: Duration
        var last: Duration
        /// Before when nothing is due, however long it waits.
        var notBefore: Duration
    }

    private let quietTime: Duration
    private let quietTimeMax: Duration
    private let countMax: Int
    private var waits: [Place: Wait] = [:]

    init(
        quietTime: Duration = IncomingLimits.quietTime, quietTimeMax: Duration = IncomingLimits.quietTimeMax,
        countMax: Int = IncomingLimits.waitingConnectionsMax
    ) {
        self.quietTime = quietTime
        self.quietTimeMax = quietTimeMax
        self.countMax = countMax
    }

    var isEmpty: Bool { waits.isEmpty }
    var count: Int { waits.count }

    /// Something changed; what finds no room is found by the next look at all users.
    ///
    /// - Parameter rest: how long nothing is to be read, whatever comes.
    mutating func note(_ place: Place, at now: Duration, rest: Duration = .zero) {
        if waits[place] != nil {
            waits[place]?.last = now
            waits[place]?.notBefore = now + rest
        } else if waits.count < countMax {
            waits[place] = Wait(first: now, last: now, notBefore: now + rest)
        }
    }

    /// The earliest moment at which something is due; nil when nothing waits.
    ///
    /// O(waiting connections).
    var nextDue: Duration? { waits.values.map(due).min() }

    /// Takes out what is due.
    ///
    /// O(waiting connections).
    mutating func takeDue(at now: Duration) -> [Place] {
        let ready = waits.filter { due($0.value) <= now }.map { ($0.key, $0.value.first) }
        for (place, _) in ready { waits[place] = nil }
        return ready.sorted { $0.1 < $1.1 }.map(\.0)
    }

    private func due(_ wait: Wait) -> Duration {
        max(wait.notBefore, min(wait.last + quietTime, wait.first + quietTimeMax))
    }
}
