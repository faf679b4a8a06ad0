// The bounds of syncs and dead letters, each with its unit in the name.

/// The bounds of syncs.
package enum SyncLimits {
    /// How long a sync retries refusals for too many requests without a page in between.
    package static let limitedTimeMax = Duration.seconds(3600)
    /// How long a sync may take in all.
    static let timeMax = Duration.seconds(86_400)
    /// Pages of one data type in one sync.
    static let pagesMax = 1_000_000
    /// Bytes of mapped records of one data type in one sync.
    package static let bytesMax = 64 << 30
    /// Records on one page; a parsed page holds no longer array either.
    static let pageRecordsMax = 50_000
    /// Records on one page that are no objects, or nested too deep.
    ///
    /// Each is a dead letter. A page with more of them is no page of records.
    static let pageUnusableRecordsMax = 100
    /// The times that a walk over a list begins again: when records moved, a cursor was refused, or two walks differed.
    static let walkRestartsMax = 3
    /// Missing records that a full sync deletes without another's confirmation, unless they are at most a quarter of all.
    static let missingRecordsMax = 20
    /// Bytes of the remarks on a completed sync.
    static let noteBytesMax = 1000
    /// Bytes of one mapped record.
    static let recordBytesMax = 8 << 20
    /// The number of waiting syncs of a provider at which schedules start no further ones.
    static let scheduledWaitingMax = 256
    /// Syncs that run at the same time.
    package static let concurrentMax = 16
    /// Syncs of one provider that run at the same time.
    package static let concurrentPerProviderMax = 12
    /// Syncs of one provider that run even when other providers have all places.
    static let reservedPerProvider = 2
    /// How long further changes can delay a sync of changes.
    package static let changesQuietTimeMax = Duration.seconds(30)
    /// The longest pause after a long sync of changes.
    static let changesRestTimeMax = Duration.seconds(600)
    /// Syncs of changes that begin at the same time.
    static let changesStartingMax = 8
    /// Connections whose changes wait for their sync; the walk over the users finds the rest.
    package static let changesWaitingMax = 50_000
    /// Dead letters on one page.
    package static let deadLetterPageMax = 200
    /// Dead letters kept with a connection: the newest.
    ///
    /// A page writes no more of them either.
    static let deadLettersMax = 10_000
    /// The most bytes of a record that its dead letter keeps sealed for a replay.
    ///
    /// A larger record cannot be replayed.
    static let deadLetterPayloadBytesMax = 32 << 10
    /// Bytes of one text of a dead letter: source id, field, rule, problem.
    static let deadLetterTextBytesMax = 512
}
