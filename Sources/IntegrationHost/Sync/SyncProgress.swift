// The counts of a running sync, for whoever asks while it runs.

import Synchronization

/// The counts of a running sync.
final class SyncProgress: Sendable {
    /// A moment's counts.
    struct Counts: Sendable, Equatable {
        var processed = 0
        var synced = 0
        var errors = 0
        var pages = 0
        var dataType: String?
        var waitingFor: String?
    }

    private let state = Mutex(Counts())

    var counts: Counts { state.withLock { $0 } }

    func update(_ change: (inout Counts) -> Void) { state.withLock { change(&$0) } }
}
