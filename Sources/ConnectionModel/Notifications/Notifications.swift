// The notifications of a connection: the events that wait for their delivery, and the endpoint that they go to. The state machine of
// deliveries, without I/O: time and chance come with the calls.

package import ProviderSDK

/// What is to be delivered next.
package enum NextDelivery: Sendable, Equatable {
    /// Nothing, until something changes.
    case none
    /// This event, at once.
    case due(ConnectionEvent)
    /// Nothing before this moment.
    case at(Timestamp)
}

/// An attempt with all that its consequences follow from.
package struct WebhookAttempt: Sendable {
    package let eventID: String
    /// Where it went.
    package let url: String
    package let attempt: EventDelivery.Attempt
    /// How long the endpoint wants not to be called.
    package var retryAfter: Duration?
    /// From 0 to 1.
    package let chance: Double

    package init(
        eventID: String, url: String, attempt: EventDelivery.Attempt, retryAfter: Duration? = nil, chance: Double
    ) {
        self.eventID = eventID
        self.url = url
        self.attempt = attempt
        self.retryAfter = retryAfter
        self.chance = chance
    }

    /// When it was over.
    var endedAt: Timestamp { attempt.at.advanced(by: .milliseconds(attempt.milliseconds)) }
}

/// What an attempt has changed.
package enum AttemptEffect: Sendable, Equatable {
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

/// The events of a connection and their endpoint.
package struct Notifications: Sendable {
    /// Events of one connection that may wait for their delivery.
    static let outboxMax = 100

    /// Why something cannot be done without a webhook URL.
    static let noURL = ServiceError.conflict("The connection has no webhookUrl: set one first.")

    /// Events that wait for their delivery, oldest first.
    package private(set) var outbox: [ConnectionEvent] = []
    /// Events that were dropped because too many waited, or because they had nowhere to go any more.
    package private(set) var dropped = 0
    /// Where the events go, and what came of those that went.
    package private(set) var endpoint = WebhookEndpoint()

    // MARK: Events

    /// Puts an event in the outbox; a full one drops its oldest event and counts it.
    package mutating func queue(_ event: ConnectionEvent) {
        if outbox.count >= Self.outboxMax {
            outbox.removeFirst(outbox.count - Self.outboxMax + 1)
            dropped += 1
        }
        outbox.append(event)
    }

    /// Drops the oldest event that waits.
    package mutating func dropOldest() {
        outbox.removeFirst()
        dropped += 1
    }

    mutating func forgetOldestDelivery() { endpoint.forgetOldest() }

    // MARK: Deliveries

    /// What is to be delivered next.
    ///
    /// Events go out in order. One that keeps failing lets the others pass after ``WebhookSchedule/orderedFailuresMax`` failures, and
    /// is tried again by itself.
    package func next(at now: Timestamp) -> NextDelivery {
        guard endpoint.disabledAt == nil, !outbox.isEmpty else { return .none }
        if let rest = endpoint.restsUntil, rest > now { return .at(rest) }
        var earliest: Timestamp?
        for event in outbox {
            guard let due = event.delivery.nextAttemptAt, due > now else { return .due(event) }
            earliest = min(earliest ?? due, due)
            if event.delivery.failures < WebhookSchedule.orderedFailuresMax { break }
        }
        return earliest.map { .at($0) } ?? .none
    }

    /// Takes over how an attempt ended.
    ///
    /// - Parameter url: where notifications go now; what another URL has answered changes nothing about this one.
    package mutating func record(_ result: WebhookAttempt, url: String?, _ schedule: WebhookSchedule) -> AttemptEffect {
        guard let index = outbox.firstIndex(where: { $0.hasID(result.eventID) }) else { return .none }
        outbox[index].delivery.note(result.attempt)
        if result.attempt.outcome == .delivered {
            close(index, .delivered)
            endpoint.tookEvent()
            return .delivered
        }
        guard let url, url.utf8.elementsEqual(result.url.utf8) else { return .postponed }
        endpoint.failed(at: result.attempt.at)
        if result.attempt.outcome == .gone {
            // The event is kept: it goes out when the user sets the URL again.
            endpoint.disable(at: result.endedAt)
            return .disabled
        }
        let failures = outbox[index].delivery.fail()
        if let rest = result.retryAfter, rest > .zero {
            endpoint.rest(until: result.endedAt.advanced(by: min(rest, WebhookSchedule.retryAfterMax)))
        }
        guard let pause = schedule.pause(after: failures, retryAfter: result.retryAfter, chance: result.chance) else {
            close(index, .failed)
            return .failed
        }
        outbox[index].delivery.postpone(until: result.endedAt.advanced(by: pause))
        return .postponed
    }

    /// Moves an event from the outbox to the log.
    private mutating func close(_ index: Int, _ end: EventDelivery.End) {
        var event = outbox.remove(at: index)
        event.delivery.end(end)
        endpoint.keep(event)
    }

    // MARK: What people ask for

    /// Queues an event again, with the id that it has, however its delivery ended.
    ///
    /// - Throws: ``ServiceError/notFound`` when there is no such event, ``ServiceError/conflict(_:)`` when nothing can be delivered.
    package mutating func redeliver(_ eventID: String, to url: String?) throws(ServiceError) -> ConnectionEvent {
        if let index = outbox.firstIndex(where: { $0.hasID(eventID) }) {
            try checkDeliverable(adding: 0, to: url)
            outbox[index].delivery.restart()
            endpoint.endRest()
            return outbox[index]
        }
        guard let index = endpoint.log.firstIndex(where: { $0.hasID(eventID) }) else { throw .notFound }
        try checkDeliverable(adding: 1, to: url)
        var event = endpoint.takeFromLog(at: index)
        event.delivery.restart()
        outbox.append(event)
        endpoint.endRest()
        return event
    }

    /// Queues an event that was asked for and is to go out at once.
    ///
    /// - Throws: ``ServiceError/conflict(_:)`` when nothing can be delivered.
    package mutating func test(_ event: ConnectionEvent, to url: String?) throws(ServiceError) {
        try checkDeliverable(adding: 1, to: url)
        queue(event)
        endpoint.endRest()
    }

    private func checkDeliverable(adding count: Int, to url: String?) throws(ServiceError) {
        guard url != nil else { throw Self.noURL }
        guard endpoint.disabledAt == nil else {
            throw .conflict(
                "The endpoint answered 410 and is not called any more: set webhookUrl again to have it called.")
        }
        guard outbox.count + count <= Self.outboxMax else {
            throw .conflict("Too many notifications wait already: let them be taken first.")
        }
    }

    // MARK: Endpoint

    /// There is a URL, new or set again: it is called at once with whatever waits.
    ///
    /// - Parameter newSecret: a new sealed secret; called when there is none.
    package mutating func open(newSecret: () throws(ServiceError) -> String) throws(ServiceError) {
        endpoint.enable()
        for index in outbox.indices { outbox[index].delivery.restart() }
        try endpoint.ensureSecret(newSecret)
    }

    /// There is no URL any more: the secrets and what waits are given up.
    package mutating func close() {
        dropped += outbox.count
        outbox = []
        endpoint = WebhookEndpoint(log: endpoint.log)
    }

    package mutating func ensureSecret(_ new: () throws(ServiceError) -> String) throws(ServiceError) {
        try endpoint.ensureSecret(new)
    }

    mutating func replaceSecret(by new: String, overlapEnds: Timestamp?) {
        endpoint.replaceSecret(by: new, overlapEnds: overlapEnds)
    }

    mutating func eraseRetiringSecret(at now: Timestamp) { endpoint.eraseRetiringSecret(at: now) }

    package mutating func reseal(_ reseal: (_ text: String, _ field: String) -> String?) { endpoint.reseal(reseal) }
}

// MARK: Stored form

extension Notifications {
    package static let members: [StoredMember<Notifications>] = [
        .init(
            "outbox", { $1.array(of: $0.outbox) { $0.write(to: &$1) } },
            { $0.outbox = ($1.array ?? []).compactMap(ConnectionEvent.init(decoding:)) }),
        .init(
            "eventsDropped", omittedIf: { $0.dropped <= 0 }, { $1.value($0.dropped) },
            { $0.dropped = $1.integer.map(Int.init) ?? 0 }),
        .init(
            "webhook", omittedIf: { $0.endpoint == WebhookEndpoint() }, { $0.endpoint.write(to: &$1) },
            { $0.endpoint = WebhookEndpoint(decoding: $1) }),
    ]
}
