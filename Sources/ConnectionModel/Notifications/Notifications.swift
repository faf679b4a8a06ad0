// The notifications of a connection: the events that wait for delivery, and their endpoint.
// This is the state machine of deliveries, without I/O. The caller passes the time and random numbers.

package import ProviderSDK
import StoredValues

/// The next delivery that is due.
package enum NextDelivery: Sendable, Equatable {
    /// Nothing, until something changes.
    case none
    /// This event, immediately.
    case due(ConnectionEvent)
    /// Nothing before this moment.
    case at(Timestamp)
}

/// An attempt to deliver an event, with everything that determines its consequences.
package struct DeliveryAttempt: Sendable {
    package let eventID: String
    /// The URL that was called.
    package let url: String
    package let attempt: EventDelivery.Attempt
    /// How long the endpoint asked not to be called.
    package var retryAfter: Duration?
    /// A random number from 0 to 1.
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

    /// When the attempt ended.
    var endedAt: Timestamp { attempt.at.advanced(by: .milliseconds(attempt.milliseconds)) }
}

/// The effect of an attempt on its event.
package enum AttemptEffect: Sendable, Equatable {
    /// The event no longer existed.
    case none
    case delivered
    /// The event will be retried.
    case postponed
    /// The attempt was the last one.
    case failed
    /// The endpoint is no longer called.
    case disabled
}

/// The events of a connection and their endpoint.
package struct Notifications: Sendable {
    /// The maximum number of events of one connection that wait for delivery.
    static let outboxMax = 100

    /// The error for an action that needs a webhook URL.
    static let noURL = ServiceError.conflict("The connection has no webhookUrl: set one first.")

    /// Events that wait for delivery, oldest first.
    package private(set) var outbox: [ConnectionEvent] = []
    /// The number of events that were dropped because too many waited, or because no URL was left.
    package private(set) var dropped = 0
    /// The endpoint of the events, and the results of their deliveries.
    package private(set) var endpoint = NotificationEndpoint()

    // MARK: Events

    /// Adds an event to the outbox; a full outbox drops its oldest event and counts it.
    package mutating func queue(_ event: ConnectionEvent) {
        if outbox.count >= Self.outboxMax {
            outbox.removeFirst(outbox.count - Self.outboxMax + 1)
            dropped += 1
        }
        outbox.append(event)
    }

    /// Drops the oldest waiting event.
    package mutating func dropOldest() {
        outbox.removeFirst()
        dropped += 1
    }

    mutating func forgetOldestDelivery() { endpoint.forgetOldest() }

    // MARK: History

    mutating func moved(_ history: [ConnectionEvent]) { endpoint.moved(history) }

    /// Adds ended deliveries of the connection's history, for readers; an event that waits again has not ended.
    mutating func recall(_ history: [ConnectionEvent]) {
        endpoint.recall(history.filter { event in !(outbox + endpoint.log).contains { $0.hasID(event.id) } })
    }

    // MARK: Deliveries

    /// Returns the next delivery that is due.
    ///
    /// Events are delivered in order. After ``DeliverySchedule/orderedFailuresMax`` failures, an event no longer blocks the events
    /// behind it. It is then retried on its own.
    package func next(at now: Timestamp) -> NextDelivery {
        guard endpoint.disabledAt == nil, !outbox.isEmpty else { return .none }
        let lastAttemptAt = outbox.compactMap(\.delivery.attempts.last?.at).max()
        let rest = StoredMoment.end(
            endpoint.restsUntil, begun: lastAttemptAt, longest: DeliverySchedule.retryAfterMax, at: now)
        if let rest { return .at(rest) }
        var earliest: Timestamp?
        for event in outbox {
            let delivery = event.delivery
            guard let due = StoredMoment.end(delivery.nextAttemptAt, begun: delivery.attempts.last?.at, at: now) else {
                return .due(event)
            }
            earliest = min(earliest ?? due, due)
            if event.delivery.failures < DeliverySchedule.orderedFailuresMax { break }
        }
        return earliest.map { .at($0) } ?? .none
    }

    /// Applies the result of an attempt.
    ///
    /// - Parameter url: the current webhook URL; the result of a call to another URL does not affect this one.
    package mutating func record(_ result: DeliveryAttempt, url: String?, _ schedule: DeliverySchedule) -> AttemptEffect
    {
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
            // The event is kept and is delivered once the user sets the URL again.
            endpoint.disable(at: result.endedAt)
            return .disabled
        }
        let failures = outbox[index].delivery.fail()
        if let rest = result.retryAfter, rest > .zero {
            endpoint.rest(until: result.endedAt.advanced(by: min(rest, DeliverySchedule.retryAfterMax)))
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

    // MARK: Actions of the user

    /// Queues an event again with the same id, regardless of how its delivery ended.
    ///
    /// - Parameter moved: the event as the connection's history has it; nil when that has none.
    /// - Throws: ``ServiceError/notFound`` when the event does not exist, ``ServiceError/conflict(_:)`` when delivery is
    ///   impossible.
    package mutating func redeliver(
        _ eventID: String, _ moved: ConnectionEvent?, to url: String?
    ) throws(ServiceError) -> ConnectionEvent {
        if let index = outbox.firstIndex(where: { $0.hasID(eventID) }) {
            try checkDeliverable(adding: 0, to: url)
            outbox[index].delivery.restart()
            endpoint.endRest()
            return outbox[index]
        }
        let index = endpoint.log.firstIndex { $0.hasID(eventID) }
        guard var event = index.map({ endpoint.log[$0] }) ?? moved else { throw .notFound }
        try checkDeliverable(adding: 1, to: url)
        if let index { endpoint.removeFromLog(at: index) }
        event.delivery.restart()
        outbox.append(event)
        endpoint.endRest()
        return event
    }

    /// Queues an event that the user requested, for immediate delivery.
    ///
    /// - Throws: ``ServiceError/conflict(_:)`` when delivery is impossible.
    package mutating func test(_ event: ConnectionEvent, to url: String?) throws(ServiceError) {
        try checkDeliverable(adding: 1, to: url)
        queue(event)
        endpoint.endRest()
    }

    private func checkDeliverable(adding count: Int, to url: String?) throws(ServiceError) {
        guard url != nil else { throw Self.noURL }
        guard endpoint.disabledAt == nil else {
            throw .conflict(
                "The endpoint answered 410 and is no longer called: set webhookUrl again to resume.")
        }
        guard outbox.count + count <= Self.outboxMax else {
            throw .conflict("Too many notifications are queued: retry once some are delivered.")
        }
    }

    // MARK: Endpoint

    /// Records that a URL was set, for the first time or again; waiting events are delivered immediately.
    ///
    /// - Parameter newSecret: returns a new sealed secret; called when no secret exists.
    package mutating func open(newSecret: () throws(ServiceError) -> String) throws(ServiceError) {
        endpoint.enable()
        for index in outbox.indices { outbox[index].delivery.restart() }
        try endpoint.ensureSecret(newSecret)
    }

    /// Records that the URL was removed; drops the secrets and the waiting events.
    package mutating func close() {
        dropped += outbox.count
        outbox = []
        endpoint = NotificationEndpoint(log: endpoint.log)
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
            "webhook", omittedIf: { $0.endpoint == NotificationEndpoint() }, { $0.endpoint.write(to: &$1) },
            { $0.endpoint = NotificationEndpoint(decoding: $1) }),
    ]
}
