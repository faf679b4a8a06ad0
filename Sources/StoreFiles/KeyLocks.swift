// One writer per document or stream: the second one waits, in order, without holding a thread. Writers of
// different ones never meet.

package import Synchronization

/// One lock for each key; those who wait get it in order.
package final class KeyLocks<Key: Hashable & Sendable>: Sendable {
    @usableFromInline let holders = Mutex<[Key: FIFO<CheckedContinuation<Void, Never>>]>([:])

    /// Locks that are all free.
    @inlinable
    package init() {}

    /// Takes the lock of `key` if it is free, and returns whether it did.
    @inlinable
    package func tryAcquire(_ key: Key) -> Bool {
        holders.withLock { holders in
            if holders[key] != nil { return false }
            holders[key] = FIFO()
            return true
        }
    }

    /// Takes the lock of `key`, after everyone who asked before.
    @inlinable
    package func acquire(_ key: Key) async {
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

    /// Gives the lock of `key` to the next that waits for it.
    @inlinable
    package func release(_ key: Key) {
        let next = holders.withLock { holders -> CheckedContinuation<Void, Never>? in
            if let next = holders[key]?.popFirst() { return next }
            holders[key] = nil
            return nil
        }
        next?.resume()
    }
}
