// What the application is told about a connection. Events are stored in the connection's own document, with the change that they
// tell of: neither can exist without the other. How they reach the application is not known here.

import Cryptography
import ProviderSDK

/// Something that happened to a connection.
struct ConnectionEvent: Sendable, Equatable {
    /// What happened, as the application reads it.
    enum Kind: String, Sendable, CaseIterable {
        /// The connection works, for the first time or again.
        case connected = "connection.connected"
        /// The grant will end soon unless the user connects again.
        case expiring = "connection.expiring"
        /// The grant has ended: the user must connect again.
        case expired = "connection.expired"
        /// The user or the provider ended the grant.
        case revoked = "connection.revoked"
        /// An attempt to connect failed.
        case failed = "connection.error"
        case syncCompleted = "sync.completed"
        /// Some data types were synced and others were not.
        case syncPartial = "sync.partial"
        case syncFailed = "sync.failed"
        /// Nothing: somebody wants to see whether notifications arrive.
        case test = "webhook.test"
    }

    /// `evt-` and 22 random base62 characters; the same for every delivery of the event.
    let id: String
    let kind: Kind
    let at: Timestamp
    /// What else is told: no secret, a few hundred bytes.
    let data: JSONValue
    /// How its delivery stands.
    var delivery = EventDelivery()
}

extension Connection {
    /// Events of one connection that may wait for their delivery.
    static let outboxMax = 100

    /// Puts an event in the outbox, where the application wants to be told.
    ///
    /// A full outbox drops its oldest event and counts it in ``eventsDropped``.
    mutating func emit(_ kind: ConnectionEvent.Kind, _ data: JSONValue = [:], at now: Timestamp) throws(ServiceError) {
        guard settings.webhookURL != nil else { return }
        let random: String
        do { random = try SecureRandom.base62(22) } catch { throw .internalFault("\(error)") }
        if outbox.count >= Self.outboxMax {
            outbox.removeFirst(outbox.count - Self.outboxMax + 1)
            eventsDropped += 1
        }
        outbox.append(ConnectionEvent(id: "evt-" + random, kind: kind, at: now, data: data))
    }
}
