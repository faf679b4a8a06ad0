// The bounds of record streams: batches, pages, segments, compaction and what stays open.

/// The bounds within which record streams are kept.
public enum RecordLimits {
    /// The most records in one batch.
    public static let batchRecordsMax = 10_000
    /// The most bytes of ids, sources and payloads in one batch: 16 MiB.
    public static let batchBytesMax = 16 << 20
    /// The longest data type name, in bytes.
    public static let dataTypeBytesMax = 128
    /// The most data types in one stream.
    public static let dataTypesMax = 256
    /// The longest checkpoint, in bytes: 64 KiB.
    public static let checkpointBytesMax = 64 << 10
    /// The most changes on one page of a read.
    public static let changePageMax = 1000
    /// The changes that one page looks at when it passes over those of another time.
    static let changesLookedAtMax = 20_000
    /// The most records on one page of those that are there now.
    public static let recordPageMax = 10_000
    /// The payload bytes after which a page of a read ends early: 4 MiB.
    public static let changePageBytesMax = 4 << 20
    /// The size after which a stream goes on in a new segment: 32 MiB.
    static let segmentBytesMax = 32 << 20
    /// The bytes of neighbouring frames that share one entry of the index in memory: 64 KiB.
    static let runBytesMax = 64 << 10
    /// The largest manifest of a stream: 1 MiB.
    static let manifestBytesMax = 1 << 20
    /// The deletions that the end of a generation writes in one frame.
    static let deletionsPerFrameMax = 1024
    /// The changes by which a stream must exceed twice its records before it is compacted by itself.
    static let compactionRowsMin = 20_000
    /// The bytes on disk by which a stream must exceed twice its changes before it is compacted by itself: 4 MiB.
    static let compactionBytesMin = 4 << 20
    /// The bytes that one step of a compaction reads: 2 MiB.
    static let compactionStepBytes = 2 << 20
    /// The times a compaction catches up with writers before it makes them wait.
    static let compactionRoundsMax = 8
    /// The bytes a second that compactions in the background read, all together: 64 MiB.
    static let compactionBytesPerSecondMax = 64 << 20
    /// The segments one compaction can make.
    static let compactionSegmentsMax: UInt64 = 1 << 20
    /// The times a read looks its places up while compactions take them away.
    static let readAttemptsMax = 5
    /// The bytes of each buffer that an open stream keeps for its next frame: 256 KiB.
    static let frameBufferBytesKept = 256 << 10
    /// The streams kept open.
    static let openStreamsMax = 128
    /// The time after its last use for which a stream's index, 32 bytes a record, stays in memory.
    static let indexIdleTime = Duration.seconds(30)
    /// The time between two looks at what could be given back.
    static let trimInterval = Duration.seconds(5)
}
