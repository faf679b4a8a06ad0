// What became of deliveries and of their events, counted for the whole process. How it is shown is the metrics route's.

/// Counts deliveries and events.
enum WebhookCounters {
    /// What became of a delivery.
    enum Delivery: String, CaseIterable, Sendable {
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
    enum Event: String, CaseIterable, Sendable {
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

    static func count(_ delivery: Delivery) { counter(delivery).add() }
    static func count(_ event: Event, _ amount: Int = 1) { counter(event).add(amount) }

    static func counter(_ delivery: Delivery) -> Counter {
        deliveries[Delivery.allCases.firstIndex(of: delivery) ?? 0]
    }

    static func counter(_ event: Event) -> Counter { events[Event.allCases.firstIndex(of: event) ?? 0] }
}
