// The state machine of deliveries with a manual clock: order, pauses, ends, requests by users, and the stored form.

import ProviderSDK
import Testing
import Users

@testable import ConnectionModel
@testable import Connections

@Suite("Webhook queue", .timeLimit(.minutes(2)))
struct WebhookQueueTests {
    static let start = Timestamp(milliseconds: 1_800_000_000_000) ?? .epoch
    static let url = "https://app.example.com/hook"

    /// A connection with a manual clock.
    struct Clock {
        var connection: Connection
        var now = WebhookQueueTests.start
        var schedule = DeliverySchedule()

        init(events count: Int) throws {
            connection = Connection(id: "conn-1", number: 1, service: "acme", status: .connected, at: now)
            try connection.settingsChanged(
                SettingsChange(webhookURL: WebhookQueueTests.url), newSecret: { "sealed" }, at: now)
            for _ in 0..<count { try connection.queue(.syncCompleted, at: now) }
        }

        var next: NextDelivery { connection.nextDelivery(at: now) }

        /// The event that is due.
        var due: ConnectionEvent? {
            if case .due(let event) = next { event } else { nil }
        }

        /// The time until an event is due.
        var pause: Duration? {
            if case .at(let moment) = next { moment.duration(since: now) } else { nil }
        }

        /// Attempts the due event with this outcome.
        mutating func attempt(
            _ outcome: DeliveryOutcome, retryAfter: Duration? = nil, chance: Double = 0.5, url: String = url
        ) throws -> AttemptEffect {
            let event = try #require(due)
            return connection.deliveryAttempted(
                DeliveryAttempt(
                    eventID: event.id, url: url,
                    attempt: .init(at: now, outcome: outcome, status: nil, milliseconds: 0), retryAfter: retryAfter,
                    chance: chance), schedule)
        }

        mutating func pass(_ duration: Duration) { now = now.advanced(by: duration) }
    }

    @Test(
        "An endpoint that is down gets ten attempts in three days, and the failed event is kept in the log"
    )
    func schedule() throws {
        var clock = try Clock(events: 1)
        var pauses: [Int] = []
        for _ in 0..<9 {
            #expect(try clock.attempt(.serverError) == .postponed)
            let pause = try #require(clock.pause)
            pauses.append(Int(pause / .seconds(1)))
            clock.pass(pause - .milliseconds(1))
            #expect(clock.due == nil)
            clock.pass(.milliseconds(1))
        }
        #expect(pauses == [5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400])
        #expect(try clock.attempt(.timeout) == .failed)
        #expect(clock.next == .none)
        let ended = try #require(clock.connection.webhook.log.first)
        #expect(ended.delivery.end == .failed)
        #expect(ended.delivery.attempts.count == 10)
        #expect(ended.delivery.attempts.last?.outcome == .timeout)
        #expect(clock.connection.webhook.failingSince == Self.start)
    }

    @Test(
        "Jitter changes a pause by at most a fifth, and a longer Retry-After is used, up to a day",
        arguments: [
            (1, nil, 0.0, 4.0), (1, nil, 1.0, 6.0), (2, nil, 0.0, 240.0), (1, 60, 0.5, 60.0), (3, 60, 0.5, 1800.0),
            (1, 1_000_000, 0.5, 86_400.0), (9, nil, 1.0, 103_680.0),
        ] as [(Int, Int?, Double, Double)])
    func pauses(_ item: (failures: Int, retryAfter: Int?, chance: Double, seconds: Double)) throws {
        let pause = DeliverySchedule().pause(
            after: item.failures, retryAfter: item.retryAfter.map { .seconds($0) }, chance: item.chance)
        #expect(abs(try #require(pause) / .seconds(1) - item.seconds) < 0.001)
    }

