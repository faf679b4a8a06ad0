// The places in which syncs work at the same time. Users are given places in turn; whoever waits can be called off.

import Synchronization

/// A bounded number of places; whoever finds none waits in line.
final class SyncSlots: Sendable {
    private struct State {
        var free: Int
        var line = FairLine<CheckedContinuation<Bool, Never>>()
    }

    private let state: Mutex<State>

    init(_ count: Int) { state = Mutex(State(free: count)) }

    /// Those who wait for a place.
    var waitingCount: Int { state.withLock { $0.line.count } }

    /// Takes a place for a user, waiting for one if need be.
    ///
    /// - Returns: false when the task was canceled before there was one: then there is none to release.
    func acquire(for user: String) async -> Bool {
        let place = Mutex<UInt64?>(nil)
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let answer = state.withLock { state -> Bool? in
                    // A cancellation from here on finds the line locked, and then the place in it.
                    guard !Task.isCancelled else { return false }
                    guard state.free == 0 else {
                        state.free -= 1
                        state.line.charge(user)
                        return true
                    }
                    place.withLock { $0 = state.line.join(continuation, share: user) }
                    return nil
                }
                if let answer { continuation.resume(returning: answer) }
            }
        } onCancel: {
            let waiting = state.withLock { state in
                place.withLock { $0 }.flatMap { state.line.leave($0, share: user) }
            }
            waiting?.resume(returning: false)
        }
    }

    /// Gives a place back.
    func release() {
        let next = state.withLock { state in
            let next = state.line.next()
            if next == nil { state.free += 1 }
            return next
        }
        next?.resume(returning: true)
    }
}
