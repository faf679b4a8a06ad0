// The inbox over a real store: accepted events are kept over a restart until they are settled, repeats are detected, and a full inbox
// refuses events.

import DocumentStore
import HostTesting
import Primitives
import ProviderSDK
import Storage
import StoreFiles
import Synchronization
import TestSupport
import Testing

@testable import ConnectionModel
@testable import Observability
@testable import Webhooks

@Suite("Webhook inbox", .timeLimit(.minutes(2)))
struct WebhookInboxTests {
    /// An inbox with a manual clock, and the events it passed on.
    private final class Fixture: Sendable {
        let directory: TemporaryDirectory
        let data: DataDirectory
        let inbox: WebhookInbox
        let handed: Handed

        final class Handed: Sendable {
            let events = Mutex<[InboxEvent]>([])
            let clock = ManualClock()
        }

        init(
            _ directory: TemporaryDirectory? = nil, at now: Timestamp? = nil,
            bounds: WebhookInbox.Bounds = WebhookInbox.Bounds(), isOpen: Bool = true
        ) async throws {
            self.directory = try directory ?? TemporaryDirectory()
            data = try DataDirectory(path: self.directory.path + "/data")
            let handed = Handed()
            if let now { handed.clock.set(millisecondsSince1970: now.milliseconds) }
            self.handed = handed
            inbox = WebhookInbox(
                data.documents, bounds: bounds, time: handed.clock.source, log: Log(level: .error))
            if isOpen { await open() }
        }

        func open() async {
            await inbox.open { [handed] events in handed.events.withLock { $0 += events } }
        }

        var events: [InboxEvent] { handed.events.withLock(\.self) }

        func event(_ number: Int, _ effect: InboxEvent.Effect = .changed(dataTypes: ["things"])) -> InboxEvent {
            let now = handed.clock.source.now
            return InboxEvent(
                digest: EventDigest(provider: "p", eventID: "e\(number)"), provider: "p", variant: nil,
                accountID: "a", effect: effect, occurredAt: now, receivedAt: now)
        }

        func close() async {
            await inbox.close()
            data.close()
        }
    }

    @Test("What another process wrote into a segment is kept, and new events go into another segment")
    func foreignSegment() async throws {
        let fixture = try await Fixture()
        #expect(try await fixture.inbox.accept([fixture.event(0)]) == 1)
        let keys = try await fixture.data.documents.list(WebhookInbox.collection).keys
        let key = try #require(keys.first)
        let stored = try #require(try await fixture.data.documents.load(key))
        try await fixture.data.documents.save(key, stored.bytes, expecting: .revision(stored.revision))
        await #expect(throws: InboxFailure.self) { try await fixture.inbox.accept([fixture.event(1)]) }
        // The provider repeats what was not acknowledged.
        #expect(try await fixture.inbox.accept([fixture.event(1)]) == 1)
        #expect(try await fixture.data.documents.load(key)?.revision == stored.revision + 1)
        #expect(try await fixture.data.documents.list(WebhookInbox.collection).keys.count == 2)
        await fixture.close()
    }

    @Test("An event is accepted once, also over a restart, and passed on until it is settled")
    func once() async throws {
        let fixture = try await Fixture()
        let effects: [InboxEvent.Effect] = [
            .changed(dataTypes: ["a", "b"]), .revoked, .deleted(dataType: "a", sourceIDs: ["1", "ü"]),
        ]
        let events = effects.enumerated().map { fixture.event($0.offset, $0.element) }
        #expect(try await fixture.inbox.accept(events + [events[0]]) == 3)
        #expect(try await fixture.inbox.accept(events) == 0)
        #expect(fixture.events == events)
        #expect(fixture.inbox.statistics.pending == 3)
        await fixture.close()

        let second = try await Fixture(fixture.directory)
        #expect(second.events == events)
        #expect(try await second.inbox.accept([events[2], second.event(3)]) == 1)
        await second.inbox.settle(events)
        try await waitUntil("the processing of the events", every: .milliseconds(1)) {
            second.inbox.statistics.pending <= 1
        }
        await second.close()

        let third = try await Fixture(fixture.directory)
        #expect(third.events == [second.event(3)])
        #expect(try await third.inbox.accept(events) == 0)
        await third.close()
    }

