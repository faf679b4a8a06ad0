// Limits how many tasks do something at the same time. Shares, such as users, get permits in turn; a waiting task can be canceled.

import Synchronization

/// A fair semaphore for tasks.
public final class FairGate: Sendable {
    private struct State {
        var free: Int
        var queue = FairQueue<CheckedContinuation<Bool, Never>>()
    }

    private let state: Mutex<State>

    /// A gate with `count` permits.
    public init(_ count: Int) { state = Mutex(State(free: count)) }

    /// The number of tasks that wait for a permit.
    public var waitingCount: Int { state.withLock { $0.queue.count } }

    /// Takes a permit for a share; waits when none is free.
    ///
    /// - Returns: false when the task was canceled first; there is then no permit to release.
    public func acquire(for share: String) async -> Bool {
        let ticket = Mutex<FairQueueTicket?>(nil)
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let answer = state.withLock { state -> Bool? in
                    // A cancellation that comes after this point waits for the lock, and then finds the ticket.
                    guard !Task.isCancelled else { return false }
                    guard state.free <= 0 else {
                        state.free -= 1
                        state.queue.charge(share)
                        return true
                    }
                    ticket.withLock { $0 = state.queue.join(continuation, share: share) }
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
    /// For a task that released its permit for a time and must not be late.
    public func enter() { state.withLock { $0.free -= 1 } }

    /// Returns a permit.
    public func release() {
        let next = state.withLock { state in
            let next = state.free < 0 ? nil : state.queue.next()
            if next == nil { state.free += 1 }
            return next
        }
        next?.resume(returning: true)
    }
}
