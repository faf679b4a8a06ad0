// The memory of large response bodies, over all transfers. A body that finds no room is not read until there is some, so that many
// large answers at once take no more memory than a few. It knows no socket; the worker pauses and resumes transfers.

import Primitives
import Synchronization

/// The bytes that large bodies and what is made of them take together.
///
/// A body takes its bytes as it grows, and keeps them until its ``BodyLease`` goes. When there is no room, one body may grow on: the one
/// that has waited longest. So there is always one that comes to its end.
final class BodyMemory: Sendable {
    private struct State {
        var used = 0
        /// The lease that may grow beyond the bound.
        var favored: ObjectIdentifier?
        /// Transfers that wait for room, in the order in which they came, and for how many bytes.
        var waiting: [(transfer: Transfer, bytes: Int)] = []
        /// Called on any thread when a transfer waits and bytes were given back.
        var onRoom: (@Sendable () -> Void)?
    }

    private let state = Mutex(State())
    private let bytesMax: Int

    init(bytesMax: Int) { self.bytesMax = bytesMax }

    /// Has `body` called, on any thread, when a transfer waits and bytes were given back.
    func onRoom(_ body: @escaping @Sendable () -> Void) { state.withLock { $0.onRoom = body } }

    /// The bytes taken now.
    var usedBytes: Int { state.withLock { $0.used } }

    /// Takes `more` bytes for `lease`; where there is no room for now, it returns false and has `transfer` wait.
    func take(_ more: Int, for lease: BodyLease, orWaitAs transfer: Transfer?) -> Bool {
        state.withLock { state in
            guard isRoom(for: more, lease, state) else {
                if let transfer { state.waiting.append((transfer, more)) }
                return false
            }
            if state.used + more > bytesMax { state.favored = ObjectIdentifier(lease) }
            state.used += more
            return true
        }
    }

    private func isRoom(for more: Int, _ lease: BodyLease, _ state: borrowing State) -> Bool {
        state.used + more <= bytesMax || state.favored == nil || state.favored == ObjectIdentifier(lease)
    }

    /// Forgets a transfer that has ended.
    func leave(_ transfer: Transfer) {
        state.withLock { state in
            if !state.waiting.isEmpty { state.waiting.removeAll { $0.transfer === transfer } }
        }
    }

    /// The transfer that has waited longest, where it can have what it waits for; it waits no more.
    func nextWaiting() -> Transfer? {
        state.withLock { state in
            guard let first = state.waiting.first, let lease = first.transfer.lease,
                isRoom(for: first.bytes, lease, state)
            else { return nil }
            return state.waiting.removeFirst().transfer
        }
    }

    fileprivate func giveBack(_ count: Int, of lease: ObjectIdentifier) {
        let onRoom = state.withLock { state in
            state.used -= count
            if state.favored == lease { state.favored = nil }
            return state.waiting.isEmpty ? nil : state.onRoom
        }
        onRoom?()
    }
}

/// The bytes of one large body; they are given back when the last reference goes.
///
/// Code that keeps the body, or what was made of it, keeps the lease as long.
public final class BodyLease: Sendable {
    private let memory: BodyMemory
    private let taken = Mutex(0)

    init(in memory: BodyMemory) { self.memory = memory }

    /// Takes `count` bytes in all; where there is no room for now, it returns false and has `transfer` wait.
    func grow(to count: Int, orWaitAs transfer: Transfer? = nil) -> Bool {
        taken.withLock { (taken: inout Int) -> Bool in
            guard count > taken else { return true }
            let steps = (count - taken + HTTPClientLimits.bodyLeaseStepBytes - 1) / HTTPClientLimits.bodyLeaseStepBytes
            let more = steps * HTTPClientLimits.bodyLeaseStepBytes
            guard memory.take(more, for: self, orWaitAs: transfer) else { return false }
            taken += more
            return true
        }
    }

    deinit { memory.giveBack(taken.withLock(\.self), of: ObjectIdentifier(self)) }
}
