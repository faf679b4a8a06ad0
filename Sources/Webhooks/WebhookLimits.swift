// Every limit of incoming webhooks in one place, with its unit in the name.

/// The limits of incoming webhooks.
///
/// The server limits the bytes of a body.
package enum WebhookLimits {
    /// Secrets of one provider that are valid at the same time.
    static let secretsMax = 8
    /// Signatures that are checked in one delivery.
    static let signaturesMax = 16
    /// Digits of a timestamp.
    static let timestampDigitsMax = 12
    /// Deliveries that wait for the disk at the same time.
    static let waitingDeliveriesMax = 1024
    /// Events of one delivery.
    static let eventsPerDeliveryMax = 4096
    /// Events that are accepted and not processed yet.
    static let pendingEventsMax = 20_000
    /// Bytes of pending events.
    static let pendingBytesMax = 32 << 20
    /// Event ids that are remembered, so that a repeat does nothing; beyond it the oldest are deleted.
    static let rememberedEventsMax = 200_000
    /// How long an event id is remembered: providers repeat for three days what they think was lost.
    static let rememberedTime = Duration.seconds(4 * 86_400)
    /// Ids in one document of the inbox.
    static let segmentEventsMax = 256
    /// Bytes of pending events in one document of the inbox, after which the next one is begun.
    static let segmentBytesMax = 256 << 10
    /// How long new events go into the same document of the inbox.
    static let segmentTimeMax = Duration.seconds(6 * 3600)
    /// How long a delivery waits for the inbox to load at the start of the host.
    static let openingTimeMax = Duration.seconds(10)
    /// Accounts whose changes are processed at the same time.
    static let lanesMax = 16
    /// Accounts whose ended grants are processed at the same time; these may call the provider.
    static let endingLanesMax = 4
    /// Attempts to process an event before it is dropped.
    package static let attemptsMax = 12
    /// The longest pause between two attempts.
    static let retryPauseMax = Duration.seconds(300)
    /// How long a deletion waits for a running sync before it checks again.
    static let busyPause = Duration.seconds(2)
    /// The largest accepted difference between the clocks of a provider and this host.
    static let clockSkewMax = Duration.seconds(300)
    /// How long the log leaves out repeats of the same problem of the same provider.
    static let logPause = Duration.seconds(60)
}
