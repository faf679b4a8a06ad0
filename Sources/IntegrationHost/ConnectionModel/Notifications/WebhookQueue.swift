// The state machine of deliveries: which event is next, what an attempt's outcome means, what a person's wishes change. Pure: time and
// chance come with the calls.

import ProviderSDK

/// What is to be delivered next.
enum NextDelivery: Sendable, Equatable {
    /// Nothing, until something changes.
    case none
    /// This event, at once.
    case due(ConnectionEvent)
    /// Nothing before this moment.
    case at(Timestamp)
}

/// An attempt with all that its consequences follow from.
struct WebhookAttempt: Sendable {
    let eventID: String
    /// Where it went.
    let url: String
    let attempt: EventDelivery.Attempt
    /// How long the endpoint wants not to be called.
    var retryAfter: Duration?
    /// From 0 to 1.
    let chance: Double

    /// When it was over.
    var endedAt: Timestamp { attempt.at.advanced(by: .milliseconds(attempt.milliseconds)) }
}

/// What an attempt has changed.
enum AttemptEffect: Sendable, Equatable {
    /// The event was there no more.
    case none
    case delivered
    /// It is tried again.
    case postponed
    /// It was the last attempt.
    case failed
    /// The endpoint is not called any more.
    case disabled
}

extension Connection {
    /// What is to be delivered next.
    ///
    /// Events go out in order. One that keeps failing lets the others pass after ``WebhookSchedule/orderedFailuresMax`` failures, and
    /// is tried again by itself.
    func nextDelivery(at now: Timestamp) -> NextDelivery {
        guard settings.webhookURL != nil, webhook.disabledAt == nil, !outbox.isEmpty else { return .none }
        if let rest = webhook.restsUntil, rest > now { return .at(rest) }
        var earliest: Timestamp?
        for event in outbox {
            guard let due = event.delivery.nextAttemptAt, due > now else { return .due(event) }
            earliest = min(earliest ?? due, due)
            if event.delivery.failures < WebhookSchedule.orderedFailuresMax { break }
        }
        return earliest.map { .at($0) } ?? .none
    }

    /// Takes in how an attempt ended.
    ///
    /// What another URL has answered than the present one is held against nobody.
    @discardableResult
    mutating func record(_ result: WebhookAttempt, _ schedule: WebhookSchedule) -> AttemptEffect {
        guard let index = outbox.firstIndex(where: { $0.id.utf8.elementsEqual(result.eventID.utf8) }) else {
            return .none
        }
        outbox[index].delivery.note(result.attempt)
        if result.attempt.outcome == .delivered {
            close(index, .delivered)
            webhook.failingSince = nil
            webhook.restsUntil = nil
            return .delivered
        }
        guard let url = settings.webhookURL, url.utf8.elementsEqual(result.url.utf8) else { return .postponed }
        webhook.failingSince = webhook.failingSince ?? result.attempt.at
        if result.attempt.outcome == .gone {
            // The event is kept: it goes out when the user sets the URL again.
            webhook.disabledAt = result.endedAt
            return .disabled
        }
        outbox[index].delivery.failures += 1
        if let rest = result.retryAfter, rest > .zero {
            webhook.restsUntil = result.endedAt.advanced(by: min(rest, WebhookSchedule.retryAfterMax))
        }
        guard
            let pause = schedule.pause(
                after: outbox[index].delivery.failures, retryAfter: result.retryAfter, chance: result.chance)
        else {
            close(index, .failed)
            return .failed
        }
        outbox[index].delivery.nextAttemptAt = result.endedAt.advanced(by: pause)
        return .postponed
    }

    /// Moves an event from the outbox to the log.
    private mutating func close(_ index: Int, _ end: EventDelivery.End) {
        var event = outbox.remove(at: index)
        event.delivery.end = end
        event.delivery.nextAttemptAt = nil
        webhook.log.insert(event, at: 0)
        if webhook.log.count > HostLimits.webhookDeliveriesKept {
            webhook.log.removeLast(webhook.log.count - HostLimits.webhookDeliveriesKept)
        }
    }

