// The queue of background work on a manual clock: what runs, when it runs again, and how the queue stops.

import Primitives
import Synchronization
import TestSupport
import Testing

@testable import Background

@Suite("Queue of keyed work", .timeLimit(.minutes(1)))
struct KeyedWorkQueueTests {
    private typealias Queue = KeyedWorkQueue<FairWorkLine<TestWork>>

    /// The runs so far, and a way to wait for more.
    private final class Runs: Sendable {
        private let state = Mutex<(ids: [String], waiters: [(Int, CheckedContinuation<Void, Never>)])>(([], []))

        var ids: [String] { state.withLock { $0.ids } }

        func add(_ id: String) {
            let ready = state.withLock { state in
                state.ids.append(id)
                defer { state.waiters.removeAll { $0.0 <= state.ids.count } }
                return state.waiters.filter { $0.0 <= state.ids.count }
            }
            for (_, waiter) in ready { waiter.resume() }
        }

        func reached(_ count: Int) async {
            await withCheckedContinuation { continuation in
                let isReached = state.withLock { state in
                    if state.ids.count < count { state.waiters.append((count, continuation)) }
                    return state.ids.count >= count
                }
                if isReached { continuation.resume() }
            }
        }
    }

    private let clock = ManualClock()

    private func queue(_ runningMax: Int = 9) -> Queue {
        Queue(FairWorkLine(runningMax: runningMax), time: clock.source)
    }

    @Test("Work begins when the queue starts, and delayed work when it is due")
    func starts() async {
        let (queue, runs) = (queue(), Runs())
        queue.schedule("later", after: .seconds(60))
        queue.schedule("now")
        #expect(runs.ids.isEmpty)
        queue.start { work in
            runs.add(work.id)
            return .done
        }
        await runs.reached(1)
        await clock.waitForSleepers()
        clock.advance(by: .seconds(59))
        #expect(runs.ids == ["now"])
        clock.advance(by: .seconds(1))
        await runs.reached(2)
        #expect(runs.ids == ["now", "later"])
        await queue.stop()
    }

    @Test("Work scheduled for an earlier time than the queue's timer runs on time")
    func earlier() async {
        let (queue, runs) = (queue(), Runs())
        queue.start { work in
            runs.add(work.id)
            return .done
        }
        queue.schedule("hour", after: .seconds(3600))
        await clock.waitForSleepers()
        queue.schedule("minute", after: .seconds(60))
        await clock.waitForSleepers()
        #expect(clock.advanceToNextSleeper() == .seconds(60))
        await runs.reached(1)
        #expect(runs.ids == ["minute"])
        await queue.stop()
    }

    @Test("Work chooses the delay of its next run")
    func again() async {
        let (queue, runs) = (queue(), Runs())
        let pauses = Mutex<[Duration]>([.seconds(1), .seconds(2), .seconds(4)])
        queue.start { work in
            runs.add(work.id)
            let pause = pauses.withLock { $0.isEmpty ? nil : $0.removeFirst() }
            return pause.map { .again(after: $0) } ?? .done
        }
        queue.schedule("a")
        var steps: [Duration] = []
        for count in 1...3 {
            await runs.reached(count)
            await clock.waitForSleepers()
            if let step = clock.advanceToNextSleeper() { steps.append(step) }
        }
        await runs.reached(4)
        #expect(steps == [.seconds(1), .seconds(2), .seconds(4)])
        await queue.settle("a", atMost: .seconds(60))
        #expect(clock.sleeperCount == 0)
        await queue.stop()
    }

    @Test("Settle waits for running and ready work up to its limit, and does not wait for delayed work")
    func settles() async {
        let (queue, door) = (queue(1), Door())
        queue.start { _ in
            await door.pass()
            return .done
        }
        queue.schedule("a")
        queue.schedule("b")
        queue.schedule("delayed", after: .seconds(3600))
        await queue.settle("delayed", atMost: .seconds(60))
        await queue.settle("unknown", atMost: .seconds(60))
        let impatient = Task { await queue.settle("b", atMost: .seconds(5)) }
        let patient = Task { await queue.settle("b", atMost: .seconds(600)) }
        // The timer of the queue and the two waiting tasks.
        await clock.waitForSleepers(3)
        clock.advance(by: .seconds(5))
        await impatient.value
        door.open()
        await patient.value
        await queue.stop()
    }

    @Test("A claim keeps work from running, and its release runs the work scheduled meanwhile")
    func claims() async {
        let (queue, runs) = (queue(), Runs())
        #expect(queue.claim("a"))
        queue.start { work in
            runs.add(work.id)
            return .done
        }
        queue.schedule("a")
        queue.schedule("b")
        await runs.reached(1)
        #expect(runs.ids == ["b"])
        #expect(!queue.claim("a"))
        queue.release("a")
        await runs.reached(2)
        #expect(runs.ids == ["b", "a"])
        await queue.stop()
    }

    @Test("Cancel ends a run and drops its scheduled work")
    func cancels() async {
        let (queue, runs, clock) = (queue(), Runs(), clock)
        queue.start { work in
            runs.add(work.id)
            try? await clock.source.sleep(for: .seconds(3600))
            return .done
        }
        queue.schedule("a")
        await clock.waitForSleepers()
        queue.schedule("a")
        await queue.cancel("a")
        await queue.settle("a", atMost: .seconds(60))
        #expect(runs.ids == ["a"])
        await queue.stop()
    }

    @Test("Stop waits for running work, cancels it after the grace period, and begins no more")
    func stops() async throws {
        let (queue, runs, door, clock) = (queue(), Runs(), Door(), clock)
        let canceled = Mutex<[String]>([])
        queue.start { work in
            runs.add(work.id)
            if work.id == "quick" {
                await door.pass()
            } else {
                do { try await clock.source.sleep(for: .seconds(3600)) } catch {
                    canceled.withLock { $0.append(work.id) }
                }
            }
            return .again(after: .zero)
        }
        queue.schedule("quick")
        queue.schedule("slow")
        queue.schedule("delayed", after: .seconds(2))
        await runs.reached(2)
        await clock.waitForSleepers(2)
        let stopped = Task { await queue.stop(grace: .seconds(3)) }
        try await waitUntil("the stop", every: .milliseconds(1)) { !queue.schedule("late", after: .seconds(60)) }
        door.open()
        await clock.waitForSleepers(2)
        #expect(canceled.withLock { $0 }.isEmpty)
        try await waitUntil("the cancellation", every: .milliseconds(1)) {
            clock.advance(by: .seconds(3))
            return !canceled.withLock { $0 }.isEmpty
        }
        await stopped.value
        #expect(Set(runs.ids) == ["quick", "slow"])
        #expect(canceled.withLock { $0 } == ["slow"])
    }
}
