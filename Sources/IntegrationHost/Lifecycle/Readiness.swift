// Whether the host takes work: not while it stops, and not while the store refuses writes.

import Storage
import Synchronization

/// Whether the host takes work.
final class Readiness: Sendable {
    private let data: DataDirectory
    private let isDraining = Atomic<Bool>(false)

    init(_ data: DataDirectory) { self.data = data }

    /// Says that the host stops.
    func drain() { isDraining.store(true, ordering: .relaxed) }

    /// Why the host takes no work; nil when it does.
    var reason: String? {
        if isDraining.load(ordering: .relaxed) { return "draining" }
        return data.readOnlyReason == nil ? nil : "read-only"
    }
}
