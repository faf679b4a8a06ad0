// The services that ending a connection needs from other parts of the host, as small protocols.
// The code that disconnects does not depend on the code that revokes grants, runs syncs or delivers events.

package import ConnectionModel
import ProviderSDK

/// What a provider answered to a revocation.
package struct RevocationAnswer: Sendable, Equatable {
    package let outcome: RevocationOutcome
    /// How long the provider asked to wait before the next attempt.
    package var retryAfter: Duration?

    package init(_ outcome: RevocationOutcome, retryAfter: Duration? = nil) {
        self.outcome = outcome
        self.retryAfter = retryAfter
    }
}

/// A service that ends grants at their providers.
package protocol GrantRevoking: Sendable {
    /// Ends the grant of a connection at its provider.
    ///
    /// A failure of the provider is an outcome, not an error. One that may pass is ``RevocationOutcome/pending``.
    ///
    /// - Throws: `CancellationError` when the task was cancelled before the provider answered.
    func revocation(of connection: Connection, user: String) async throws(CancellationError) -> RevocationAnswer
}

extension GrantRevoking {
    /// Ends the grant of a connection at its provider, and returns the outcome alone.
    package func revoke(
        _ connection: Connection, user: String
    ) async throws(CancellationError) -> RevocationOutcome {
        try await revocation(of: connection, user: user).outcome
    }
}

/// A service that renews tokens.
package protocol GrantRefreshing: Sendable {
    /// Waits for the current token request of a connection, for at most `longest`.
    func settle(connection id: String, longest: Duration) async
}

/// A service that runs syncs.
package protocol SyncCanceling: Sendable {
    /// Stops the sync of a connection that is being disconnected or removed, and waits until it has stopped.
    func cancel(connection id: String) async
}

/// A service that delivers events to the application.
package protocol EventSink: Sendable {
    /// Waits until no event of a connection is due or in delivery, for at most `longest`.
    func settle(connection id: String, longest: Duration) async
}

/// A service that syncs what a provider reports as changed.
package protocol ChangeNoting: Sendable {
    /// Records that data types of a connection changed and schedules their sync; durable on return.
    ///
    /// - Returns: whether there was anything to record.
    func note(_ dataTypes: [String], of connection: Connection, user userID: String) async throws(ServiceError) -> Bool
}

/// A service that deletes records which a provider reports as deleted.
package protocol RecordDeleting: Sendable {
    /// Deletes the records with these ids of the provider.
    ///
    /// The deletion is durable on return, and you can repeat it safely.
    func delete(
        _ sourceIDs: [String], of dataType: String, _ connection: Connection, user: String
    ) async throws(ServiceError) -> RecordDeletion
}

/// The result of deleting records.
package enum RecordDeletion: Sendable, Equatable {
    case deleted
    /// No records had to be deleted.
    case nothing
    /// A sync runs; try again later.
    case busy
}

/// The sealed texts that are stored with a connection's records.
package protocol SealedRecordTexts: Sendable {
    /// Seals again the texts that a retired key has sealed.
    func reseal(_ connection: Connection, user: String) async throws(ServiceError) -> ResealOutcome

    /// Passes every sealed text of a connection to `body`.
    func forEach(_ connection: Connection, _ body: (String) -> Void) async throws(ServiceError)
}
