// Waiting for an event: the wait ends with the event, after its time limit, or when the task is canceled.

import Primitives
import Testing

@testable import Background

@Suite("One-time event", .timeLimit(.minutes(1)))
struct OneTimeEventTests {
    @Test("The event resumes every waiter, and a later wait returns at once")
    func signals() async {
        let event = OneTimeEvent()
        let waiters = (0..<10).map { _ in Task { await event.wait() } }
        #expect(!event.hasHappened)
        event.signal()
        event.signal()
        for waiter in waiters { await waiter.value }
        await event.wait()
        #expect(event.hasHappened)
    }

    @Test("A canceled task stops waiting")
    func cancels() async {
        let event = OneTimeEvent()
        let waiter = Task { await event.wait() }
        waiter.cancel()
        await waiter.value
        #expect(!event.hasHappened)
    }

    @Test("A wait with a time limit ends at the limit")
    func bounded() async {
        let (event, clock) = (OneTimeEvent(), ManualClock())
        let waiter = Task { await event.wait(atMost: .seconds(5), clock.source) }
        await clock.waitForSleepers()
        clock.advance(by: .seconds(5))
        await waiter.value
        #expect(!event.hasHappened)
        event.signal()
        await event.wait(atMost: .seconds(5), clock.source)
        #expect(clock.sleeperCount == 0)
    }
}
