// One thread that waits in epoll and runs what is ready: descriptors, timers, and Swift tasks, for which it is an
// executor. It knows no HTTP: a worker receives the descriptors' events.

import CLinux
import Dispatch
import Glibc
import Primitives
import Synchronization

/// One thread that serves connections and runs tasks.
///
/// Tasks that prefer it as executor (`Task(executorPreference: loop)`) run on the thread that also does the I/O: what
/// they await resumes there without a switch of threads. Work on it must not block. Jobs given to a loop that has
/// stopped run on the global queue, so that none is lost.
public final class EventLoop: TaskExecutor, @unchecked Sendable {
    enum Work {
        case job(UnownedJob)
        case call(@Sendable () -> Void)
    }

    private struct Inbox: ~Copyable {
        var work: [Work] = []
        var isWakePending = false
        var hasStopped = false
    }

    /// Jobs run between two looks at the descriptors, and the time after which no further one begins.
    private static let jobsPerTickMax = 256
    private static let jobTimePerTick: Nanoseconds = 2_000_000
    private static let eventsPerTickMax = 256
    private static let wakeToken: UInt64 = .max
    static let listenerToken: UInt64 = .max - 1

    let epoll: Int32
    private let wakeup: Int32
    private let inbox = Mutex(Inbox())
    private let thread = Atomic<UInt>(0)

    // From here on: touched by the loop's own thread only.
    private var local = WorkQueue()
    private var arrived: [Work] = []
    private var timers = TimerHeap()
    private var scheduled: [UInt64: ScheduledCall] = [:]
    private var lastTimer: UInt64 = 0
    private var isStopping = false
    /// The monotonic time at which this turn of the loop began.
    private(set) var now: Nanoseconds = EventLoop.clock()
    var worker: LoopWorker?

    init() throws(ServerError) {
        epoll = epoll_create1(CL_EPOLL_CLOEXEC)
        guard epoll >= 0 else { throw .system(call: "epoll_create1", code: errno) }
        wakeup = eventfd(0, CL_EFD_NONBLOCK | CL_EFD_CLOEXEC)
        guard wakeup >= 0 else {
            let code = errno
            close(epoll)
            throw .system(call: "eventfd", code: code)
        }
        watch(wakeup, EPOLL_CTL_ADD, CL_EPOLLIN, Self.wakeToken)
    }

    deinit {
        close(epoll)
        close(wakeup)
    }

    /// Has epoll watch `descriptor`, or watch it otherwise; false when the kernel refuses.
    @discardableResult
    func watch(_ descriptor: Int32, _ operation: Int32, _ events: UInt32, _ token: UInt64) -> Bool {
        var event = unsafe epoll_event(events: events, data: epoll_data_t(u64: token))
        return unsafe epoll_ctl(epoll, operation, descriptor, &event) == 0
    }

    static func clock() -> Nanoseconds { SystemClock.instant.nanoseconds }

    // MARK: Giving it work

    /// Whether the caller is on this loop's thread.
    public var isCurrent: Bool { thread.load(ordering: .relaxed) == UInt(pthread_self()) }

    /// The loop whose thread the caller is on; nil on other threads.
    public static var current: EventLoop? { CurrentLoop.get() }

