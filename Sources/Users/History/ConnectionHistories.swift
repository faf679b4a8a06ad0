// The histories of connections: a document for each, apart from the user's. A user's document keeps what decides; what has ended
// moves here in two durable steps, and a stop between them loses and doubles nothing.

package import ConnectionModel
import DocumentStore
import ProviderSDK
import StoreFiles

/// The store of histories.
package struct ConnectionHistories: Sendable {
    /// The collection of the histories; backups copy it behind the users that refer to it.
    package static let collection = UserStore.collection + Documents.archiveSuffix

    private let histories: DocumentCollection<PlainForm<ConnectionHistory>>
    /// The connections whose history is written or erased.
    private let turns = KeyLocks<String>()

    init(_ documents: Documents) {
        histories = DocumentCollection(documents, name: Self.collection, noun: "history")
    }

    /// Returns `connection` with all that ended, as if nothing had moved.
    package func recalled(_ connection: Connection) async throws(ServiceError) -> Connection {
        guard connection.hasHistory, let history = try await histories.peek(Array(connection.id.utf8)) else {
            return connection
        }
        return history.recalled(connection)
    }

    /// Returns an ended delivery that has moved; nil without one.
    package func delivery(_ eventID: String, of connection: Connection) async throws(ServiceError) -> ConnectionEvent? {
        guard connection.hasHistory else { return nil }
        return try await histories.peek(Array(connection.id.utf8))?.deliveries.first {
            $0.id.utf8.elementsEqual(eventID.utf8)
        }
    }

    /// Adds what ended of a connection to its history; durable on return.
    ///
    /// - Parameter find: returns the connection as it is stored; nil when it was removed, so that an erased history does not come
    ///   back.
    /// - Returns: the connection whose ended syncs and deliveries the history has.
    func keep(
        _ id: String, _ find: () async throws(ServiceError) -> Connection?
    ) async throws(ServiceError) -> Connection? {
        await turns.acquire(id)
        defer { turns.release(id) }
        guard let connection = try await find() else { return nil }
        try await histories.update(Array(id.utf8)) { (stored) throws(ServiceError) in
            var history = stored ?? ConnectionHistory(of: id)
            history.add(connection)
            stored = history
        }
        return connection
    }

    /// Removes the history of a connection that its user has no more; durable on return, and repeatable.
    package func erase(_ id: String) async throws(ServiceError) {
        await turns.acquire(id)
        defer { turns.release(id) }
        _ = try await histories.remove(Array(id.utf8))
    }
}

extension UserStore {
    /// Moves all that ended from a user's document to the histories; durable on return.
    ///
    /// The histories have it first. Until the user's document has forgotten it, both have it, and readers see it once.
    package func moveEnded(of userID: String) async throws(ServiceError) {
        guard let user = try await stored(userID)?.user else { return }
        var moved: [Connection] = []
        for connection in user.connections where connection.extract.endedCount > 0 {
            let kept = try await histories.keep(connection.id) { () async throws(ServiceError) in
                try await stored(userID)?.user.connection(connection.id)
            }
            if let kept { moved.append(kept) }
        }
        guard !moved.isEmpty else { return }
        try await update(userID) { (user) throws(ServiceError) in
            for connection in moved {
                try user.update(connection.id, where: { _ in true }) { (stored) throws(ServiceError) in
                    stored.endedMoved(connection)
                }
            }
        }
    }
}
