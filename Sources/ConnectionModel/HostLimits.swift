// Every bound of the host that is not a module's own, in one place with its unit in the name.

/// The bounds of the host.
package enum HostLimits {
    /// Bytes of a user id.
    package static let userIDBytesMax = 256
    /// Bytes of a provider or integration id.
    package static let serviceBytesMax = 128
    /// Connections of one user, in any state.
    static let connectionsPerUserMax = 200
    /// Entries of a permissions list.
    package static let permissionsMax = 64
    /// Bytes of one permission.
    package static let permissionBytesMax = 128
    /// Bytes of a URL that a user gives.
    package static let urlBytesMax = 2048
    /// Bytes of a caller's own OAuth state.
    package static let callerStateBytesMax = 1024
    /// How long an authorization may take, from its URL to its callback.
    package static let authorizationLifetime = Duration.seconds(600)
    /// Connections of one user that wait for their authorization and were never complete; the oldest makes room.
    static let pendingConnectionsMax = 10
    /// How long a link token without an end is kept after it was used.
    package static let usedLinkTokenLifetime = Duration.seconds(30 * 86_400)
    /// How long an expired link token is told to be expired, before it is one that does not exist.
    package static let expiredLinkTokenLifetime = Duration.seconds(30 * 86_400)
    /// How long after one walk over all link tokens the next one begins.
    package static let linkTokenSweepPause = Duration.seconds(3600)
    /// How long a connection that was never completed is kept.
    static let pendingConnectionLifetime = Duration.seconds(3600)
    /// How long a connection whose only attempt failed is kept, so that people can see why.
    static let failedConnectionLifetime = Duration.seconds(86_400)
    /// Bytes of one parameter of an OAuth callback.
    package static let callbackParameterBytesMax = 4096
    /// Bytes of one token.
    package static let tokenBytesMax = 16 << 10
    /// Idempotency keys that are remembered with a sync which ran already when they came.
    static let joinedKeysMax = 20
    /// Past syncs kept with a connection.
    package static let syncHistoryMax = 20
    /// Dead letters of one page.
    package static let deadLetterPageMax = 200
    /// Events of all connections of a user together that may wait for their delivery; the oldest of the connection with the most go.
    static let waitingEventsPerUserMax = 2000
    /// Events of one connection whose delivery has ended and that are kept.
    static let webhookDeliveriesKept = 20
    /// The same of all connections of a user together.
    static let webhookDeliveriesPerUserMax = 1000
    /// Attempts kept with an event.
    static let webhookAttemptsKept = 10
    /// The pauses between the attempts of one event, unless they are configured: ten attempts in three days.
    package static let webhookPauses: [Duration] = [5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400].map {
        .seconds($0)
    }
    /// How long a connection that is deleted waits for its last events to be delivered.
    package static let webhookFarewellMax = Duration.seconds(5)
    /// Attempts of a read-modify-write of a user's document that others change at the same time.
    static let updateAttemptsMax = 64
    /// How long a session of the host is valid, unless its maker says otherwise.
    package static let sessionLifetime = Duration.seconds(86_400)
    /// How long after one walk over all users the next one begins, unless it is configured.
    package static let sweepPause = Duration.seconds(60)
    /// How long a sync sits through failures in a row that may pass, unless it is configured.
    package static let syncRetryTime = Duration.seconds(600)
    /// How long after a webhook of a provider nothing more must come before its changes are read, unless it is configured.
    package static let webhookQuietTime = Duration.seconds(2)
}