    /// Runs a job of the Swift runtime; see `TaskExecutor`.
    public func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        if isCurrent { local.append(.job(job)) } else { deliver(.job(job)) }
    }

    /// Runs `body` on the loop's thread, soon.
    public func execute(_ body: @escaping @Sendable () -> Void) {
        if isCurrent { local.append(.call(body)) } else { deliver(.call(body)) }
    }

    private func deliver(_ work: Work) {
        let (wakes, stopped) = inbox.withLock { inbox in
            if inbox.hasStopped { return (false, true) }
            inbox.work.append(work)
            defer { inbox.isWakePending = true }
            return (!inbox.isWakePending, false)
        }
        if wakes { _ = eventfd_write(wakeup, 1) }
        if stopped { DispatchQueue.global().async { self.perform(work) } }
    }

    private func perform(_ work: Work) {
        switch work {
        case .job(let job): unsafe job.runSynchronously(on: asUnownedTaskExecutor())
        case .call(let body): body()
        }
    }

    // MARK: Time

    /// Runs `body` once `delay` has passed: on the loop's thread, or on the global queue where the loop has stopped.
    @discardableResult
    public func schedule(after delay: Duration, _ body: @escaping @Sendable () -> Void) -> ScheduledCall {
        let call = ScheduledCall(
            loop: self, body: body, deadline: Self.clock() &+ Nanoseconds(clamping: delay.nanoseconds))
        if isCurrent {
            insert(call)
        } else {
            deliver(.call { [self] in isCurrent ? insert(call) : call.performLater() })
        }
        return call
    }

    private func insert(_ call: ScheduledCall) {
        lastTimer += 1
        call.setTimer(lastTimer)
        scheduled[lastTimer] = call
        timers.insert(TimerHeap.Entry(deadline: call.deadline, owner: .scheduled(lastTimer)))
    }

    /// Forgets a call that was cancelled.
    func forget(_ call: ScheduledCall) {
        guard isCurrent else { return deliver(.call { [self] in if isCurrent { forget(call) } }) }
        if scheduled.removeValue(forKey: call.timer) != nil { noteStaleTimer() }
    }

    /// Suspends the caller for `duration`; throws when its task is cancelled before that.
    public func sleep(for duration: Duration) async throws(CancellationError) {
        let sleeper = Sleeper()
        let finished = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                sleeper.begin(continuation) { schedule(after: duration) { sleeper.end(finished: true) } }
            }
        } onCancel: {
            sleeper.end(finished: false)
        }
        if !finished { throw CancellationError() }
    }

    func arm(_ token: ConnectionToken, at deadline: Nanoseconds) {
        timers.insert(TimerHeap.Entry(deadline: deadline, owner: .connection(token)))
    }

    func noteStaleTimer() {
        timers.noteStale { owner in
            switch owner {
            case .scheduled(let id): scheduled[id] != nil
            case .connection(let token): worker?.isOpen(token) ?? false
            }
        }
    }

    // MARK: Running

    func start() throws(ServerError) {
        var created: pthread_t = 0
        let retained = unsafe Unmanaged.passRetained(self)
        let code = unsafe pthread_create(
            &created, nil,
            { argument in
                guard let argument = unsafe argument else { return nil }
                let loop = unsafe Unmanaged<EventLoop>.fromOpaque(argument).takeRetainedValue()
                loop.run()
                return nil
            }, retained.toOpaque())
        guard code == 0 else {
            unsafe retained.release()
            throw .system(call: "pthread_create", code: code)
        }
        pthread_detach(created)
    }

    /// Ends the thread after its present work; later jobs run elsewhere.
    func stop() { execute { [self] in isStopping = true } }

    private func run() {
        thread.store(UInt(pthread_self()), ordering: .relaxed)
        CurrentLoop.set(self)
        _ = unsafe cl_set_thread_name("event-loop")
        let events = UnsafeMutablePointer<epoll_event>.allocate(capacity: Self.eventsPerTickMax)
        while !isStopping {
            let count = unsafe epoll_wait(epoll, events, Int32(Self.eventsPerTickMax), timeoutMilliseconds)
            now = Self.clock()
            worker?.turnBegins()
            for index in 0..<max(0, Int(count)) {
                let event = unsafe events[index]
                unsafe handle(event.data.u64, event.events)
            }
            fireTimers()
            runJobs()
            worker?.turnEnds()
        }
        unsafe events.deallocate()
        CurrentLoop.set(nil)
        handOver()
    }

    private var timeoutMilliseconds: Int32 {
        if !local.isEmpty || worker?.hasWaitingTurns == true { return 0 }
        guard let earliest = timers.earliest else { return -1 }
        if earliest <= now { return 0 }
        // Rounded up, so that the timer is due when the wait is over.
        return Int32(min((earliest - now) / 1_000_000 + 1, 3_600_000))
    }

    private func handle(_ token: UInt64, _ events: UInt32) {
        switch token {
        case Self.wakeToken: takeInbox()
        case Self.listenerToken: worker?.acceptConnections()
        default: worker?.handle(ConnectionToken(packed: token), events)
        }
    }

    private func takeInbox() {
        var value: eventfd_t = 0
        unsafe eventfd_read(wakeup, &value)
        inbox.withLock { inbox in
            // Swapped, not copied: both arrays keep their allocation.
            swap(&inbox.work, &arrived)
            inbox.isWakePending = false
        }
        for work in arrived { local.append(work) }
        arrived.removeAll(keepingCapacity: true)
    }

    private func fireTimers() {
        while let entry = timers.popDue(now) {
            switch entry.owner {
            case .connection(let token): worker?.deadlineReached(token, armedAt: entry.deadline)
            case .scheduled(let id): scheduled.removeValue(forKey: id)?.perform()
            }
        }
    }

    private func runJobs() {
        guard !local.isEmpty else { return }
        var count = 0
        let end = Self.clock() &+ Self.jobTimePerTick
        while count < Self.jobsPerTickMax, let work = local.popFirst() {
            perform(work)
            count += 1
            if Self.clock() >= end { return }
        }
    }

    /// Gives what is left to the global queue, so that no task waits for ever.
    private func handOver() {
        thread.store(0, ordering: .relaxed)
        let late = inbox.withLock { inbox in
            inbox.hasStopped = true
            let work = inbox.work
            inbox.work = []
            return work
        }
        var rest: [Work] = []
        while let work = local.popFirst() { rest.append(work) }
        rest += late
        for call in scheduled.values { call.performLater() }
        scheduled = [:]
        worker = nil
        for work in rest { DispatchQueue.global().async { self.perform(work) } }
    }
}
