// Whose bytes are dropped next: after their last answers, connections take turns, so that peers that send on and on leave the loop to those
// that have requests. A value without I/O.

import Primitives

/// The turns of connections whose bytes are read only to be dropped.
struct DrainTurns {
    /// The time in which a number of turns is taken.
    static let pause: Duration = .milliseconds(10)
    /// The turns of one pause: each reads once.
    static let turnsMax = 48

    private static let pauseNanoseconds = Nanoseconds(clamping: pause.nanoseconds)
    private var begun: Nanoseconds = 0
    private var taken = 0
    private var waiting: [ConnectionToken] = []
    private var isScheduled = false

    /// Takes a turn; false where all of this time are taken, or others wait.
    mutating func takeTurn(now: Nanoseconds) -> Bool {
        if now &- begun >= Self.pauseNanoseconds { (begun, taken) = (now, 0) }
        guard taken < Self.turnsMax else { return false }
        taken += 1
        return true
    }

    /// Whether connections wait for a further call of ``next(now:)``.
    var hasWaiting: Bool { !waiting.isEmpty }

    /// Has a connection wait; true where the caller must see to it that ``next(now:)`` is called after a pause.
    mutating func wait(_ token: ConnectionToken) -> Bool {
        waiting.append(token)
        defer { isScheduled = true }
        return !isScheduled
    }

    /// Those whose turn it is now, in the order in which they came.
    mutating func next(now: Nanoseconds) -> [ConnectionToken] {
        (begun, taken) = (now, 0)
        let due = Array(waiting.prefix(Self.turnsMax))
        waiting.removeFirst(due.count)
        isScheduled = hasWaiting
        return due
    }
}
