// The events of a connection that the application is notified of. An event is stored in the connection's own document, together
// with the change that caused it. Neither can exist without the other. The delivery is implemented elsewhere.

import Cryptography
package import ProviderSDK
package import StoredValues

/// An event of a connection.
package struct ConnectionEvent: Sendable, Equatable {
    /// The type of an event, as the application reads it.
    package enum Kind: String, Sendable, CaseIterable {
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
        /// A test event that a user requested.
        case test = "webhook.test"
    }

    /// `evt-` and 22 random base62 characters; the same for every delivery of the event.
    package let id: String
    package let kind: Kind
    @Moment package private(set) var at: Timestamp
    /// Further data: no secrets, a few hundred bytes.
    package let data: JSONValue
    /// The state of the delivery.
    package var delivery = EventDelivery()

    /// A new event with a random id.
    package static func new(_ kind: Kind, _ data: JSONValue = [:], at now: Timestamp) throws(ServiceError)
        -> ConnectionEvent
    {
        do {
            return ConnectionEvent(id: "evt-" + (try SecureRandom.base62(22)), kind: kind, at: now, data: data)
        } catch { throw .internalFault("\(error)") }
    }

    /// Whether this is the event's id, compared byte for byte.
    func hasID(_ id: String) -> Bool { self.id.utf8.elementsEqual(id.utf8) }
}

// MARK: Stored form

extension ConnectionEvent {
    package func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("id", id)
            writer.member("type", kind.rawValue)
            writer.moment("at", at)
            writer.member("data", data)
            delivery.writeMembers(to: &writer)
        }
    }

    package init?(decoding value: JSONValue) {
        guard let id = value["id"]?.string, let kind = value["type"]?.string.flatMap(Kind.init),
            let at = value.moment("at")
        else { return nil }
        self.init(
            id: id, kind: kind, at: at, data: value["data"]?.detached ?? [:], delivery: EventDelivery(decoding: value))
    }
}
