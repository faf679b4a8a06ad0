// The bounds of syncs and dead letters, each with its unit in the name.

import ConnectionModel

/// The bounds of syncs.
package enum SyncLimits {
    /// How long a sync sits through failures in a row that may pass, unless it is configured.
    package static let retryTime = HostLimits.syncRetryTime
    /// How long a sync sits through refusals for too many requests without a page between them.
    package static let limitedTimeMax = Duration.seconds(3600)
    /// How long a sync may take in all.
    static let timeMax = Duration.seconds(86_400)
    /// Pages of one data type in one sync.
    static let pagesMax = 1_000_000
    /// Bytes of mapped records of one data type in one sync.
    package static let bytesMax = 64 << 30
    /// Bytes of one mapped record.
    static let recordBytesMax = 8 << 20
    /// Syncs that wait for a place at most before schedules start no further ones.
    static let scheduledWaitingMax = 256
    /// Syncs that run at the same time.
    package static let concurrentMax = 16
    /// Dead letters kept with a connection.
    static let deadLettersMax = 10_000
    /// Bytes of a record that are kept sealed in its dead letter, so that it can be replayed; a larger one cannot.
    static let deadLetterPayloadBytesMax = 32 << 10
    /// Bytes of one text of a dead letter: source id, field, rule, problem.
    static let deadLetterTextBytesMax = 512
}
