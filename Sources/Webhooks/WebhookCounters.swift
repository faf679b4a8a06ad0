// What became of deliveries and of their events, counted for the whole process. How it is shown is the metrics route's.

package import Observability

/// Counts deliveries and events.
package enum WebhookCounters {
    /// What became of a delivery.
    package enum Delivery: String, CaseIterable, Sendable {
        /// Taken in, with events that are new or without any that matter.
        case accepted
        /// All of its events were taken in before.
        case duplicate
        /// Without a signature that can be read.
        case unsigned
        /// With a wrong signature.
        case forged
        /// With a timestamp that is too old, or too far ahead.
        case untimely
        /// The plugin could make nothing of it.
        case unprocessable
        /// The inbox is full.
        case full
        /// The inbox cannot be written, or too many deliveries wait.
        case unavailable
        /// No key is configured that it could be verified with.
        case unconfigured
    }

    /// What became of an event.
    package enum Event: String, CaseIterable, Sendable {
        /// Carried out.
        case processed
        /// About no connection that works, or about an older grant.
        case ignored
        /// Taken in before.
        case duplicate
        /// Given up after many tries.
        case failed
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