    @Test("Repeated concurrent deliveries are accepted once")
    func parallel() async throws {
        let fixture = try await Fixture()
        let counts = try await withThrowingTaskGroup(of: Int.self) { group in
            for number in 0..<900 {
                group.addTask { try await fixture.inbox.accept([fixture.event(number / 3)]) }
            }
            return try await group.reduce(into: 0) { $0 += $1 }
        }
        #expect(counts == 300)
        #expect(Set(fixture.events.map(\.digest)).count == 300 && fixture.events.count == 300)
        await fixture.close()
        let second = try await Fixture(fixture.directory)
        #expect(second.events.count == 300)
        await second.close()
    }

    @Test("A full inbox refuses events, and accepts them when there is room again")
    func full() async throws {
        let fixture = try await Fixture()
        let many = (0..<WebhookLimits.pendingEventsMax).map { fixture.event($0) }
        for start in stride(from: 0, to: many.count, by: 4000) {
            #expect(try await fixture.inbox.accept(Array(many[start..<start + 4000])) == 4000)
        }
        await #expect(throws: InboxFailure.full) { try await fixture.inbox.accept([fixture.event(-1)]) }
        #expect(try await fixture.inbox.accept([many[7]]) == 0)
        await fixture.inbox.settle(Array(many[..<10]))
        try await waitUntil("the processing of the events", every: .milliseconds(1)) {
            !(fixture.inbox.statistics.pending > many.count - 10)
        }
        #expect(try await fixture.inbox.accept([fixture.event(-1)]) == 1)
        await fixture.close()
    }

