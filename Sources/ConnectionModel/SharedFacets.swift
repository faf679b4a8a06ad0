// The values of a connection, which its copies share until one of them changes: a user with many connections is copied with every
// change of one. The stored text of a connection is kept with them, so that a save writes again only what changed.

import ProviderSDK
import StoredValues
package import Synchronization

/// The stored values of a connection.
struct Facets: Sendable {
    var identity: ConnectionIdentity
    var life: ConnectionLife
    var grant = Grant()
    var sync = SyncState()
    var notifications = Notifications()
    var settings = ConnectionSettings()
    var failure: ConnectionFailure?
    /// Whether ended syncs or deliveries have moved to the connection's history.
    var hasHistory = false
    @Moment var createdAt: Timestamp
    @Moment var updatedAt: Timestamp
    var unknown: [(key: String, value: JSONValue)] = []

    mutating func endedMoved(_ earlier: Facets) {
        sync.moved(earlier.sync.ended)
        notifications.moved(earlier.notifications.endpoint.log)
        hasHistory = true
    }

    mutating func recall(syncs: [SyncRun], deliveries: [ConnectionEvent]) {
        sync.recall(syncs)
        notifications.recall(deliveries)
        hasHistory = false
    }
}

/// Facets that one connection owns or several share.
///
/// Written only by a connection that is its one owner and before the text is made; a reader never sees a change.
final class SharedFacets: @unchecked Sendable {
    /// The stored form of a connection.
    final class Text: Sendable {
        let bytes: [UInt8]
        init(_ bytes: [UInt8]) { self.bytes = bytes }
    }

    var facets: Facets
    /// The stored form of ``facets``, made when it is first needed.
    let text = MadeOnce<Text>()
    /// What every change of the user needs of ``facets``, made when it is first needed.
    let extract = MadeOnce<ConnectionExtract>()
    /// Whether something was made of the facets, so that they must stay as they are.
    var isRead: Bool { text.known != nil || extract.known != nil }

    init(_ facets: Facets) { self.facets = facets }
}

/// What every change of a user needs of each connection, so that a change costs what it changes.
package final class ConnectionExtract: Sendable {
    /// See ``Connection/lapsesAt``.
    var lapsesAt: Timestamp? { lapse.wrappedValue }
    private let lapse: OptionalMoment
    /// The number of events that wait for their delivery.
    package let waitingEvents: Int
    /// The number of deliveries that have ended.
    package let endedDeliveries: Int
    /// The number of syncs and deliveries that have ended.
    package let endedCount: Int
    /// The memory of this state, as another module has counted it; 0 until then.
    package let memoryBytes = Atomic<Int>(0)
    /// What another module makes of this state of the connection.
    package let derived = Mutex<(any AnyObject & Sendable)?>(nil)

    init(_ connection: Connection) {
        lapse = OptionalMoment(wrappedValue: connection.lapsesAt)
        waitingEvents = connection.outbox.count
        endedDeliveries = connection.webhook.log.count
        endedCount = connection.sync.ended.count + endedDeliveries
    }
}

extension Connection {
    /// Whether both are the same state of one connection, without a look at their values; false says nothing.
    package func isIdentical(to other: Connection) -> Bool { shared === other.shared }

    /// What every change of the user needs of the connection; made once for each state.
    package var extract: ConnectionExtract {
        shared.extract.known ?? shared.extract.keep(ConnectionExtract(self))
    }

    /// The memory of the stored form; nil until it is made.
    package var textBytes: Int? { shared.text.known?.bytes.capacity }
    /// The stored form, which is made once for each state of the connection.
    package var text: [UInt8] {
        if let known = shared.text.known { return known.bytes }
        var writer = JSONWriter(capacity: 1024)
        shared.facets.write(to: &writer)
        return shared.text.keep(SharedFacets.Text(writer.bytes)).bytes
    }
}
