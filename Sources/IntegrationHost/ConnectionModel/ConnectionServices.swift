// What ending a connection asks of other parts of the host, as small protocols: who disconnects need not know who revokes grants, runs
// syncs or delivers events.

import ProviderSDK

/// Ends grants at their providers.
protocol GrantRevoking: Sendable {
    /// Ends the grant of a connection at its provider; a provider that fails is an outcome, not an error.
    func revoke(_ connection: Connection, user: String) async -> RevocationOutcome
}

/// Renews tokens.
protocol GrantRefreshing: Sendable {
    /// Waits for the token request of a connection that is under way, but not longer than `longest`.
    func settle(connection id: String, longest: Duration) async
}

/// Runs syncs.
protocol SyncCanceling: Sendable {
    /// Stops the sync of a connection that is being disconnected or removed, and waits until it has stopped.
    func cancel(connection id: String) async
}

/// Takes the events of connections to the application.
protocol EventSink: Sendable {
    /// Waits until no event of a connection is due or under way, but not longer than `longest`.
    func settle(connection id: String, longest: Duration) async
}
