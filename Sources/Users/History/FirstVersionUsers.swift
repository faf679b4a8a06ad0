// Users as version 0.1.0 stores them: it knows no histories, so what has moved comes back. Pure.

import ConnectionModel
import ProviderSDK
package import StoreFiles

/// The form of documents that version 0.1.0 reads.
package enum FirstVersionUsers {
    /// Returns a document in that form; nil for one that version 0.1.0 does not have.
    ///
    /// - Parameter read: returns the present bytes of another document; nil without one.
    package static func document(
        _ collection: String, _ bytes: [UInt8],
        read: (_ collection: String, _ id: [UInt8]) throws(StoreError) -> [UInt8]?
    ) throws(StoreError) -> [UInt8]? {
        if collection == ConnectionHistories.collection { return nil }
        // What cannot be read is copied as it is.
        guard collection == UserStore.collection, var user = try? User(decoding: bytes),
            user.connections.contains(where: \.hasHistory)
        else { return bytes }
        for connection in user.connections where connection.hasHistory {
            let stored = try read(ConnectionHistories.collection, Array(connection.id.utf8))
            let history =
                stored.flatMap { try? ConnectionHistory(document: $0) } ?? ConnectionHistory(of: connection.id)
            try? user.update(connection.id) { (connection) throws(ServiceError) in
                connection = history.recalled(connection)
            }
        }
        return user.encoded
    }
}
