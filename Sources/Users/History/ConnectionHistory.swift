// What ended of a connection: its last syncs and deliveries, apart from the user's document. Pure.

package import ConnectionModel
import ProviderSDK

/// The ended syncs and deliveries of a connection.
///
/// Both merge by id, so adding the same ones again changes nothing.
package struct ConnectionHistory: StoredValue {
    package let connectionID: String
    /// The ended syncs, newest first.
    package private(set) var syncs: [SyncRun] = []
    /// The ended deliveries, the last that ended first.
    package private(set) var deliveries: [ConnectionEvent] = []

    package init(of connectionID: String) { self.connectionID = connectionID }

    /// Adds what ended in the user's document, in place of what has the same id; drops the oldest.
    package mutating func add(_ connection: Connection) {
        syncs = Self.merged(connection.sync.ended, syncs, ConnectionLimits.syncHistoryMax, \.id)
        // An event that waits again has not ended; it comes back when it has.
        let waiting = Set(connection.outbox.map(\.id))
        deliveries = Self.merged(
            connection.webhook.log, deliveries.filter { !waiting.contains($0.id) },
            ConnectionLimits.webhookDeliveriesKept, \.id)
    }

    private static func merged<Element>(
        _ newer: [Element], _ older: [Element], _ countMax: Int, _ id: (Element) -> String
    ) -> [Element] {
        let known = Set(newer.map(id))
        return Array((newer + older.filter { !known.contains(id($0)) }).prefix(countMax))
    }

    /// Returns `connection` as if nothing of it had moved here.
    package func recalled(_ connection: Connection) -> Connection {
        connection.recalling(syncs: syncs, deliveries: deliveries)
    }
}

// MARK: Stored form

extension ConnectionHistory {
    package init(document: [UInt8]) throws(ServiceError) {
        guard let value = try? JSONValue.parse(document), let id = value["connectionId"]?.string else {
            throw .internalFault("The stored history of a connection cannot be read.")
        }
        connectionID = id
        syncs = (value["syncs"]?.array ?? []).compactMap(SyncRun.init(decoding:))
        deliveries = (value["deliveries"]?.array ?? []).compactMap(ConnectionEvent.init(decoding:))
    }

    package var document: [UInt8] {
        var writer = JSONWriter(capacity: 512 * (syncs.count + deliveries.count + 1))
        writer.object { writer in
            writer.member("connectionId", connectionID)
            writer.key("syncs")
            writer.array(of: syncs) { $0.write(to: &$1) }
            writer.key("deliveries")
            writer.array(of: deliveries) { $0.write(to: &$1) }
        }
        return writer.bytes
    }
}
