// Whether the host works in the background. A copied or restored data directory holds the credentials of another installation, so the
// host waits until an operator says that it may use them.

import HostControl
import Storage
import Synchronization

/// The background work of a host, which may be paused.
final class BackgroundWork: Sendable {
    private let installation: Installation
    /// Begins the work; nil before the host starts, and after it has begun.
    private let begin = Mutex<(@Sendable () -> Void)?>(nil)

    init(_ installation: Installation) { self.installation = installation }

    /// Why there is no background work, and what to do, for people; nil when there is.
    var pauseReason: String? { installation.pauseReason }

    /// Begins the work, or keeps it until ``resume()``.
    func start(_ begin: @escaping @Sendable () -> Void) {
        let isPaused = self.begin.withLock { waiting in
            if installation.isForeign { waiting = begin }
            return installation.isForeign
        }
        if !isPaused { begin() }
    }

    /// Makes the data directory this installation's own, and begins the work.
    ///
    /// - Returns: false when it was not paused.
    func resume() throws -> Bool {
        guard try installation.adopt() else { return false }
        let waiting = begin.withLock { waiting in
            defer { waiting = nil }
            return waiting
        }
        waiting?()
        return true
    }
}
