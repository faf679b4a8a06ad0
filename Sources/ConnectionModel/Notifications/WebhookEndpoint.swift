// The application's end of a connection's notifications: signing secrets, whether the endpoint takes them, and the deliveries that
// ended. A value that is stored with the connection; what follows from it is WebhookQueue's.

package import ProviderSDK

/// The application's end of a connection's notifications.
package struct WebhookEndpoint: Sendable, Equatable {
    /// A secret that was replaced, and until when it still signs.
    package struct RetiringSecret: Sendable, Equatable {
        package let sealed: String
        package let until: Timestamp
    }

    /// The field that signing secrets are sealed for.
    package static let secretField = "webhookSecret"

    /// The sealed secret; nil before the first URL was set.
    package private(set) var secret: String?
    /// The sealed secret before it.
    package private(set) var retiring: RetiringSecret?
    /// When the endpoint said that it is gone; nil while it is called.
    package private(set) var disabledAt: Timestamp?
    /// Since when no attempt succeeded; nil when the last one did.
    package private(set) var failingSince: Timestamp?
    /// The earliest moment at which the endpoint wants to be called again.
    package private(set) var restsUntil: Timestamp?
    /// Events whose delivery has ended, the last one first.
    package private(set) var log: [ConnectionEvent] = []

    /// An endpoint that was never called, with the log of an earlier one.
    package init(log: [ConnectionEvent] = []) { self.log = log }

    // MARK: Secrets

    /// Whether a replaced secret signs no more and can be erased.
    package func isRetiringSecretOver(at now: Timestamp) -> Bool { retiring.map { $0.until <= now } ?? false }

    /// Takes a first secret; one that is there is kept.
    package mutating func ensureSecret(_ new: () throws(ServiceError) -> String) throws(ServiceError) {
        if secret == nil { secret = try new() }
    }

    /// Replaces the secret; the one before signs along until `overlapEnds`, unless that is nil.
    mutating func replaceSecret(by new: String, overlapEnds: Timestamp?) {
        retiring = nil
        if let secret, let overlapEnds { retiring = RetiringSecret(sealed: secret, until: overlapEnds) }
        secret = new
    }

    /// Erases a replaced secret whose time is over.
    mutating func eraseRetiringSecret(at now: Timestamp) {
        if isRetiringSecretOver(at: now) { retiring = nil }
    }

    /// Replaces the sealed secrets by what `reseal` makes of them; nil leaves one as it is.
    package mutating func reseal(_ reseal: (_ text: String, _ field: String) -> String?) {
        if let text = secret { secret = reseal(text, Self.secretField) ?? text }
        if let old = retiring, let text = reseal(old.sealed, Self.secretField) {
            retiring = RetiringSecret(sealed: text, until: old.until)
        }
    }

    // MARK: Attempts

    /// It took an event.
    mutating func tookEvent() {
        failingSince = nil
        restsUntil = nil
    }

    /// It did not take an event that was sent at `moment`.
    package mutating func failed(at moment: Timestamp) { failingSince = failingSince ?? moment }

    /// It is not called any more.
    mutating func disable(at moment: Timestamp) { disabledAt = moment }

    /// It is not called before `moment`.
    package mutating func rest(until moment: Timestamp) { restsUntil = moment }

    /// It may be called at once.
    mutating func endRest() { restsUntil = nil }

    /// It is called as one that never failed.
    mutating func enable() {
        disabledAt = nil
        failingSince = nil
        restsUntil = nil
    }

    // MARK: Log

    /// Keeps an event whose delivery has ended, and forgets the oldest ones.
    package mutating func keep(_ event: ConnectionEvent) {
        log.insert(event, at: 0)
        if log.count > HostLimits.webhookDeliveriesKept {
            log.removeLast(log.count - HostLimits.webhookDeliveriesKept)
        }
    }

    /// Takes an event out of the log.
    mutating func takeFromLog(at index: Int) -> ConnectionEvent { log.remove(at: index) }

    /// Forgets the oldest event of the log.
    mutating func forgetOldest() { log.removeLast() }
}

// MARK: Stored form

extension WebhookEndpoint {
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