    @Test("As many bytes of events as may wait are taken, and an event more is refused, also while others are written")
    func fullOfBytes() async throws {
        #expect(WebhookInbox.Bounds().pendingBytesMax == WebhookLimits.pendingBytesMax)
        var bounds = WebhookInbox.Bounds()
        let size = try await Fixture().event(1).byteCount
        bounds.pendingBytesMax = 10 * size
        let fixture = try await Fixture(bounds: bounds)
        // Each is one delivery, and most come while the first ones are written.
        let outcomes = await withTaskGroup(of: Bool.self) { group in
            for number in 0..<40 {
                group.addTask { (try? await fixture.inbox.accept([fixture.event(number)])) == 1 }
            }
            return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
        #expect(outcomes == 10)
        await #expect(throws: InboxFailure.full) { try await fixture.inbox.accept([fixture.event(-1)]) }
        await fixture.inbox.settle(Array(fixture.events.prefix(1)))
        try await waitUntil("the processing of an event") { fixture.inbox.statistics.pending == 9 }
        #expect(try await fixture.inbox.accept([fixture.event(-1)]) == 1)
        await fixture.close()
    }

    @Test("As many ids as may be remembered are, and one more deletes the oldest segment")
    func remembered() async throws {
        #expect(WebhookInbox.Bounds().rememberedEventsMax == WebhookLimits.rememberedEventsMax)
        var bounds = WebhookInbox.Bounds()
        bounds.rememberedEventsMax = 2 * WebhookLimits.segmentEventsMax
        let fixture = try await Fixture(bounds: bounds)
        let events = (0..<bounds.rememberedEventsMax).map { fixture.event($0) }
        #expect(try await fixture.inbox.accept(events) == events.count)
        await fixture.inbox.settle(events)
        try await waitUntil("the processing") { fixture.inbox.statistics.pending == 0 }
        #expect(fixture.inbox.statistics.remembered == bounds.rememberedEventsMax)
        #expect(try await fixture.inbox.accept([events[0]]) == 0)
        #expect(try await fixture.inbox.accept([fixture.event(-1)]) == 1)
        try await waitUntil("the end of the oldest segment") {
            fixture.inbox.statistics.remembered == WebhookLimits.segmentEventsMax + 1
        }
        #expect(try await fixture.inbox.accept([events[0]]) == 1)
        await fixture.close()
    }

    /// How many deliveries were refused.
    private final class Refusals: Sendable {
        let count = Mutex(0)
    }

    @Test("As many deliveries as may wait for the inbox do, and one more is refused", arguments: [0, 1])
    func waitingDeliveries(excess: Int) async throws {
        let fixture = try await Fixture(isOpen: false)
        let refused = Refusals()
        let count = WebhookLimits.waitingDeliveriesMax + excess
        let deliveries = (0..<count).map { number in
            Task {
                do throws(InboxFailure) { return try await fixture.inbox.accept([fixture.event(number)]) } catch {
                    if error == .full { refused.count.withLock { $0 += 1 } }
                    return 0
                }
            }
        }
        // All have come when the clock has a sleeper for each that waits.
        await fixture.handed.clock.waitForSleepers(WebhookLimits.waitingDeliveriesMax)
        try await waitUntil("the refusal") { refused.count.withLock { $0 } == excess }
        await fixture.open()
        var accepted = 0
        for delivery in deliveries { accepted += await delivery.value }
        #expect(accepted == WebhookLimits.waitingDeliveriesMax)
        await fixture.close()
    }

    @Test("A delivery waits for the inbox to open for its time, and fails then")
    func opening() async throws {
        let fixture = try await Fixture(isOpen: false)
        let clock = fixture.handed.clock
        let isOver = Atomic<Bool>(false)
        let delivery = Task {
            defer { isOver.store(true, ordering: .relaxed) }
            return try await fixture.inbox.accept([fixture.event(1)])
        }
        await clock.waitForSleepers()
        clock.advance(by: WebhookLimits.openingTimeMax - .milliseconds(1))
        try await Task.sleep(for: .milliseconds(20))
        let isOverEarly = isOver.load(ordering: .relaxed)
        #expect(!isOverEarly)
        clock.advance(by: .milliseconds(1))
        await #expect(throws: InboxFailure.unavailable) { try await delivery.value }
        await fixture.open()
        #expect(try await fixture.inbox.accept([fixture.event(1)]) == 1)
        await fixture.close()
    }

    @Test("Old settled ids are forgotten, and unsettled events are kept")
    func expiry() async throws {
        let fixture = try await Fixture()
        let start = fixture.handed.clock.source.now
        func move(_ duration: Duration) {
            fixture.handed.clock.set(millisecondsSince1970: start.advanced(by: duration).milliseconds)
        }
        let (first, stays) = (fixture.event(1), fixture.event(2))
        #expect(try await fixture.inbox.accept([first]) == 1)
        await fixture.inbox.settle([first])
        try await waitUntil("the processing of the events", every: .milliseconds(1)) {
            fixture.inbox.statistics.pending <= 0
        }
        move(.seconds(86_400))
        #expect(try await fixture.inbox.accept([stays]) == 1)
        move(.seconds(3 * 86_400))
        #expect(try await fixture.inbox.accept([fixture.event(3)]) == 1)
        #expect(try await fixture.inbox.accept([first]) == 0)
        move(.seconds(4 * 86_400 + 1))
        #expect(try await fixture.inbox.accept([fixture.event(4)]) == 1)
        try await waitUntil("the removal of old ids", every: .milliseconds(1)) {
            fixture.inbox.statistics.remembered <= 3
        }
        move(.seconds(9 * 86_400))
        #expect(try await fixture.inbox.accept([fixture.event(5)]) == 1)
        #expect(try await fixture.inbox.accept([stays]) == 0)
        let later = fixture.handed.clock.source.now
        await fixture.close()
        let second = try await Fixture(fixture.directory, at: later)
        #expect(second.events.contains(stays))
        await second.close()
    }

    @Test("A closed store refuses the delivery, and a later delivery is accepted")
    func closedStore() async throws {
        let fixture = try await Fixture()
        #expect(try await fixture.inbox.accept([fixture.event(1)]) == 1)
        fixture.data.close()
        await #expect(throws: InboxFailure.unavailable) { try await fixture.inbox.accept([fixture.event(2)]) }
        #expect(fixture.events.count == 1)
        await fixture.inbox.close()
        await #expect(throws: InboxFailure.unavailable) { try await fixture.inbox.accept([fixture.event(2)]) }
        let second = try await Fixture(fixture.directory)
        #expect(try await second.inbox.accept([fixture.event(2)]) == 1)
        await second.close()
    }

    @Test("A segment is unchanged after encoding and decoding, and invalid text is refused")
    func coding() throws {
        let now = Timestamp(seconds: 1_700_000_000) ?? .epoch
        var segment = InboxSegment(number: 7, at: now)
        let event = InboxEvent(
            digest: EventDigest(provider: "p", body: [1, 2], index: 0), provider: "p", variant: "v",
            accountID: "a\u{301}", effect: .deleted(dataType: "t", sourceIDs: ["\"", "\u{1F600}"]), occurredAt: nil,
            receivedAt: now)
        segment.add(event)
        let read = try #require(InboxSegment(number: 7, decoding: segment.encoded))
        #expect(read.pending == [event] && read.digests == segment.digests && read.newestAt == now)
        #expect(InboxSegment.number(ofDocument: segment.documentID) == 7)
        for text in ["", "{}", "[]", "null", #"{"events":[]}"#] {
            #expect(InboxSegment(number: 1, decoding: Array(text.utf8)) == nil)
        }
        for id in ["segment-", "segment-x", "segment-+1", "other-1"] {
            #expect(InboxSegment.number(ofDocument: Array(id.utf8)) == nil)
        }
    }
}
