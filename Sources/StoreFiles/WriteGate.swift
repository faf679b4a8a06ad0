// Whether writes are still allowed. After a failure that leaves the outcome of a write unknown the answer is no until
// the next start: page caches report clean pages after a failed fsync, so trying again would acknowledge what is not
// on disk.

import Glibc
import Synchronization

/// Whether the store still accepts writes.
package final class WriteGate: Sendable {
    private let closed = Atomic<Bool>(false)
    private let reason = Mutex<String?>(nil)

    /// An open gate.
    package init() {}

    /// Throws when the store is read-only.
    package func check() throws(StoreError) {
        if closed.load(ordering: .acquiring) { throw .readOnly(reason: currentReason ?? "unknown") }
    }

    /// Why the gate is closed; nil while it is open.
    package var currentReason: String? { reason.withLock { $0 } }

    /// Closes the gate for good; the first reason is kept.
    package func close(because why: String) -> StoreError {
        let kept = reason.withLock { reason in
            if reason == nil { reason = why }
            return reason ?? why
        }
        closed.store(true, ordering: .releasing)
        return .readOnly(reason: kept)
    }

    /// The error for a failure before which nothing was promised: the gate closes only where the disk itself gave up.
    package func error(for failure: CallFailure) -> StoreError {
        switch failure.errno {
        case EIO, EROFS: close(because: failure.sentence)
        default: failure.asStoreError
        }
    }

    /// The error for a failure that leaves it unknown what is on disk.
    package func unknownOutcome(_ failure: CallFailure) -> StoreError {
        close(because: failure.sentence)
    }
}

extension CallFailure {
    /// The failure as a part of a sentence.
    package var sentence: String { "\(call.rawValue) \(path): \(systemMessage(errno))" }
}
