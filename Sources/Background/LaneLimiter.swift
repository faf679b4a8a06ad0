// Limits how much work of one kind runs at the same time. Providers get permits in turn, and users within each provider; work that waits
// can be canceled.

import Primitives
import ProviderSDK
import Synchronization

/// A fair semaphore for work at providers.
package final class LaneLimiter: Sendable {
    private typealias Queue = LaneQueue<CheckedContinuation<Bool, Never>>

    private let queue: Mutex<LaneQueue<CheckedContinuation<Bool, Never>>>

    /// - Parameters:
    ///   - count: the permits of all providers.
    ///   - perProvider: the most permits of one provider.
    ///   - reserved: the permits that a provider gets even when all others are taken.
    package init(_ count: Int, perProvider: Int = .max, reserved: Int = 0) {
        queue = Mutex(Queue(.init(total: count, perLane: perProvider, reservedPerLane: reserved)))
    }

    /// The number of those that wait for a permit of a provider.
    package func waitingCount(of provider: String) -> Int { queue.withLock { $0.count(of: provider) } }

    /// Takes a permit for a user; waits when none is free.
    ///
    /// - Returns: false when the task was canceled first; there is then no permit to release.
    package func acquire(for user: String, of provider: String) async -> Bool {
        let ticket = Mutex<Queue.Ticket?>(nil)
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let answer = queue.withLock { queue -> Bool? in
                    // A cancellation that comes after this point waits for the lock, and then finds the ticket.
                    guard !Task.isCancelled else { return false }
                    if queue.tryEnter(provider, share: user) { return true }
                    ticket.withLock { $0 = queue.join(continuation, lane: provider, share: user) }
                    return nil
                }
                if let answer { continuation.resume(returning: answer) }
            }
        } onCancel: {
            let waiting = queue.withLock { queue in ticket.withLock { $0 }.flatMap { queue.leave($0) } }
            waiting?.resume(returning: false)
        }
    }

    /// Takes a permit without waiting, even above the limit.
    ///
    /// Work that released its permit at the provider's limit must not be late.
    package func enter(_ provider: String) { queue.withLock { $0.enter(provider) } }

    /// Returns a permit.
    package func release(_ provider: String) {
        let next = queue.withLock { queue in
            queue.finished(provider)
            return queue.next()
        }
        next?.resume(returning: true)
    }
}
