// Waiting for an event: it ends with the event, with the time it may take, and with the task.

import Primitives
import Testing

@testable import Background

@Suite("One-time event", .timeLimit(.minutes(1)))
struct OneTimeEventTests {
    @Test("every waiter goes on when it happens, and later ones at once")
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

    @Test("a canceled task waits no longer")
    func cancels() async {
        let event = OneTimeEvent()
        let waiter = Task { await event.wait() }
        waiter.cancel()
        await waiter.value
        #expect(!event.hasHappened)
    }

    @Test("a bounded wait ends with its time")
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
