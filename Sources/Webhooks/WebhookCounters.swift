// Outcomes of deliveries and of their events, counted for the whole process. The metrics route renders them.

package import Observability

/// Counts deliveries and events.
package enum WebhookCounters {
    /// The outcome of a delivery.
    package enum Delivery: String, CaseIterable, Sendable {
        /// Accepted, with new events or without any relevant one.
        case accepted
        /// Every event was accepted before.
        case duplicate
        /// It has no signature that can be parsed.
        case unsigned
        /// Its signature is wrong.
        case forged
        /// Its timestamp is too old, or too far ahead.
        case untimely
        /// The plugin could not parse it.
        case unprocessable
        /// The inbox is full.
        case full
        /// The inbox cannot be written, or too many deliveries wait.
        case unavailable
        /// No key is configured to verify it with.
        case unconfigured
    }

    /// The outcome of an event.
    package enum Event: String, CaseIterable, Sendable {
        /// Processed.
        case processed
        /// About no working connection, or about an older grant.
        case ignored
        /// Accepted before.
        case duplicate
        /// Dropped after many attempts.
        case failed
    }

    /// Why an event has no effect.
    package enum IgnoredReason: String, CaseIterable, Sendable {
        /// The delivery holds no event.
        case noEvents
        /// The event does not say which account it is about.
        case noAccount
        /// The event is of a kind that means nothing here.
        case noMeaning
        /// No user has connected the account.
        case noConnection
        /// The connections to the account have nothing for it to change: no such data type, or no records.
        case nothingToChange
        /// The event is about an earlier grant, or the grant is alive.
        case otherGrant
    }

    private static let reasons = IgnoredReason.allCases.map { _ in Counter() }

    /// Counts ignored events by reason, and among all events.
    package static func ignore(_ reason: IgnoredReason, _ amount: Int = 1) {
        count(.ignored, amount)
        counter(reason).add(amount)
    }

    package static func counter(_ reason: IgnoredReason) -> Counter {
        reasons[IgnoredReason.allCases.firstIndex(of: reason) ?? 0]
    }

    private static let deliveries = Delivery.allCases.map { _ in Counter() }
    private static let events = Event.allCases.map { _ in Counter() }

    package static func count(_ delivery: Delivery) { counter(delivery).add() }
    package static func count(_ event: Event, _ amount: Int = 1) { counter(event).add(amount) }

    package static func counter(_ delivery: Delivery) -> Counter {
        deliveries[Delivery.allCases.firstIndex(of: delivery) ?? 0]
    }

    package static func counter(_ event: Event) -> Counter { events[Event.allCases.firstIndex(of: event) ?? 0] }
}
