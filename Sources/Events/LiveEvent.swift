// An event as it is sent to readers, and whose it is. Its body is that of a notification. Knows no reader.

import ConnectionModel
import ProviderSDK
import Users

/// A live event.
package struct LiveEvent: Sendable, Equatable {
    /// The types of live events; those of notifications among them.
    package enum Kind: String, Sendable, CaseIterable {
        case connected = "connection.connected"
        case expiring = "connection.expiring"
        case expired = "connection.expired"
        case revoked = "connection.revoked"
        case failed = "connection.error"
        case syncStarted = "sync.started"
        case syncProgress = "sync.progress"
        case syncCompleted = "sync.completed"
        case syncPartial = "sync.partial"
        case syncFailed = "sync.failed"
        case recordsChanged = "records.changed"
    }

    package let kind: Kind
    package let userID: String
    /// The JSON text, without line ends.
    package let body: [UInt8]

    init(
        _ kind: Kind, of connectionID: String, service: String, user userID: String, _ data: JSONValue = [:],
        at now: Timestamp
    ) {
        self.kind = kind
        self.userID = userID
        body = EventBody.bytes(
            type: kind.rawValue, at: now, connection: connectionID, service: service, user: userID, data)
    }
}