    @Test("Events are delivered in order, and the fourth failure of an event lets the others pass")
    func order() throws {
        var clock = try Clock(events: 3)
        let ids = clock.connection.outbox.map(\.id)
        for _ in 0..<3 {
            #expect(clock.due?.id == ids[0])
            _ = try clock.attempt(.rejected)
            #expect(clock.due == nil, "those behind it wait")
            clock.pass(try #require(clock.pause))
        }
        _ = try clock.attempt(.rejected)
        #expect(clock.due?.id == ids[1])
        #expect(try clock.attempt(.delivered) == .delivered)
        #expect(clock.connection.webhook.failingSince == nil)
        #expect(clock.due?.id == ids[2])
        _ = try clock.attempt(.unreachable)
        #expect(clock.pause == .seconds(5))
        clock.pass(.seconds(7200))
        #expect(clock.due?.id == ids[0], "the oldest that is due goes first")
        _ = try clock.attempt(.delivered)
        _ = try clock.attempt(.delivered)
        #expect(clock.next == .none)
        #expect(clock.connection.webhook.log.map(\.id) == [ids[2], ids[0], ids[1]])
    }

    @Test("Retry-After pauses the whole endpoint, and a requested redelivery does not wait for it")
    func rest() throws {
        var clock = try Clock(events: 2)
        for _ in 0..<3 {
            _ = try clock.attempt(.serverError)
            clock.pass(try #require(clock.pause))
        }
        _ = try clock.attempt(.serverError)
        #expect(clock.due?.id == clock.connection.outbox[1].id)
        _ = try clock.attempt(.rateLimited, retryAfter: .seconds(600))
        #expect(clock.pause == .seconds(600), "the event behind it would be due")
        _ = try clock.connection.redeliveryRequested(clock.connection.outbox[1].id)
        #expect(clock.due?.id == clock.connection.outbox[1].id)
    }

    @Test("Status 410 disables the endpoint and loses no event; setting the URL again resumes delivery")
    func gone() throws {
        var clock = try Clock(events: 2)
        #expect(try clock.attempt(.gone) == .disabled)
        #expect(clock.next == .none)
        try clock.connection.queue(.expired, at: clock.now)
        clock.pass(.seconds(30 * 86_400))
        #expect(clock.next == .none)
        #expect(throws: ServiceError.self) { try clock.connection.testRequested(at: clock.now) }
        #expect(throws: ServiceError.self) { try clock.connection.redeliveryRequested(clock.connection.outbox[0].id) }
        try clock.connection.settingsChanged(
            SettingsChange(webhookURL: Self.url), newSecret: { "another" }, at: clock.now)
        #expect(clock.connection.webhook.secret == "sealed")
        for _ in 0..<3 { _ = try clock.attempt(.delivered) }
        #expect(clock.connection.webhook.log.count == 3)
    }

    @Test("Failures of an earlier URL do not count, and its deliveries do")
    func changedURL() throws {
        var clock = try Clock(events: 2)
        for outcome in [DeliveryOutcome.gone, .serverError] {
            #expect(try clock.attempt(outcome, url: "https://old.example.com/") == .postponed)
            #expect(clock.due?.delivery.failures == 0)
            #expect(clock.connection.webhook.disabledAt == nil)
        }
        #expect(try clock.attempt(.delivered, url: "https://old.example.com/") == .delivered)
        #expect(clock.connection.outbox.count == 1)
    }

    @Test("Removing the URL drops the secrets and queued events, and counts the events")
    func removedURL() throws {
        var clock = try Clock(events: 3)
        _ = try clock.attempt(.delivered)
        try clock.connection.settingsChanged(
            SettingsChange(webhookURL: .some(nil)), newSecret: { "never" }, at: clock.now)
        #expect(clock.connection.outbox.isEmpty)
        #expect(clock.connection.notifications.dropped == 2)
        #expect(clock.connection.webhook.secret == nil)
        #expect(clock.connection.webhook.log.count == 1)
        #expect(clock.next == .none)
        #expect(throws: Notifications.noURL) {
            try clock.connection.testRequested(at: clock.now)
        }
    }

    @Test("An event is delivered again with its id, from the log and from the queue")
    func redelivery() throws {
        var clock = try Clock(events: 1)
        let id = clock.connection.outbox[0].id
        _ = try clock.attempt(.serverError)
        #expect(clock.due == nil)
        #expect(try clock.connection.redeliveryRequested(id).delivery.failures == 0)
        _ = try clock.attempt(.delivered)
        #expect(clock.connection.outbox.isEmpty)
        #expect(try clock.connection.redeliveryRequested(id).id == id)
        #expect(clock.connection.webhook.log.isEmpty)
        #expect(clock.due?.id == id)
        _ = try clock.attempt(.delivered)
        #expect(
            clock.connection.webhook.log[0].delivery.attempts.map(\.outcome) == [.serverError, .delivered, .delivered])
        #expect(throws: ServiceError.notFound) { try clock.connection.redeliveryRequested("evt-unknown") }
    }

