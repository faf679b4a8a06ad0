// The counts of a running sync, for whoever asks while it runs. Absolute per data type, so that a page that is read again after a
// failure is not counted twice.

package import ProviderSDK
import Synchronization

/// The counts of a running sync.
package final class SyncProgress: Sendable {
    /// What was done of one data type.
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

    /// How a run stands at one moment.
    package struct Snapshot: Sendable, Equatable {
        /// The data type that is being read; nil before the first.
        package var dataType: String?
        /// What was done of it.
        package var current = Counts()
        /// How many records the provider says there are of it; nil when it does not say.
        package var estimate: Int?
        /// What the run waits for; nil while it works.
        package var wait: SyncWait?
        /// Until when it waits at least.
        package var waitsUntil: Timestamp?
    }

    private struct State {
        var counts: [String: Counts] = [:]
        var estimates: [String: Int] = [:]
        /// The data types whose pages nobody sees before the last one.
        var staged: Set<String> = []
        var snapshot = Snapshot()
    }

    private let state = Mutex(State())

    /// The counts of all data types together.
    package var counts: Counts { state.withLock { $0.counts.values.reduce(Counts(), +) } }

    /// How the run stands now.
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

    /// A data type is being worked on.
    func works(on dataType: String) {
        state.withLock { state in
            state.snapshot.dataType = dataType
            state.snapshot.wait = nil
            state.snapshot.waitsUntil = nil
        }
    }

    /// The run waits.
    func waits(for wait: SyncWait, until moment: Timestamp? = nil) {
        state.withLock { state in
            state.snapshot.wait = wait
            state.snapshot.waitsUntil = moment
        }
    }

    /// So far this is what was done of a data type.
    ///
    /// - Parameter isStaged: whether readers see none of it before all of it is there.
    package func set(_ counts: Counts, of dataType: String, isStaged: Bool, estimate: Int? = nil) {
        state.withLock { state in
            if isStaged { state.staged.insert(dataType) } else { state.staged.remove(dataType) }
            state.counts[dataType] = counts
            if let estimate { state.estimates[dataType] = estimate }
        }
    }

    /// A data type was not synced to its end: of what nobody will see, only what failed was really processed.
    func discardStaged(_ dataType: String) {
        state.withLock { state in
            guard state.staged.contains(dataType), var counts = state.counts[dataType] else { return }
            counts.synced = 0
            counts.processed = counts.errors
            state.counts[dataType] = counts
        }
    }
}
