// The times of deliveries to applications from both sides, over a real store and an endpoint on loopback.

import HTTPClient
import HostTesting
import Primitives
import ProviderSDK
import Synchronization
import TestSupport
import Testing
import Users

@testable import ConnectionModel
@testable import Notifications
@testable import Observability

@Suite("Limits of deliveries", .timeLimit(.minutes(2)))
struct DeliveryLimitTests {
    private typealias Fixture = NotificationDispatcherTests.Fixture

    @Test("A connection delivers for its time before it stores what came of it", arguments: [0, 1])
    func batchTime(missing: Int) async throws {
        let clock = ManualClock(millisecondsSince1970: TimeSource.system.now.milliseconds)
        let receiver = try TokenServer { request in
            if request.index == 0 {
                clock.advance(by: NotificationLimits.batchTimeMax - .milliseconds(missing))
            }
            return .json(200, "")
        }
        let fixture = try Fixture(time: clock.source)
        fixture.countWrites()
        let id = try await fixture.connect(url: receiver.url + "/hook", events: 3)
        _ = try await fixture.connection(id) { $0.outbox.isEmpty }
        // One for the events and one for the secret; then all outcomes together, or those of the first event before the others.
        #expect(fixture.writeCount == 2 + (missing == 1 ? 1 : 2))
        await fixture.stop()
        receiver.stop()
    }

    @Test("A delivery that is due within the horizon has its own timer, and a later one waits until its user is due")
    func horizon() async throws {
        let clock = ManualClock(millisecondsSince1970: TimeSource.system.now.milliseconds)
        let receiver = try TestReceiver()
        let fixture = try Fixture(time: clock.source)
        let due = clock.source.now.advanced(by: NotificationLimits.horizon)
        for (user, moment) in [("soon", due), ("later", due.advanced(by: .milliseconds(1)))] {
            _ = try await fixture.connect(user, url: receiver.url) { $0.postpone(until: moment) }
        }
        clock.advance(by: NotificationLimits.horizon - .milliseconds(1))
        try await Task.sleep(for: .milliseconds(20))
        #expect(receiver.deliveries.isEmpty)
        clock.advance(by: .milliseconds(2))
        _ = try await receiver.received(1)
        try await Task.sleep(for: .milliseconds(20))
        #expect(receiver.deliveries.map { $0.json["data"]?["userId"]?.string } == ["soon"])
        await fixture.dispatcher.reconcile(try await fixture.users.user("later"), at: clock.source.now)
        #expect(try await receiver.received(2).last?.json["data"]?["userId"]?.string == "later")
        await fixture.stop()
        await receiver.stop()
    }

    @Test("A host that stops waits for a delivery for its time, and then ends it")
    func stopGrace() async throws {
        let clock = ManualClock(millisecondsSince1970: TimeSource.system.now.milliseconds)
        let receiver = try TestReceiver(.init(204, delay: .seconds(30)))
        let fixture = try Fixture(time: clock.source)
        _ = try await fixture.connect(url: receiver.url)
        _ = try await receiver.received(1)
        let hasStopped = Atomic<Bool>(false)
        let stop = Task {
            await fixture.dispatcher.stop()
            hasStopped.store(true, ordering: .relaxed)
        }
        await clock.waitForSleepers()
        clock.advance(by: NotificationLimits.stopGrace - .milliseconds(1))
        try await Task.sleep(for: .milliseconds(20))
        let hasStoppedEarly = hasStopped.load(ordering: .relaxed)
        #expect(!hasStoppedEarly)
        clock.advance(by: .milliseconds(1))
        await stop.value
        await fixture.stop()
        await receiver.stop()
    }

    @Test("A receiver may take its time, and one that takes longer fails the attempt")
    func timeout() async throws {
        let receiver = try TestReceiver()
        receiver.answer(then: .init(204, delay: .milliseconds(300)))
        let fixture = try Fixture()
        var sender = fixture.sender
        #expect(sender.timeout == NotificationLimits.timeout)
        let id = try await fixture.connect(url: receiver.url)
        _ = try await fixture.connection(id) { $0.outbox.isEmpty }
        let connection = try await fixture.connection(id) { _ in true }
        let event = try #require(connection.webhook.log.first)
        sender.timeout = .milliseconds(50)
        let attempt = await sender.attempt(event, of: connection, user: "u", at: TimeSource.system.now)
        #expect(attempt?.attempt.outcome == .timeout)
        await fixture.stop()
        await receiver.stop()
    }
}
