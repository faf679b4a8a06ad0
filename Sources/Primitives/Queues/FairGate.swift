// Limits how many syncs work at the same time. Users get permits in turn; a waiting sync can be canceled.

import Primitives
import ProviderSDK
import Synchronization

/// A fair semaphore for syncs.
package final class SyncLimiter: Sendable {
    private struct State {
        var free: Int
        var queue = FairQueue<CheckedContinuation<Bool, Never>>()
    }

    private let state: Mutex<State>

    package init(_ count: Int) { state = Mutex(State(free: count)) }

    /// The number of syncs that wait for a permit.
    package var waitingCount: Int { state.withLock { $0.queue.count } }

    /// Takes a permit for a user; waits when none is free.
    ///
    /// - Returns: false when the task was canceled first; there is then no permit to release.
    func acquire(for user: String) async -> Bool {
        let ticket = Mutex<FairQueueTicket?>(nil)
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let answer = state.withLock { state -> Bool? in
                    // A cancellation that comes after this point waits for the lock, and then finds the ticket.
                    guard !Task.isCancelled else { return false }
                    guard state.free <= 0 else {
                        state.free -= 1
                        state.queue.charge(user)
                        return true
                    }
                    ticket.withLock { $0 = state.queue.join(continuation, share: user) }
                    return nil
                }
                if let answer { continuation.resume(returning: answer) }
            }
        } onCancel: {
            let waiting = state.withLock { state in
                ticket.withLock { $0 }.flatMap { state.queue.leave($0) }
            }
            waiting?.resume(returning: false)
        }
    }

    /// Takes a permit without waiting, even above the limit.
    ///
    /// A sync that released its permit at the provider's limit must not be late.
    package func enter() { state.withLock { $0.free -= 1 } }

    /// Returns a permit.
    package func release() {
        let next = state.withLock { state in
            let next = state.free < 0 ? nil : state.queue.next()
            if next == nil { state.free += 1 }
            return next
        }
        next?.resume(returning: true)
    }
}

/// The permit of one sync.
///
/// The sync releases it while it waits for the provider's rate limit.
final class SyncPermit: Sendable {
    private let limiter: SyncLimiter
    private let progress: SyncProgress
    private let isHeld = Mutex(true)

    /// A permit that was acquired from `limiter`.
    init(in limiter: SyncLimiter, progress: SyncProgress) {
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
