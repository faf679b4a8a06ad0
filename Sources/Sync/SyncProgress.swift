// The counts of a running sync, readable while it runs. They are absolute per data type, so a page that is read again
// after a failure counts once.

package import ProviderSDK
import Synchronization

/// The counts of a running sync.
package final class SyncProgress: Sendable {
    /// The counts of one data type.
    package struct Counts: Sendable, Equatable {
        package var processed = 0
        var synced = 0
        package var errors = 0
        package var pages = 0

        package static func + (left: Counts, right: Counts) -> Counts {
            Counts(
                processed: left.processed + right.processed, synced: left.synced + right.synced,
                errors: left.errors + right.errors, pages: left.pages + right.pages)
        }
    }

    /// The state of a run at one moment.
    package struct Snapshot: Sendable, Equatable {
        /// The data type that is being read; nil before the first one.
        package var dataType: String?
        /// The counts of that data type.
        package var current = Counts()
        /// The number of its records that the provider reports; nil when it reports none.
        package var estimate: Int?
        /// The reason why the run waits; nil while it works.
        package var wait: SyncWait?
        /// The earliest moment at which the wait can end.
        package var waitsUntil: Timestamp?
    }

    private struct State {
        var counts: [String: Counts] = [:]
        var estimates: [String: Int] = [:]
        /// The data types whose pages are invisible until the last one is stored.
        var staged: Set<String> = []
        var snapshot = Snapshot()
    }

    private let state = Mutex(State())

    /// The counts of all data types together.
    package var counts: Counts { state.withLock { $0.counts.values.reduce(Counts(), +) } }

    /// The current state of the run.
    package var snapshot: Snapshot {
        state.withLock { state in
            var snapshot = state.snapshot
            if let name = snapshot.dataType {
                snapshot.current = state.counts[name] ?? Counts()
                snapshot.estimate = state.estimates[name]
            }
            return snapshot
        }
    }

    /// The counts of one data type.
    package func counts(of dataType: String) -> Counts { state.withLock { $0.counts[dataType] ?? Counts() } }

    /// Notes that the run works on a data type.
    func works(on dataType: String) {
        state.withLock { state in
            state.snapshot.dataType = dataType
            state.snapshot.wait = nil
            state.snapshot.waitsUntil = nil
        }
    }

    /// Notes that the run waits.
    func waits(for wait: SyncWait, until moment: Timestamp? = nil) {
        state.withLock { state in
            state.snapshot.wait = wait
            state.snapshot.waitsUntil = moment
        }
    }

    /// Sets the counts of a data type so far.
    ///
    /// - Parameter isStaged: whether the records stay invisible until all of them are stored.
    package func set(_ counts: Counts, of dataType: String, isStaged: Bool, estimate: Int? = nil) {
        state.withLock { state in
            if isStaged { state.staged.insert(dataType) } else { state.staged.remove(dataType) }
            state.counts[dataType] = counts
            if let estimate { state.estimates[dataType] = estimate }
        }
    }

    /// Corrects the counts of a data type that was not completed.
    ///
    /// Of its invisible records, only failures count as processed.
    func discardStaged(_ dataType: String) {
        state.withLock { state in
            guard state.staged.contains(dataType), var counts = state.counts[dataType] else { return }
            counts.synced = 0
            counts.processed = counts.errors
            state.counts[dataType] = counts
        }
    }
}
