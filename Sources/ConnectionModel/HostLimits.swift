// The limits of the host that do not belong to one module, each with its unit in the name.

/// The limits of the host.
package enum HostLimits {
    /// The maximum size of a user id in bytes.
    package static let userIDBytesMax = 256
    /// The maximum size of a provider or integration id in bytes.
    package static let serviceBytesMax = 128
    /// The maximum number of connections of one user, in any state.
    static let connectionsPerUserMax = 200
    /// The maximum number of entries of a permissions list.
    package static let permissionsMax = 64
    /// The maximum size of one permission in bytes.
    package static let permissionBytesMax = 128
    /// The maximum size of a URL that a user sets, in bytes.
    package static let urlBytesMax = 2048
    /// The maximum size of a caller's own OAuth state in bytes.
    package static let callerStateBytesMax = 1024
    /// How long an authorization may take, from its URL to its callback.
    package static let authorizationLifetime = Duration.seconds(600)
    /// The maximum number of a user's connections that wait for their first authorization.
    ///
    /// The oldest one is removed to make room.
    static let pendingConnectionsMax = 10
    /// How long a used link token without an expiry is kept.
    package static let usedLinkTokenLifetime = Duration.seconds(30 * 86_400)
    /// How long an expired link token is reported as expired; after that it is reported as not found.
    package static let expiredLinkTokenLifetime = Duration.seconds(30 * 86_400)
    /// The pause between two sweeps over all link tokens.
    package static let linkTokenSweepPause = Duration.seconds(3600)
    /// How long a connection that was never completed is kept.
    static let pendingConnectionLifetime = Duration.seconds(3600)
    /// How long a connection whose only attempt failed is kept, so that users can see the reason.
    static let failedConnectionLifetime = Duration.seconds(86_400)
    /// The maximum size of one parameter of an OAuth callback in bytes.
    package static let callbackParameterBytesMax = 4096
    /// The maximum size of one token in bytes.
    package static let tokenBytesMax = 16 << 10
    /// The maximum number of idempotency keys that are stored with a sync which already ran when they arrived.
    static let joinedKeysMax = 20
    /// The maximum number of past syncs that are kept with a connection.
    package static let syncHistoryMax = 20
    /// The maximum number of dead letters on one page.
    package static let deadLetterPageMax = 200
    /// The maximum number of waiting events of all connections of a user together.
    ///
    /// The connection with the most events drops its oldest ones.
    static let waitingEventsPerUserMax = 2000
    /// The maximum number of finished deliveries that are kept for one connection.
    static let webhookDeliveriesKept = 20
    /// The maximum number of finished deliveries that are kept for all connections of a user together.
    static let webhookDeliveriesPerUserMax = 1000
    /// The maximum number of attempts that are kept with an event.
    static let webhookAttemptsKept = 10
    /// The pauses between the attempts of one event, unless they are configured: ten attempts in three days.
    package static let webhookPauses: [Duration] = [5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400].map {
        .seconds($0)
    }
    /// How long a deletion waits for the delivery of the connection's last events.
    package static let webhookFarewellMax = Duration.seconds(5)
    /// The maximum number of attempts to update a user's document that others change at the same time.
    static let updateAttemptsMax = 64
    /// How long a session of the host is valid, unless its creator sets another lifetime.
    package static let sessionLifetime = Duration.seconds(86_400)
    /// The pause between two walks over all users, unless it is configured.
    package static let sweepPause = Duration.seconds(60)
    /// How long a sync retries transient failures in a row, unless it is configured.
    package static let syncRetryTime = Duration.seconds(600)
    /// How long after the last webhook of a provider its changes are read, unless it is configured.
    package static let webhookQuietTime = Duration.seconds(2)
}
