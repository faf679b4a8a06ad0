// An event that tasks wait for without polling. The event does not know what happens.

package import Primitives
import Synchronization

/// A one-time event that tasks can wait for.
package final class OneTimeEvent: Sendable {
    private struct State {
        var hasHappened = false
        var waiters: [UInt64: CheckedContinuation<Void, Never>] = [:]
        var lastWaiter: UInt64 = 0
    }

    private let state = Mutex(State())

    package init() {}

    /// Whether the event has happened.
    package var hasHappened: Bool { state.withLock { $0.hasHappened } }

    /// Marks the event as happened and wakes all waiting tasks; later calls do nothing.
    package func signal() {
        let waiters = state.withLock { state in
            state.hasHappened = true
            defer { state.waiters = [:] }
            return Array(state.waiters.values)
        }
        for waiter in waiters { waiter.resume() }
    }

    /// Waits until the event has happened, or the task is canceled.
    package func wait() async {
        let number = state.withLock { state in
            state.lastWaiter += 1
            return state.lastWaiter
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    // A cancellation that comes after this point waits for the lock, and then finds the waiter.
                    if state.hasHappened || Task.isCancelled { return true }
                    state.waiters[number] = continuation
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiters.removeValue(forKey: number) }?.resume()
        }
    }

    /// Waits until the event has happened, but at most `longest`.
    package func wait(atMost longest: Duration, _ time: TimeSource) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.wait() }
            group.addTask { try? await time.sleep(for: longest) }
            await group.next()
            group.cancelAll()
        }
    }
}
