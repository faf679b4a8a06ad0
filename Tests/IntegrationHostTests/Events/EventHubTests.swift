// The hub of live events: who is woken, what the memory budget sees, heartbeats and the end of answers by a clock that a test moves.

import HTTPServer
import Primitives
import ProviderSDK
import TestSupport
import Testing

@testable import Events

@Suite("Live event hub", .timeLimit(.minutes(1)))
struct EventHubTests {
    private static func event(_ user: String = "ann", _ text: String = "") -> LiveEvent {
        LiveEvent(.failed, of: "conn", service: "acme", user: user, ["note": .string(text)], at: .epoch)
    }

    private static func text(_ step: EventReader.Step) -> String? {
        if case .frames(let bytes) = step { String(decoding: bytes, as: UTF8.self) } else { nil }
    }

    @Test("A reader that waits is woken by its own event and by no other, and by its end")
    func waking() async throws {
        let hub = EventHub(budget: MemoryBudget(), time: .system)
        let reader = try hub.admit(.user("ann"), caller: "ann", after: nil)
        async let step = reader.next()
        hub.publish([Self.event("ben", "other"), Self.event("ann", "own")])
        let text = try #require(Self.text(await step))
        #expect(text.contains("own") && !text.contains("other"))
        async let last = reader.next()
        reader.end()
        #expect(await last == .end)
        #expect(await reader.next() == .end)
        #expect(hub.readerCount == 0)
    }

    @Test("A reader whose task is cancelled ends")
    func cancellation() async throws {
        let hub = EventHub(budget: MemoryBudget(), time: .system)
        let reader = try hub.admit(.all, caller: "a", after: nil)
        let task = Task { await reader.next() }
        task.cancel()
        #expect(await task.value == .end)
        #expect(hub.readerCount == 0)
    }

    @Test(
        "A quiet reader hears a comment after the pause and not before, and ends when its answer has lasted long enough"
    )
    func quiet() async throws {
        let clock = ManualClock()
        let hub = EventHub(budget: MemoryBudget(), time: clock.source)
        let reader = try hub.admit(.all, caller: "a", after: nil)
        let begun = clock.instant
        while clock.instant + EventLimits.heartbeatPause < begun + EventLimits.answerTimeMax {
            let step = Task { await reader.next() }
            try await waitUntil("the reader's wait") { hub.waitingCount == 1 }
            clock.advance(by: EventLimits.heartbeatPause - .milliseconds(1))
            hub.tick()
            #expect(hub.waitingCount == 1)
            clock.advance(by: .milliseconds(1))
            hub.tick()
            #expect(await step.value == .comment)
        }
        let last = Task { await reader.next() }
        try await waitUntil("the reader's wait") { hub.waitingCount == 1 }
        clock.advance(by: begun + EventLimits.answerTimeMax - clock.instant)
        hub.tick()
        #expect(await last.value == .end)
    }

    @Test("Kept events count in the memory budget, and go when it is full or they are too many bytes")
    func memory() throws {
        let budget = MemoryBudget(bytesMax: 10_000)
        do {
            let hub = EventHub(budget: budget, time: .system)
            hub.publish([Self.event()])
            let cost = budget.usedBytes
            #expect(cost > 0)
            hub.publish((0..<500).map { _ in Self.event() })
            #expect(budget.usedBytes == 10_000 / cost * cost)
            #expect(hub.keptCount == 10_000 / cost)
            // Others use the memory: what is kept goes, and the budget is whole.
            #expect(!budget.take(cost * 2))
            hub.publish([Self.event("ann", String(repeating: "x", count: 20_000))])
            #expect(hub.keptCount == 0 && budget.usedBytes == 0)
            hub.publish([Self.event()])
            #expect(hub.keptCount == 1)
        }
        #expect(budget.usedBytes == 0)
        let large = EventHub(budget: MemoryBudget(), time: .system)
        let event = Self.event("ann", String(repeating: "x", count: 100_000))
        let cost = EventFeed.cost(of: event)
        large.publish((0...EventLimits.keptBytesMax / cost).map { _ in event })
        #expect(large.keptCount == EventLimits.keptBytesMax / cost)
    }

    @Test("A reader that came too late for an event that had to go ends")
    func overtaken() async throws {
        let budget = MemoryBudget(bytesMax: 2000)
        let hub = EventHub(budget: budget, time: .system)
        let reader = try hub.admit(.all, caller: "a", after: nil)
        hub.publish((0..<50).map { _ in Self.event() })
        #expect(await reader.next() == .end)
    }
}
