// The limits of users' documents, each with its unit in the name.

/// The limits of connections.
package enum ConnectionLimits {
    /// The maximum number of connections of one user; those that wait for their first authorization, and integrations that the
    /// application reports, count apart.
    package static let connectionsPerUserMax = 200
    /// The maximum number of integrations of one user that the application reports, without an account at a provider.
    package static let reportedIntegrationsMax = 200
    /// The maximum number of a user's connections that wait for their first authorization.
    ///
    /// The oldest one is removed to make room.
    package static let pendingConnectionsMax = 10
    /// How long a connection that was never completed is kept.
    static let pendingConnectionLifetime = Duration.seconds(3600)
    /// How long a connection whose only attempt failed is kept, so that users can see the reason.
    static let failedConnectionLifetime = Duration.seconds(86_400)
    /// The maximum number of callbacks that are kept with a user, so that the same callback again gets the same answer.
    package static let callbacksKept = 20
    /// The maximum number of a user's grants that are still to be ended at their providers.
    ///
    /// The oldest one is dropped to make room.
    package static let revocationsPerUserMax = 50
    /// The maximum size of one token in bytes.
    package static let tokenBytesMax = 16 << 10
    /// The maximum number of idempotency keys that are stored with a sync which already ran when they arrived.
    static let joinedKeysMax = 20
    /// The maximum number of past syncs that are kept for a connection.
    package static let syncHistoryMax = 20
    /// The maximum number of idempotency keys that are kept for syncs which have left the user's document.
    static let answeredKeysMax = 20
    /// The pause after the first failed sync in a row; each further failure doubles it.
    package static let syncRetryPause = Duration.seconds(15 * 60)
    /// The longest pause between a failed sync and the next, unless the sync interval is even longer.
    package static let syncRetryPauseMax = Duration.seconds(86_400)
    /// The number of ended syncs and deliveries in a user's document from which on they move to the connections' histories.
    package static let endedInDocumentMax = 8
    /// The maximum number of waiting events of all connections of a user together.
    ///
    /// The connection with the most events drops its oldest ones.
    package static let waitingEventsPerUserMax = 2000
    /// The maximum number of finished deliveries that are kept for one connection.
    package static let webhookDeliveriesKept = 20
    /// The maximum number of finished deliveries in a user's document, of all connections together.
    package static let webhookDeliveriesPerUserMax = 1000
    /// The maximum number of attempts that are kept with an event.
    static let webhookAttemptsKept = 10
    /// The maximum number of attempts to update a user's document that others change at the same time.
    package static let updateAttemptsMax = 64
}
