// Reports damaged records to the operator. Readers meet the same damage again and again; the log has a line now and then.
// Knows no routes.

package import Primitives
package import StoreFiles
import Synchronization

/// Log lines about damage, limited to one per pause.
package final class DamageLog: Sendable {
    /// The pause after a line.
    package static let pause = Duration.seconds(60)

    private let log: Log
    private let time: TimeSource
    /// When the next line may be written, by the monotonic clock.
    private let next = Atomic<UInt64>(0)

    package init(_ log: Log, time: TimeSource) {
        self.log = log
        self.time = time
    }

    /// Reports damage found in the records of a connection.
    package func report(_ error: StoreError, of connection: String) {
        let now = time.instant
        let due = next.load(ordering: .relaxed)
        guard now.nanoseconds >= due,
            next.compareExchange(expected: due, desired: (now + Self.pause).nanoseconds, ordering: .relaxed).exchanged
        else { return }
        log.error(
            "Stored records are damaged; readers are refused until the data directory is repaired.",
            ["connectionId": .text(connection), "error": .text("\(error)")])
    }
}
