// One writer per document or stream: whoever comes second waits, in order, without holding a thread. Writers of
// different ones never meet.

import Synchronization

final class KeyLocks<Key: Hashable & Sendable>: Sendable {
    private let holders = Mutex<[Key: FIFO<CheckedContinuation<Void, Never>>]>([:])

    /// Takes the lock when nobody has it.
    func tryAcquire(_ key: Key) -> Bool {
        holders.withLock { holders in
            if holders[key] != nil { return false }
            holders[key] = FIFO()
            return true
        }
    }

    func acquire(_ key: Key) async {
        if tryAcquire(key) { return }
        await withCheckedContinuation { continuation in
            let isFree = holders.withLock { holders in
                if holders[key] == nil {
                    holders[key] = FIFO()
                    return true
                }
                holders[key]?.append(continuation)
                return false
            }
            if isFree { continuation.resume() }
        }
    }

    func release(_ key: Key) {
        let next = holders.withLock { holders -> CheckedContinuation<Void, Never>? in
            if let next = holders[key]?.popFirst() { return next }
            holders[key] = nil
            return nil
        }
        next?.resume()
    }
}
