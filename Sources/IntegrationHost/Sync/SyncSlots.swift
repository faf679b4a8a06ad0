// The places in which syncs work at the same time. Users are given places in turn; whoever waits can be called off.

import ProviderSDK
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
                    guard state.free <= 0 else {
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

    /// Takes a place without waiting, one too many if need be: for a sync that gave its own up and must not be late now.
    func enter() { state.withLock { $0.free -= 1 } }

    /// Gives a place back.
    func release() {
        let next = state.withLock { state in
            let next = state.free < 0 ? nil : state.line.next()
            if next == nil { state.free += 1 }
            return next
        }
        next?.resume(returning: true)
    }
}

/// The place of one sync, given up while the sync waits for its turn at the provider.
final class SyncPlace: Sendable {
    private let slots: SyncSlots
    private let progress: SyncProgress
    private let isHeld = Mutex(true)

    /// A place that was acquired.
    init(in slots: SyncSlots, progress: SyncProgress) {
        self.slots = slots
        self.progress = progress
    }

    /// Gives the place up until ``resume(_:)``.
    func wait(until moment: Timestamp) {
        progress.waits(for: .rateLimit, until: moment)
        close()
    }

    /// Takes a place again.
    func resume(_ dataType: String) {
        isHeld.withLock { isHeld in
            if !isHeld { slots.enter() }
            isHeld = true
        }
        progress.works(on: dataType)
    }

    /// Gives the place up.
    func close() {
        isHeld.withLock { isHeld in
            if isHeld { slots.release() }
            isHeld = false
        }
    }
}
