// Who reads next of those that send large bodies: they take turns in a bounded part of each turn of the loop, so that a thousand of them
// do not stand before one that has a short request. A value without I/O.

import Primitives

/// The turns of connections that send more than a read takes.
struct BulkTurns {
    /// The time of one turn of the loop in which they read.
    ///
    /// One of them reads in any case.
    static let share: Duration = .milliseconds(1)
    /// A read of at least so many bytes in the middle of a body makes a connection one of them.
    static let bytesMin = 16 * 1024

    private static let shareNanoseconds = Nanoseconds(clamping: share.nanoseconds)
    private var waiting: [ConnectionToken] = []
    private var next = 0

    var isEmpty: Bool { next == waiting.count }

    /// Has a connection wait for its turn.
    mutating func wait(_ token: ConnectionToken) { waiting.append(token) }

    /// The round of those that wait now; those that wait again meanwhile belong to the next one.
    func round(at now: Nanoseconds) -> Round { Round(count: waiting.count - next, end: now &+ Self.shareNanoseconds) }

    /// The reads of one turn of the loop.
    struct Round {
        fileprivate var count: Int
        fileprivate let end: Nanoseconds
        fileprivate var hasBegun = false
    }

    /// The next of a round, in the order in which they came; nil when the round or its time is over.
    mutating func take(of round: inout Round, clock: () -> Nanoseconds) -> ConnectionToken? {
        guard round.count > 0, !round.hasBegun || clock() < round.end else { return nil }
        round.hasBegun = true
        round.count -= 1
        let token = waiting[next]
        next += 1
        // What was taken is dropped in large steps.
        if next == waiting.count {
            waiting.removeAll(keepingCapacity: waiting.count < 4096)
            next = 0
        } else if next >= 1024, next * 2 >= waiting.count {
            waiting.removeFirst(next)
            next = 0
        }
        return token
    }
}
