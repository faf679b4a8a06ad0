// A lock with a condition, for threads that sleep until there is work. It knows no state but the one it is given.

import CLinux
import Glibc
import Primitives

/// The decision of a thread that looked at a state.
package enum Wait<Result> {
    /// It has what it needs.
    case done(Result)
    /// It waits until another thread wakes it.
    case untilWoken
    /// It waits until another thread wakes it, but no longer than this.
    case atMost(Duration)
}

/// A pthread mutex and condition.
@safe @usableFromInline package final class ConditionLock: @unchecked Sendable {
    // Mutex of Synchronization has no condition to wait for, hence the pthread pair; both live as long as this object.
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let condition: UnsafeMutablePointer<pthread_cond_t>

    /// A free lock.
    package init() {
        unsafe mutex = .allocate(capacity: 1)
        unsafe condition = .allocate(capacity: 1)
        unsafe mutex.initialize(to: pthread_mutex_t())
        unsafe condition.initialize(to: pthread_cond_t())
        unsafe pthread_mutex_init(mutex, nil)
        // Deadlines must not move when the clock is set.
        var attributes = pthread_condattr_t()
        unsafe pthread_condattr_init(&attributes)
        unsafe pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        unsafe pthread_cond_init(condition, &attributes)
        unsafe pthread_condattr_destroy(&attributes)
    }

    deinit {
        unsafe pthread_cond_destroy(condition)
        unsafe pthread_mutex_destroy(mutex)
        unsafe condition.deallocate()
        unsafe mutex.deallocate()
    }

    /// Takes the lock.
    package func lock() { unsafe pthread_mutex_lock(mutex) }
    /// Gives the lock back.
    package func unlock() { unsafe pthread_mutex_unlock(mutex) }

    /// Gives the lock up until another thread wakes this one; the caller holds the lock.
    package func wait() { unsafe pthread_cond_wait(condition, mutex) }

    /// Gives the lock up until another thread wakes this one or `duration` has passed; the caller holds the lock.
    package func wait(atMost duration: Duration) {
        let end = (SystemClock.instant + duration).nanoseconds
        var deadline = timespec(tv_sec: Int(end / 1_000_000_000), tv_nsec: Int(end % 1_000_000_000))
        unsafe pthread_cond_timedwait(condition, mutex, &deadline)
    }

    /// Wakes one thread that waits.
    package func wake() { unsafe pthread_cond_signal(condition) }
    /// Wakes every thread that waits.
    package func wakeAll() { unsafe pthread_cond_broadcast(condition) }
}

/// A state that threads change one at a time, and wait for.
@safe package final class Monitor<State>: @unchecked Sendable {
    @usableFromInline let condition = ConditionLock()
    @usableFromInline var state: State

    /// A monitor of `state`.
    @inlinable
    package init(_ state: sending State) { self.state = state }

    /// Runs `body` alone, then wakes one thread that waits if `wake` says so.
    @inlinable
    package func withLock<Result>(wake: Bool = false, _ body: (inout State) -> Result) -> Result {
        condition.lock()
        let result = body(&state)
        condition.unlock()
        if wake { condition.wake() }
        return result
    }

    /// Waits until `body` returns a value.
    @discardableResult @inlinable
    package func wait<Result>(for body: (inout State) -> Result?) -> Result {
        condition.lock()
        defer { condition.unlock() }
        while true {
            if let result = body(&state) { return result }
            condition.wait()
        }
    }

    /// Waits until `body` returns a value, or the longest time before it is asked again.
    @inlinable
    package func waitOrSleep<Result>(_ body: (inout State) -> Wait<Result>) -> Result {
        condition.lock()
        defer { condition.unlock() }
        while true {
            switch body(&state) {
            case .done(let result): return result
            case .untilWoken: condition.wait()
            case .atMost(let duration): condition.wait(atMost: duration)
            }
        }
    }

    /// Wakes one thread that waits.
    @inlinable
    package func wake() { condition.wake() }

    /// Wakes every thread that waits.
    @inlinable
    package func wakeAll() { condition.wakeAll() }
}
