// Every bound of the host that is not a module's own, in one place with its unit in the name.

/// The bounds of the host.
enum HostLimits {
    /// Bytes of a user id.
    static let userIDBytesMax = 256
    /// Bytes of a provider or integration id.
    static let serviceBytesMax = 128
    /// Connections of one user, in any state.
    static let connectionsPerUserMax = 200
    /// Entries of a permissions list.
    static let permissionsMax = 64
    /// Bytes of one permission.
    static let permissionBytesMax = 128
    /// Bytes of a URL that a user gives.
    static let urlBytesMax = 2048
    /// Bytes of a caller's own OAuth state.
    static let callerStateBytesMax = 1024
    /// How long an authorization may take, from its URL to its callback.
    static let authorizationLifetime = Duration.seconds(600)
    /// Connections of one user that wait for their authorization and were never complete; the oldest makes room.
    static let pendingConnectionsMax = 10
    /// How long a request that somebody waits for is held back by a provider's limits, before it fails.
    static let interactiveWaitMax = Duration.seconds(20)
    /// How long a link token without an end is kept after it was used.
    static let usedLinkTokenLifetime = Duration.seconds(30 * 86_400)
    /// How long an expired link token is told to be expired, before it is one that does not exist.
    static let expiredLinkTokenLifetime = Duration.seconds(30 * 86_400)
    /// How long after one walk over all link tokens the next one begins.
    static let linkTokenSweepPause = Duration.seconds(3600)
    /// Authorizations of one connection that may be under way at the same time.
    static let authorizationsPerConnectionMax = 5
    /// How long a connection that was never completed is kept.
    static let pendingConnectionLifetime = Duration.seconds(3600)
    /// How long a connection whose only attempt failed is kept, so that people can see why.
    static let failedConnectionLifetime = Duration.seconds(86_400)
    /// Bytes of one parameter of an OAuth callback.
    static let callbackParameterBytesMax = 4096
    /// Bytes of a token response.
    static let tokenResponseBytesMax = 64 << 10
    /// Bytes of one token.
    static let tokenBytesMax = 16 << 10
    /// Bytes of one answer of a provider's API.
    static let providerResponseBytesMax = 32 << 20
    /// How long a whole request to a provider may take.
    static let providerRequestTimeout = Duration.seconds(60)
    /// How long a sync sits through failures in a row that may pass, unless it is configured.
    static let syncRetryTime = Duration.seconds(600)
    /// How long a sync sits through refusals for too many requests without a page between them.
    static let syncLimitedTimeMax = Duration.seconds(3600)
    /// How long a sync may take in all.
    static let syncTimeMax = Duration.seconds(86_400)
    /// Pages of one data type in one sync.
    static let syncPagesMax = 1_000_000
    /// Bytes of mapped records of one data type in one sync.
    static let syncBytesMax = 64 << 30
    /// Bytes of one mapped record.
    static let recordBytesMax = 8 << 20
    /// Idempotency keys that are remembered with a sync which ran already when they came.
    static let joinedKeysMax = 20
    /// Bytes of an idempotency key.
    static let idempotencyKeyBytesMax = 255
    /// Syncs that wait for a place at most before schedules start no further ones.
    static let scheduledSyncsWaitingMax = 256
    /// Past syncs kept with a connection.
    static let syncHistoryMax = 20
    /// Dead letters kept with a connection.
    static let deadLettersMax = 10_000
    /// Bytes of a record that are kept sealed in its dead letter, so that it can be replayed; a larger one cannot.
    static let deadLetterPayloadBytesMax = 32 << 10
    /// Bytes of one text of a dead letter: source id, field, rule, problem.
    static let deadLetterTextBytesMax = 512
    /// Dead letters of one page, unless the caller asks for fewer or more.
    static let deadLetterPageDefault = 50
    /// Dead letters of one page.
    static let deadLetterPageMax = 200
    /// Dead letters that one replay can name.
    static let deadLetterIDsMax = 1000
    /// Syncs that run at the same time.
    static let concurrentSyncsMax = 16
    /// Records of one page of the record stream, unless the caller asks for fewer or more.
    static let recordPageDefault = 100
    /// Records of one page of the record stream.
    static let recordPageMax = 1000
    /// Events of all connections of a user together that may wait for their delivery; the oldest of the connection with the most go.
    static let waitingEventsPerUserMax = 2000
    /// Events of one connection whose delivery has ended and that are kept.
    static let webhookDeliveriesKept = 20
    /// The same of all connections of a user together.
    static let webhookDeliveriesPerUserMax = 1000
    /// Attempts kept with an event.
    static let webhookAttemptsKept = 10
    /// Deliveries on one page, unless the caller asks for fewer or more.
    static let webhookDeliveryPageDefault = 50
    /// Deliveries on one page.
    static let webhookDeliveryPageMax = 100
    /// The pauses between the attempts of one event, unless they are configured: ten attempts in three days.
    static let webhookPauses: [Duration] = [5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400].map {
        .seconds($0)
    }
    /// Pauses that can be configured.
    static let webhookPausesMax = 20
    /// How long a whole delivery may take.
    static let webhookTimeout = Duration.seconds(15)
    /// Bytes of an endpoint's answer; it is read and thrown away.
    static let webhookAnswerBytesMax = 256 << 10
    /// How long a signing secret that was replaced signs along.
    static let webhookSecretOverlap = Duration.seconds(86_400)
    /// Deliveries at the same time, each of another connection.
    static let concurrentWebhooksMax = 32
    /// The same to one host and port.
    static let concurrentWebhooksPerHostMax = 8
    /// The same of one user.
    static let concurrentWebhooksPerUserMax = 8
    /// Connections that wait for a place to deliver; what finds no room is found again by the next walk over the users.
    static let webhooksWaitingMax = 16_384
    /// The same to one host and port.
    static let webhooksWaitingPerHostMax = 2048
    /// Timers for deliveries that are soon due, and connections whose outcomes could not be stored yet.
    static let webhookTimersMax = 16_384
    /// Events that a connection delivers before it writes down what came of them and lets others go first.
    static let webhookBatchMax = 16
    /// The time after which it does so with fewer.
    static let webhookBatchTimeMax = Duration.seconds(1)
    /// How long deliveries under way are waited for when the host stops.
    static let webhookStopGrace = Duration.seconds(3)
    /// How long a connection that is deleted waits for its last events to be delivered.
    static let webhookFarewellMax = Duration.seconds(5)
    /// Attempts of a read-modify-write of a user's document that others change at the same time.
    static let updateAttemptsMax = 64
    /// How long after one walk over all users the next one begins, unless it is configured.
    static let sweepPause = Duration.seconds(60)
    /// Bytes of the configuration file.
    static let configurationBytesMax = 1 << 20
}
