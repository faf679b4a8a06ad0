// Whether the host takes work: not while it stops, and not while the store or its disk refuses writes.

import Storage
import Synchronization

/// Whether the host takes work.
final class Readiness: Sendable {
    private let data: DataDirectory
    private let disk: DiskMonitor?
    private let isDraining = Atomic<Bool>(false)

    /// - Parameter disk: what is known of the disk; nil where it is not watched.
    init(_ data: DataDirectory, disk: DiskMonitor? = nil) {
        self.data = data
        self.disk = disk
    }

    /// Says that the host stops.
    func drain() { isDraining.store(true, ordering: .relaxed) }

    /// Why the host takes no work at this moment; the disk is probed first.
    var currentReason: String? {
        get async {
            await disk?.check()
            return reason
        }
    }

    /// Why the host takes no work, as far as is known; nil when it does.
    var reason: String? {
        if isDraining.load(ordering: .relaxed) { return "draining" }
        if data.readOnlyReason != nil { return "read-only" }
        return disk?.state.problem?.rawValue
    }
}