    @Test(
        "Queue and log are limited per connection and per user, and every dropped event is counted"
    )
    func bounds() throws {
        var clock = try Clock(events: Notifications.outboxMax + 5)
        #expect(clock.connection.outbox.count == Notifications.outboxMax)
        #expect(clock.connection.notifications.dropped == 5)
        #expect(throws: ServiceError.self) { try clock.connection.testRequested(at: clock.now) }
        while clock.due != nil { _ = try clock.attempt(.delivered) }
        #expect(clock.connection.webhook.log.count == ConnectionLimits.webhookDeliveriesKept)
        for _ in 0..<15 {
            try clock.connection.queue(.syncFailed, at: clock.now)
            _ = try clock.connection.redeliveryRequested(clock.connection.outbox[0].id)
        }
        let endpoint = NotificationEndpoint(log: clock.connection.webhook.log)
        var (few, many) = (try Clock(events: 3).connection, try Clock(events: 100).connection)
        few.stored.webhook = endpoint
        many.stored.webhook = endpoint
        var user = try User(id: "u", [few] + Array(repeating: many, count: 59))
        user.boundNotifications()
        #expect(user.connections.reduce(0) { $0 + $1.outbox.count } == ConnectionLimits.waitingEventsPerUserMax)
        #expect(
            user.connections.reduce(0) { $0 + $1.notifications.dropped } == 3 + 59 * 100
                - ConnectionLimits.waitingEventsPerUserMax)
        #expect(user.connections[0].outbox.count == 3, "who has few keeps them")
        #expect(
            user.connections.reduce(0) { $0 + $1.webhook.log.count } == ConnectionLimits.webhookDeliveriesPerUserMax)
    }

    @Test("The state of deliveries is unchanged after encoding and decoding")
    func stored() throws {
        var clock = try Clock(events: 3)
        _ = try clock.attempt(.delivered)
        _ = try clock.attempt(.rateLimited, retryAfter: .seconds(20))
        try clock.connection.signingSecretReplaced(by: "newer", overlapEnds: clock.now)
        clock.connection.stored.endpointDisabledAt = clock.now
        let user = try User(id: "u", [clock.connection])
        let read = try User(decoding: user.encoded).connections[0]
        #expect(read.outbox == clock.connection.outbox)
        #expect(read.webhook == clock.connection.webhook)
        #expect(read.unknown.isEmpty)
    }

    @Test("A document from before webhook deliveries is read as one without deliveries")
    func earlier() throws {
        var connection = try Clock(events: 1).connection
        connection.stored.webhook = NotificationEndpoint()
        let user = try User(id: "u", [connection])
        let read = try User(decoding: user.encoded).connections[0]
        #expect(read.webhook == NotificationEndpoint())
        #expect(read.outbox[0].delivery == EventDelivery())
        guard case .due = read.nextDelivery(at: Self.start) else { return #expect(Bool(false)) }
    }
}
