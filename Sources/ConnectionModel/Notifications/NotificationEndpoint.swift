// The endpoint of a connection's notifications: its signing secrets, its availability, and its finished deliveries.
// This value is stored with the connection. `Notifications` decides what follows from it.

package import ProviderSDK
package import StoredValues

/// The endpoint of a connection's notifications.
package struct NotificationEndpoint: Sendable, Equatable {
    /// A replaced secret, and the time until which it still signs.
    package struct RetiringSecret: Sendable, Equatable {
        package let sealed: String
        @Moment package private(set) var until: Timestamp
    }

    /// The name of the field that signing secrets are sealed for.
    package static let secretField = "webhookSecret"

    /// The sealed secret; nil before the first URL was set.
    package private(set) var secret: String?
    /// The previous sealed secret.
    package private(set) var retiring: RetiringSecret?
    /// When the endpoint answered that it is gone; nil while it is called.
    @OptionalMoment package private(set) var disabledAt: Timestamp?
    /// The start of the current series of failures; nil when the last attempt succeeded.
    @OptionalMoment package private(set) var failingSince: Timestamp?
    /// The earliest moment at which the endpoint accepts another call.
    @OptionalMoment package private(set) var restsUntil: Timestamp?
    /// Events whose delivery has ended, newest first.
    package private(set) var log: [ConnectionEvent] = []

    /// An endpoint without attempts, with the log of an earlier one.
    package init(log: [ConnectionEvent] = []) { self.log = log }

    // MARK: Secrets

    /// Whether the overlap of a replaced secret has ended, so that it can be erased.
    package func isRetiringSecretOver(at now: Timestamp) -> Bool { retiring.map { $0.until <= now } ?? false }

    /// Sets the first secret; an existing secret is kept.
    package mutating func ensureSecret(_ new: () throws(ServiceError) -> String) throws(ServiceError) {
        if secret == nil { secret = try new() }
    }

    /// Replaces the secret; the previous one also signs until `overlapEnds`, unless that is nil.
    mutating func replaceSecret(by new: String, overlapEnds: Timestamp?) {
        retiring = nil
        if let secret, let overlapEnds { retiring = RetiringSecret(sealed: secret, until: overlapEnds) }
        secret = new
    }

    /// Erases a replaced secret whose overlap has ended.
    mutating func eraseRetiringSecret(at now: Timestamp) {
        if isRetiringSecretOver(at: now) { retiring = nil }
    }

    /// Replaces each sealed secret by the result of `reseal`; nil leaves it unchanged.
    package mutating func reseal(_ reseal: (_ text: String, _ field: String) -> String?) {
        if let text = secret { secret = reseal(text, Self.secretField) ?? text }
        if let old = retiring, let text = reseal(old.sealed, Self.secretField) {
            retiring = RetiringSecret(sealed: text, until: old.until)
        }
    }

    // MARK: Attempts

    /// Records that the endpoint accepted an event.
    mutating func tookEvent() {
        failingSince = nil
        restsUntil = nil
    }

    /// Records that the endpoint did not accept an event sent at `moment`.
    package mutating func failed(at moment: Timestamp) { failingSince = failingSince ?? moment }

    /// Stops all calls to the endpoint.
    mutating func disable(at moment: Timestamp) { disabledAt = moment }

    /// Delays calls to the endpoint until `moment`.
    package mutating func rest(until moment: Timestamp) { restsUntil = moment }

    /// Allows calls to the endpoint immediately.
    mutating func endRest() { restsUntil = nil }

    /// Resets the failures of the endpoint.
    mutating func enable() {
        disabledAt = nil
        failingSince = nil
        restsUntil = nil
    }

    // MARK: Log

    /// Adds an event whose delivery has ended, and drops the oldest ones.
    package mutating func keep(_ event: ConnectionEvent) {
        log.insert(event, at: 0)
        if log.count > ConnectionLimits.webhookDeliveriesKept {
            log.removeLast(log.count - ConnectionLimits.webhookDeliveriesKept)
        }
    }

    /// Removes an event from the log.
    mutating func removeFromLog(at index: Int) { log.remove(at: index) }

    /// Removes events that the connection's history has; one that changed since is moved later.
    mutating func moved(_ history: [ConnectionEvent]) { log.removeAll(where: history.contains) }

    /// Adds events of the connection's history, for readers.
    mutating func recall(_ history: [ConnectionEvent]) {
        log = Array((log + history).prefix(ConnectionLimits.webhookDeliveriesKept))
    }

    /// Drops the oldest event of the log.
    mutating func forgetOldest() { log.removeLast() }
}

// MARK: Stored form

extension NotificationEndpoint {
    package func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("secret", secret)
            if let retiring {
                writer.key("retiring")
                writer.object { writer in
                    writer.member("secret", retiring.sealed)
                    writer.moment("until", retiring.until)
                }
            }
            if let disabledAt { writer.moment("disabledAt", disabledAt) }
            if let failingSince { writer.moment("failingSince", failingSince) }
            if let restsUntil { writer.moment("restsUntil", restsUntil) }
            writer.key("deliveries")
            writer.array(of: log) { $0.write(to: &$1) }
        }
    }

    package init(decoding value: JSONValue) {
        secret = value["secret"]?.string
        if let sealed = value.at("retiring.secret")?.string, let until = value["retiring"]?.moment("until") {
            retiring = RetiringSecret(sealed: sealed, until: until)
        }
        disabledAt = value.moment("disabledAt")
        failingSince = value.moment("failingSince")
        restsUntil = value.moment("restsUntil")
        log = (value["deliveries"]?.array ?? []).compactMap(ConnectionEvent.init(decoding:))
    }
}
