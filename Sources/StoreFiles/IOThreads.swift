// A bounded pool of threads for calls that block. Async callers suspend until their work is done; no cooperative
// thread and no event loop ever waits for a disk.

import CLinux
import Glibc
import Synchronization

/// The pool: threads are started as work waits, up to a number given once.
package final class IOThreads: Sendable {
    /// Work for a thread of the pool.
    package typealias Job = @Sendable () -> Void

    private struct State {
        var jobs = FIFO<Job>()
        var threadCount = 0
        var idleCount = 0
        var isClosed = false
    }

    private let monitor = Monitor(State())
    private let threadsMax: Int

    /// A pool of at most `threadsMax` threads.
    package init(threadsMax: Int) {
        self.threadsMax = threadsMax
    }

    deinit { close() }

    /// Lets the threads end once the queue is empty; work submitted later fails with ``StoreError/closed``.
    package func close() {
        monitor.withLock { $0.isClosed = true }
        monitor.wakeAll()
    }

    /// Waits until the threads of a closed pool have ended.
    ///
    /// Not to be called on one of them.
    package func waitUntilEnded() {
        monitor.wait { $0.threadCount == 0 ? true : nil as Bool? }
    }

    /// Runs `body` on a thread of the pool and returns what it gives.
    @inlinable
    package func run<Value: Sendable>(
        _ body: @escaping @Sendable () throws(StoreError) -> Value
    ) async throws(StoreError) -> Value {
        let result: Result<Value, StoreError> = await withCheckedContinuation { continuation in
            let refusal = submit {
                continuation.resume(returning: Result { () throws(StoreError) in try body() })
            }
            if let refusal { continuation.resume(returning: .failure(refusal)) }
        }
        return try result.get()
    }

    /// Queues `job`, or says why not.
    package func submit(_ job: @escaping Job) -> StoreError? {
        var startsThread = false
        let refusal: StoreError? = monitor.withLock(wake: true) { state in
            if state.isClosed { return .closed }
            if state.jobs.count >= StoreLimits.waitingOperationsMax { return .busy }
            state.jobs.append(job)
            if state.jobs.count > state.idleCount && state.threadCount < threadsMax {
                state.threadCount += 1
                startsThread = true
            }
            return nil
        }
        if startsThread {
            let monitor = monitor
            startThread(named: "store-io") { Self.serve(monitor) }
        }
        return refusal
    }

    private static func serve(_ monitor: Monitor<State>) {
        while true {
            var wasIdle = false
            let job: Job? = monitor.wait { state -> Job?? in
                if let job = state.jobs.popFirst() {
                    if wasIdle { state.idleCount -= 1 }
                    return .some(job)
                }
                if state.isClosed { return .some(nil) }
                if !wasIdle {
                    wasIdle = true
                    state.idleCount += 1
                }
                return nil
            }
            guard let job else {
                monitor.withLock { $0.threadCount -= 1 }
                monitor.wakeAll()
                return
            }
            job()
        }
    }
}
