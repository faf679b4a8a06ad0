// The permit with which a sync works; it has none while it waits.

import Background
import Primitives
import ProviderSDK
import Synchronization

/// The permit of one sync.
///
/// The sync releases it while it waits for the provider's rate limit.
final class SyncPermit: Sendable {
    private let limiter: LaneLimiter
    private let provider: String
    private let progress: SyncProgress
    private let isHeld = Mutex(true)

    /// A permit that was acquired from `limiter`.
    init(in limiter: LaneLimiter, of provider: String, progress: SyncProgress) {
        self.limiter = limiter
        self.provider = provider
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
            if !isHeld { limiter.enter(provider) }
            isHeld = true
        }
        progress.works(on: dataType)
    }

    /// Releases the permit.
    func close() {
        isHeld.withLock { isHeld in
            if isHeld { limiter.release(provider) }
            isHeld = false
        }
    }
}
