// A bounded pool of threads for calls that block. Async callers suspend until their work is done; no cooperative
// thread and no event loop ever waits for a disk.

import CLinux
import Glibc
import Synchronization

/// A first-in first-out queue over a ring buffer.
struct FIFO<Element> {
    private var slots: [Element?] = []
    private var head = 0
    private(set) var count = 0

    var isEmpty: Bool { count == 0 }

    mutating func append(_ element: Element) {
        if count == slots.count { grow() }
        slots[(head + count) % slots.count] = element
        count += 1
    }

    mutating func popFirst() -> Element? {
        guard count > 0 else { return nil }
        defer {
            slots[head] = nil
            head = (head + 1) % slots.count
            count -= 1
        }
        return slots[head]
    }

    private mutating func grow() {
        var larger: [Element?] = []
        larger.reserveCapacity(max(8, slots.count * 2))
        for index in 0..<count { larger.append(slots[(head + index) % slots.count]) }
        while larger.count < max(8, slots.count * 2) { larger.append(nil) }
        slots = larger
        head = 0
    }
}

/// What a thread that looked at a state does next.
enum Wait<Result> {
    case done(Result)
    case untilWoken
    case atMost(Duration)
}

/// A mutual exclusion with a condition, for threads that sleep until there is work.
@safe final class Monitor<State>: @unchecked Sendable {
    // Mutex of Synchronization has no condition to wait for, hence the pthread pair; both live as long as this object.
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let condition: UnsafeMutablePointer<pthread_cond_t>
    private var state: State

    init(_ state: sending State) {
        self.state = state
        unsafe mutex = .allocate(capacity: 1)
        unsafe condition = .allocate(capacity: 1)
        unsafe mutex.initialize(to: pthread_mutex_t())
        unsafe condition.initialize(to: pthread_cond_t())
        unsafe pthread_mutex_init(mutex, nil)
        // Deadlines must not move when somebody sets the clock.
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

    /// Runs `body` alone, then wakes one waiter if it says so.
    func withLock<Result>(wake: Bool = false, _ body: (inout State) -> Result) -> Result {
        unsafe pthread_mutex_lock(mutex)
        let result = body(&state)
        unsafe pthread_mutex_unlock(mutex)
        if wake { unsafe pthread_cond_signal(condition) }
        return result
    }

    /// Waits until `body` gives a value.
    @discardableResult
    func wait<Result>(for body: (inout State) -> Result?) -> Result {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        while true {
            if let result = body(&state) { return result }
            unsafe pthread_cond_wait(condition, mutex)
        }
    }

    /// Waits until `body` gives a value or a time it need not be asked again before.
    func waitOrSleep<Result>(_ body: (inout State) -> Wait<Result>) -> Result {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        while true {
            switch body(&state) {
            case .done(let result): return result
            case .untilWoken: unsafe pthread_cond_wait(condition, mutex)
            case .atMost(let duration):
                var end = Self.deadline(after: duration)
                unsafe pthread_cond_timedwait(condition, mutex, &end)
            }
        }
    }

    private static func deadline(after duration: Duration) -> timespec {
        var now = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &now)
        let (seconds, attoseconds) = duration.components
        let nanoseconds = now.tv_nsec + Int(attoseconds / 1_000_000_000)
        return timespec(
            tv_sec: now.tv_sec + Int(seconds) + nanoseconds / 1_000_000_000, tv_nsec: nanoseconds % 1_000_000_000)
    }

    func wake() { unsafe pthread_cond_signal(condition) }
    func wakeAll() { unsafe pthread_cond_broadcast(condition) }
}

/// Starts a detached thread that runs `body` to its end.
func startThread(named name: String, _ body: @escaping @Sendable () -> Void) {
    final class Box {
        let name: String
        let body: @Sendable () -> Void
        init(_ name: String, _ body: @escaping @Sendable () -> Void) {
            self.name = name
            self.body = body
        }
    }
    let box = unsafe Unmanaged.passRetained(Box(name, body)).toOpaque()
    var thread = pthread_t()
    let code = unsafe pthread_create(
        &thread, nil,
        { argument in
            guard let argument = unsafe argument else { return nil }
            let box = unsafe Unmanaged<Box>.fromOpaque(argument).takeRetainedValue()
            _ = unsafe cl_set_thread_name(box.name)
            box.body()
            return nil
        }, box)
    guard code == 0 else { fatalError("cannot start a thread: \(systemMessage(code))") }
    pthread_detach(thread)
}

/// The pool: threads are started as work waits, up to a number given once.
final class IOThreads: Sendable {
    typealias Job = @Sendable () -> Void

    private struct State {
        var jobs = FIFO<Job>()
        var threadCount = 0
        var idleCount = 0
        var isClosed = false
    }

    private let monitor = Monitor(State())
    private let threadsMax: Int

    init(threadsMax: Int) {
        self.threadsMax = threadsMax
    }

    deinit { close() }

    /// Lets the threads end once the queue is empty; work submitted later fails with ``StoreError/closed``.
    func close() {
        monitor.withLock { $0.isClosed = true }
        monitor.wakeAll()
    }

    /// Waits until the threads of a closed pool have ended.
    ///
    /// Not to be called on one of them.
    func waitUntilEnded() {
        monitor.wait { $0.threadCount == 0 ? true : nil as Bool? }
    }

    /// Runs `body` on a thread of the pool and returns what it gives.
    func run<Value: Sendable>(
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
    func submit(_ job: @escaping Job) -> StoreError? {
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
