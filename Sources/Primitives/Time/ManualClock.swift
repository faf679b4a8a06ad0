// A clock that a test sets: time passes when the test says so, and those who sleep until then wake up.

import Synchronization

/// A wall clock and a monotonic clock that move by hand.
public final class ManualClock: Sendable {
    fileprivate struct Sleeper {
        let deadline: MonotonicInstant
        let continuation: CheckedContinuation<Bool, Never>
    }

    fileprivate struct State {
        var nanosecondsSince1970: Int64
        var instant: MonotonicInstant
        var sleepers: [UInt64: Sleeper] = [:]
        var lastSleeper: UInt64 = 0
        var watchers: [(count: Int, continuation: CheckedContinuation<Void, Never>)] = []
    }

    private let state: Mutex<State>

    /// A clock that stands still at a time of day; by default 2026-01-01T00:00:00Z.
    public init(
        millisecondsSince1970: Int64 = 1_767_225_600_000,
        instant: MonotonicInstant = MonotonicInstant(nanoseconds: 1_000_000_000_000)
    ) {
        state = Mutex(State(nanosecondsSince1970: millisecondsSince1970 * 1_000_000, instant: instant))
    }

    /// The clock as the time source of a service.
    public var source: TimeSource { TimeSource(manual: self) }

    /// The time of day: milliseconds since 1 January 1970, UTC.
    public var millisecondsSince1970: Int64 { state.withLock { $0.nanosecondsSince1970 / 1_000_000 } }

    /// The present moment of the monotonic clock.
    public var instant: MonotonicInstant { state.withLock { $0.instant } }

    /// Sets the time of day; the monotonic clock stays.
    public func set(millisecondsSince1970: Int64) {
        state.withLock { $0.nanosecondsSince1970 = millisecondsSince1970 * 1_000_000 }
    }

    /// Moves both clocks forward and wakes everyone whose deadline has come, the earliest first.
    public func advance(by duration: Duration) {
        precondition(duration >= .zero, "a monotonic clock does not go back")
        let due = state.withLock { state in
            state.instant = state.instant + duration
            state.nanosecondsSince1970 += duration.nanoseconds
            return state.takeDue()
        }
        for sleeper in due { sleeper.continuation.resume(returning: true) }
    }

    /// Moves both clocks forward to the earliest deadline of a sleeper and wakes it.
    ///
    /// - Returns: how far the clocks moved; nil when no task sleeps.
    @discardableResult
    public func advanceToNextSleeper() -> Duration? {
        let (step, due) = state.withLock { state -> (Duration?, [Sleeper]) in
            guard let earliest = state.sleepers.values.map(\.deadline).min() else { return (nil, []) }
            let step = state.instant.duration(to: earliest)
            state.instant = earliest
            state.nanosecondsSince1970 += step.nanoseconds
            return (step, state.takeDue())
        }
        for sleeper in due { sleeper.continuation.resume(returning: true) }
        return step
    }

    // MARK: Sleepers

    /// The number of tasks that sleep on this clock.
    public var sleeperCount: Int { state.withLock { $0.sleepers.count } }

    /// Waits until at least `count` tasks sleep on this clock.
    public func waitForSleepers(_ count: Int = 1) async {
        await withCheckedContinuation { continuation in
            let isReached = state.withLock { state in
                if state.sleepers.count < count { state.watchers.append((count, continuation)) }
                return state.sleepers.count >= count
            }
            if isReached { continuation.resume() }
        }
    }

    func sleep(until deadline: MonotonicInstant) async throws(CancellationError) {
        let number = state.withLock { state in
            state.lastSleeper += 1
            return state.lastSleeper
        }
        let isFinished = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let (isFinished, reached) = state.withLock { state -> (Bool?, [CheckedContinuation<Void, Never>]) in
                    // A cancellation from here on finds the lock taken, and then the sleeper.
                    if Task.isCancelled { return (false, []) }
                    if deadline <= state.instant { return (true, []) }
                    state.sleepers[number] = Sleeper(deadline: deadline, continuation: continuation)
                    return (nil, state.takeReachedWatchers())
                }
                if let isFinished { continuation.resume(returning: isFinished) }
                for watcher in reached { watcher.resume() }
            }
        } onCancel: {
            state.withLock { $0.sleepers.removeValue(forKey: number) }?.continuation.resume(returning: false)
        }
        if !isFinished { throw CancellationError() }
    }
}

extension ManualClock.State {
    fileprivate mutating func takeDue() -> [ManualClock.Sleeper] {
        let due = sleepers.filter { $0.value.deadline <= instant }
            .sorted { ($0.value.deadline, $0.key) < ($1.value.deadline, $1.key) }
        for (number, _) in due { sleepers[number] = nil }
        return due.map(\.value)
    }

    fileprivate mutating func takeReachedWatchers() -> [CheckedContinuation<Void, Never>] {
        let reached = watchers.filter { $0.count <= sleepers.count }.map(\.continuation)
        watchers.removeAll { $0.count <= sleepers.count }
        return reached
    }
}
