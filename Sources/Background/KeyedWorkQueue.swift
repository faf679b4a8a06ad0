// Runs keyed work in the background. The queue starts a task for each work that `KeyedWorkState` lets begin. It sleeps
// until the next work is due, and drains on stop. The owner decides what the work is and when to retry it.

package import Primitives
import Synchronization

/// A queue of background work with one run at a time for each key.
package final class KeyedWorkQueue<Line: WorkLine>: Sendable {
    package typealias Work = Line.Work

    /// What happens to the key after a run.
    package enum Outcome: Sendable, Equatable {
        /// Nothing, until the key is scheduled again.
        case done
        /// The same work runs again after a pause.
        case again(after: Duration)
    }

    /// Does the work of one key; its task is canceled when the queue stops.
    package typealias Perform = @Sendable (Work) async -> Outcome

    private struct Timer {
        let due: MonotonicInstant
        let task: Task<Void, Never>
    }

    private struct State {
        var work: KeyedWorkState<Line>
        var perform: Perform?
        var tasks: [Work.ID: Task<Void, Never>] = [:]
        var timer: Timer?
        var idleEvents: [Work.ID: OneTimeEvent] = [:]
        var isStopping = false
    }

    private let time: TimeSource
    private let state: Mutex<State>

    /// Creates a queue that begins nothing before ``start(_:)``.
    ///
    /// - Parameters:
    ///   - line: the order of ready work, and the bound on what runs.
    ///   - delayedMax: how many keys may wait until they are due.
    package init(_ line: Line, delayedMax: Int = .max, time: TimeSource) {
        self.time = time
        state = Mutex(State(work: KeyedWorkState(line, delayedMax: delayedMax)))
    }

    /// Begins to run scheduled work; a second call does nothing.
    package func start(_ perform: @escaping Perform) {
        state.withLock { state in
            guard state.perform == nil, !state.isStopping else { return }
            state.perform = perform
            proceed(&state)
        }
    }

    /// Runs work after a delay.
    ///
    /// When a key is scheduled several times, the earliest due time wins. A key that is running begins again after its
    /// run.
    ///
    /// - Returns: false when there is no room, or the queue stops.
    @discardableResult
    package func schedule(_ work: Work, after delay: Duration = .zero) -> Bool {
        state.withLock { state in
            guard !state.isStopping else { return false }
            let now = time.instant
            let isScheduled = state.work.schedule(work, at: now + max(.zero, delay), now: now)
            proceed(&state)
            return isScheduled
        }
    }

    /// Reserves a key for a caller that does the work itself; returns false when the key runs already.
    ///
    /// ``release(_:)`` ends the claim.
    package func claim(_ work: Work) -> Bool { state.withLock { $0.work.claim(work) } }

    /// Ends a claim.
    package func release(_ work: Work) { finish(work, .done) }

    /// Drops the scheduled work of a key, cancels its run, and waits for the end of the run.
    package func cancel(_ id: Work.ID) async {
        let task = state.withLock { state in
            state.work.forget(id)
            return state.tasks[id]
        }
        task?.cancel()
        await task?.value
    }

    /// Waits until a key has no running and no ready work, but at most `longest`.
    package func settle(_ id: Work.ID, atMost longest: Duration) async {
        let event = state.withLock { state -> OneTimeEvent? in
            guard state.work.isBusy(id), !state.isStopping else { return nil }
            let event = state.idleEvents[id] ?? OneTimeEvent()
            state.idleEvents[id] = event
            return event
        }
        await event?.wait(atMost: longest, time)
    }

    /// Changes the line, and begins the work that it admits then.
    package func updateLine(_ body: (inout Line) -> Void) {
        state.withLock { state in
            body(&state.work.line)
            proceed(&state)
        }
    }

    /// Stops the queue: begins nothing more and waits for running work.
    ///
    /// Runs that last longer than `grace` are canceled.
    package func stop(grace: Duration = .zero) async {
        let (tasks, events) = state.withLock { state in
            state.isStopping = true
            state.perform = nil
            state.timer?.task.cancel()
            state.timer = nil
            defer { state.idleEvents = [:] }
            return (Array(state.tasks.values), Array(state.idleEvents.values))
        }
        for event in events { event.signal() }
        guard !tasks.isEmpty else { return }
        let watch = Task { [time] in
            do { try await time.sleep(for: grace) } catch { return }
            for task in tasks { task.cancel() }
        }
        for task in tasks { await task.value }
        watch.cancel()
    }

    // MARK: Running

    /// Starts tasks for all work that may begin, and a timer for the next.
    private func proceed(_ state: inout State) {
        guard let perform = state.perform, !state.isStopping else { return }
        while true {
            switch state.work.next(at: time.instant) {
            case .begin(let work):
                state.tasks[work.id] = Task { self.finish(work, await perform(work)) }
            case .wait(let until):
                if let until { setTimer(&state, due: until) }
                return
            }
        }
    }

    private func finish(_ work: Work, _ outcome: Outcome) {
        let event = state.withLock { state -> OneTimeEvent? in
            state.tasks[work.id] = nil
            let now = time.instant
            var due: MonotonicInstant?
            if case .again(let pause) = outcome { due = now + max(.zero, pause) }
            state.work.finished(work.id, againAt: due, now: now)
            proceed(&state)
            return state.work.isBusy(work.id) ? nil : state.idleEvents.removeValue(forKey: work.id)
        }
        event?.signal()
    }

    /// Ensures that `proceed` runs at `due` at the latest.
    private func setTimer(_ state: inout State, due: MonotonicInstant) {
        if let timer = state.timer, timer.due <= due { return }
        state.timer?.task.cancel()
        let task = Task {
            do { try await time.sleep(until: due) } catch { return }
            self.state.withLock { state in
                // A timer that is due earlier may have replaced this one meanwhile.
                guard !Task.isCancelled else { return }
                state.timer = nil
                self.proceed(&state)
            }
        }
        state.timer = Timer(due: due, task: task)
    }
}
