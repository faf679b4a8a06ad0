// Every bound of incoming webhooks in one place, with its unit in the name.

import ConnectionModel

/// The bounds of incoming webhooks.
///
/// The bytes of a body are the server's to bound.
package enum IncomingLimits {
    /// Secrets of one provider that are valid at the same time.
    static let secretsMax = 8
    /// Signatures in one delivery that are looked at.
    static let signaturesMax = 16
    /// Digits of a timestamp.
    static let timestampDigitsMax = 12
    /// Deliveries that wait for the disk at the same time.
    static let waitingDeliveriesMax = 1024
    /// Events of one delivery.
    static let eventsPerDeliveryMax = 4096
    /// Events that were taken in and not carried out yet.
    static let pendingEventsMax = 20_000
    /// Bytes of these events.
    static let pendingBytesMax = 32 << 20
    /// Ids of events that are remembered, so that a repeat does nothing; the oldest are forgotten beyond it.
    static let rememberedEventsMax = 200_000
    /// How long the id of an event is remembered: providers repeat what they think was lost for three days.
    static let rememberedTime = Duration.seconds(4 * 86_400)
    /// Ids in one document of the inbox.
    static let segmentEventsMax = 256
    /// Bytes of events that wait in one document of the inbox, after which the next one is begun.
    static let segmentBytesMax = 256 << 10
    /// How long one document of the inbox is written to.
    static let segmentTimeMax = Duration.seconds(6 * 3600)
    /// How long a delivery waits for the inbox to be read at the start of the host.
    static let openingTimeMax = Duration.seconds(10)
    /// Accounts whose changes are carried out at the same time.
    static let lanesMax = 16
    /// Accounts whose ends are carried out at the same time; they may have to ask the provider.
    static let endingLanesMax = 4
    /// Tries to carry out an event before it is given up.
    package static let attemptsMax = 12
    /// The longest pause between two of them.
    static let retryPauseMax = Duration.seconds(300)
    /// How long a deletion waits for a running sync before it looks again.
    static let busyPause = Duration.seconds(2)
    /// How long nothing more must have changed before a sync begins.
    package static let quietTime = HostLimits.webhookQuietTime
    /// How long changes that keep coming hold a sync back.
    package static let quietTimeMax = Duration.seconds(30)
    /// The longest pause after a sync of changes that took long.
    static let restTimeMax = Duration.seconds(600)
    /// Syncs of changes that are begun at the same time.
    static let startingSyncsMax = 8
    /// Connections whose changes wait for their sync; the walk over the users finds those beyond it.
    package static let waitingConnectionsMax = 50_000
    /// How far the clocks of a provider and of this host may be apart.
    static let clockSkewMax = Duration.seconds(300)
    /// How long the same problem of the same provider is told only once in the log.
    static let logPause = Duration.seconds(60)
}
