// Tells the operator of damaged records that readers come upon: a reader asks again and again, the log tells it now and then. It knows
// no routes.

import DocumentStore
import Synchronization

/// Lines about damage, at most one in a while.
final class DamageLog: Sendable {
    /// The pause after a line, in nanoseconds.
    static let pauseNanoseconds: UInt64 = 60_000_000_000

    private let log: Log
    /// When the next line may be written, by the monotonic clock.
    private let next = Atomic<UInt64>(0)

    init(_ log: Log) { self.log = log }

    /// Tells of damage that was met in the records of a connection.
    func report(_ error: StoreError, of connection: String) {
        let now = MonotonicClock.nanoseconds
        let due = next.load(ordering: .relaxed)
        guard now >= due,
            next.compareExchange(expected: due, desired: now + Self.pauseNanoseconds, ordering: .relaxed).exchanged
        else { return }
        log.error(
            "Stored records are damaged; readers are refused until the data directory is repaired.",
            ["connectionId": .text(connection), "error": .text("\(error)")])
    }
}