    /// Puts an event in line again, with the id that it has, however its delivery ended.
    ///
    /// - Throws: ``ServiceError/notFound`` when there is no such event, ``ServiceError/conflict(_:)`` when nothing can be delivered.
    mutating func redeliver(_ eventID: String) throws(ServiceError) -> ConnectionEvent {
        func isMeant(_ event: ConnectionEvent) -> Bool { event.id.utf8.elementsEqual(eventID.utf8) }
        if let index = outbox.firstIndex(where: isMeant) {
            try checkDeliverable(adding: 0)
            outbox[index].delivery.restart()
            webhook.restsUntil = nil
            return outbox[index]
        }
        guard let index = webhook.log.firstIndex(where: isMeant) else { throw .notFound }
        try checkDeliverable(adding: 1)
        var event = webhook.log.remove(at: index)
        event.delivery.restart()
        outbox.append(event)
        webhook.restsUntil = nil
        return event
    }

    /// Puts an event in line that tells of nothing but itself.
    ///
    /// - Throws: ``ServiceError/conflict(_:)`` when nothing can be delivered.
    mutating func testDelivery(at now: Timestamp) throws(ServiceError) -> ConnectionEvent {
        try checkDeliverable(adding: 1)
        try emit(.test, ["message": "This notification was asked for to test the endpoint."], at: now)
        webhook.restsUntil = nil
        guard let event = outbox.last else { throw .internalFault("The test event is missing.") }
        return event
    }

    private func checkDeliverable(adding count: Int) throws(ServiceError) {
        guard settings.webhookURL != nil else { throw .conflict(Self.noWebhookURL) }
        guard webhook.disabledAt == nil else {
            throw .conflict(
                "The endpoint answered 410 and is not called any more: set webhookUrl again to have it called.")
        }
        guard outbox.count + count <= Self.outboxMax else {
            throw .conflict("Too many notifications wait already: let them be taken first.")
        }
    }

    /// What is told where a webhook URL is needed.
    static let noWebhookURL = "The connection has no webhookUrl: set one first."

    /// Sets where notifications go, or that they go nowhere.
    ///
    /// A URL that is set, also the same one again, is called at once with whatever waits. Without one the secrets and what waits are
    /// given up.
    ///
    /// - Parameter newSecret: a new sealed secret; called when there is none.
    mutating func setWebhookURL(_ url: String?, newSecret: () throws(ServiceError) -> String) throws(ServiceError) {
        settings.webhookURL = url
        let log = webhook.log
        guard url != nil else {
            eventsDropped += outbox.count
            outbox = []
            webhook = WebhookEndpoint()
            webhook.log = log
            return
        }
        webhook.disabledAt = nil
        webhook.failingSince = nil
        webhook.restsUntil = nil
        for index in outbox.indices { outbox[index].delivery.restart() }
        if webhook.secret == nil { webhook.secret = try newSecret() }
    }
}

extension User {
    /// Keeps the events of all connections together within bounds, so that no dead endpoints make the document too large.
    ///
    /// The connection with the most gives up its oldest ones. O(connections) when there is nothing to do.
    mutating func boundNotifications() {
        var surplus = connections.reduce(0) { $0 + $1.outbox.count } - HostLimits.waitingEventsPerUserMax
        while surplus > 0,
            let index = connections.indices.max(by: { connections[$0].outbox.count < connections[$1].outbox.count })
        {
            connections[index].outbox.removeFirst()
            connections[index].eventsDropped += 1
            surplus -= 1
        }
        surplus = connections.reduce(0) { $0 + $1.webhook.log.count } - HostLimits.webhookDeliveriesPerUserMax
        while surplus > 0,
            let index = connections.indices.max(by: {
                connections[$0].webhook.log.count < connections[$1].webhook.log.count
            })
        {
            connections[index].webhook.log.removeLast()
            surplus -= 1
        }
    }
}
