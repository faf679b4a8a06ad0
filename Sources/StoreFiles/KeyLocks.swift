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
            holders.updateValue(FIFO(), forKey: key)
            return true
        }
    }

    /// Takes the lock of `key`, after everyone who asked before.
    @inlinable
    package func acquire(_ key: Key) async {
        if tryAcquire(key) { return }
        await withCheckedContinuation { continuation in
            let isFree = holders.withLock { holders in
                // Taken out and put back: a change in place allocates where this code is not specialized.
                guard var waiting = holders.removeValue(forKey: key) else {
                    holders.updateValue(FIFO(), forKey: key)
                    return true
                }
                waiting.append(continuation)
                holders.updateValue(waiting, forKey: key)
                return false
            }
            if isFree { continuation.resume() }
        }
    }

    /// Gives the lock of `key` to the next that waits for it.
    @inlinable
    package func release(_ key: Key) {
        let next = holders.withLock { holders -> CheckedContinuation<Void, Never>? in
            guard var waiting = holders.removeValue(forKey: key), let next = waiting.popFirst() else { return nil }
            holders.updateValue(waiting, forKey: key)
            return next
        }
        next?.resume()
    }
}
