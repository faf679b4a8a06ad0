// What ending a connection asks of other parts of the host, as small protocols: who disconnects need not know who revokes grants, runs
// syncs or delivers events.

import ProviderSDK

/// Ends grants at their providers.
package protocol GrantRevoking: Sendable {
    /// Ends the grant of a connection at its provider; a provider that fails is an outcome, not an error.
    func revoke(_ connection: Connection, user: String) async -> RevocationOutcome
}

/// Renews tokens.
package protocol GrantRefreshing: Sendable {
    /// Waits for the token request of a connection that is under way, but not longer than `longest`.
    func settle(connection id: String, longest: Duration) async
}

/// Runs syncs.
package protocol SyncCanceling: Sendable {
    /// Stops the sync of a connection that is being disconnected or removed, and waits until it has stopped.
    func cancel(connection id: String) async
}

/// Takes the events of connections to the application.
package protocol EventSink: Sendable {
    /// Waits until no event of a connection is due or under way, but not longer than `longest`.
    func settle(connection id: String, longest: Duration) async
}

/// Starts syncs of what a provider says has changed.
package protocol ChangeSyncing: Sendable {
    /// Whether so many syncs wait that no further one should begin without a request.
    var isCrowded: Bool { get }

    /// Whether a sync of a connection runs, or has ended and is about to release the connection.
    func isRunning(connection id: String) -> Bool

    /// Starts an incremental sync of `dataTypes`.
    ///
    /// - Throws: ``ServiceError`` when the connection is not connected, or when another sync runs.
    func startChanges(user userID: String, connection id: String, dataTypes: [String]) async throws(ServiceError)
}

/// Deletes records that a provider says are gone.
package protocol RecordDeleting: Sendable {
    /// Deletes the records with these ids of the provider; durable on return, and the same however often it is repeated.
    func delete(
        _ sourceIDs: [String], of dataType: String, _ connection: Connection, user: String
    ) async throws(ServiceError) -> RecordDeletion
}

/// The result of deleting records.
package enum RecordDeletion: Sendable, Equatable {
    case deleted
    /// There is nothing to delete.
    case nothing
    /// A sync runs; try again later.
    case busy
}

/// The sealed texts that lie with a connection's records.
package protocol SealedRecordTexts: Sendable {
    /// Seals again what a retired key has sealed.
    func reseal(_ connection: Connection, user: String) async throws(ServiceError) -> ResealOutcome

    /// Passes every sealed text of a connection to `body`.
    func forEach(_ connection: Connection, _ body: (String) -> Void) async throws(ServiceError)
}
