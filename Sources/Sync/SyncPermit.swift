// The permit with which a sync works; it has none while it waits.

import Primitives
import ProviderSDK
import Synchronization

/// The permit of one sync.
///
/// The sync releases it while it waits for the provider's rate limit.
final class SyncPermit: Sendable {
    private let limiter: FairGate
    private let progress: SyncProgress
    private let isHeld = Mutex(true)

    /// A permit that was acquired from `limiter`.
    init(in limiter: FairGate, progress: SyncProgress) {
        self.limiter = limiter
        self.progress = progress
    }

    /// Releases the permit until ``resume(_:)``.
    func wait(until moment: Timestamp) {
        progress.waits(for: .rateLimit, until: moment)
        close()
    }

    /// Takes the permit again.
    func resume(_ dataType: String) {
        isHeld.withLock { isHeld in
            if !isHeld { limiter.enter() }
            isHeld = true
        }
        progress.works(on: dataType)
    }

    /// Releases the permit.
    func close() {
        isHeld.withLock { isHeld in
            if isHeld { limiter.release() }
            isHeld = false
        }
    }
}
