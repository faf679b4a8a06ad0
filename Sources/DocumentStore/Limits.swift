// Every size, count and time that bounds the store, in one place. Nothing else in the module invents a limit.

/// The bounds within which the store works; each has its unit in its name.
public enum StoreLimits {
    /// The largest document, without its envelope: 8 MiB.
    public static let documentBytesMax = 8 << 20
    /// The longest document id, in bytes.
    public static let idBytesMax = 1024
    /// The longest collection name, in bytes: short enough for Swift to keep it inline in a `String`.
    public static let collectionBytesMax = 15
    /// The longest id that is used as a file name as it is.
    public static let plainNameBytesMax = 64
    /// The number of folders that the documents of one collection are spread over.
    public static let shardCount = 4096
    /// The most keys one page of a listing holds.
    public static let listPageMax = 10_000
    /// The most operations that may wait for an I/O thread before new ones are refused with ``StoreError/busy``.
    public static let waitingOperationsMax = 65_536

    /// The bytes an envelope adds to a document, at the most.
    static let envelopeBytesMax = 4096 + 2 * idBytesMax
    /// The deletions whose last revision is remembered one by one; older ones share one floor.
    static let rememberedDeletionsMax = 65_536
    /// The random names tried for a temporary file before giving up.
    static let temporaryNameAttemptsMax = 16
    /// The bytes read from the lock file to name its holder.
    static let lockNoteBytesMax = 512
}

extension StoreLimits {
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
    /// The bytes one read asks the kernel for at least: 64 KiB.
    static let readWindowBytes = 64 << 10
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
    /// The bytes a copy of a file moves at a time: 1 MiB.
    static let copyBytes = 1 << 20
    /// The streams kept open.
    static let openStreamsMax = 128
    /// The time after its last use for which a stream's index, 32 bytes a record, stays in memory.
    static let indexIdleTime = Duration.seconds(30)
    /// The time between two looks at what could be given back.
    static let trimInterval = Duration.seconds(5)
}

extension StoreLimits {
    /// The bytes of documents that may wait in the journal for their files; writers wait when there are more: 256 MiB.
    public static let journalBytesMax = 256 << 20

    /// The size after which the journal goes on in a new segment: 32 MiB.
    static let journalSegmentBytesMax = 32 << 20
    /// The space a journal segment reserves at a time: 4 MiB.
    static let journalReservedBytes = 4 << 20
    /// The size after which a batch takes no further entry: 4 MiB.
    static let journalBatchBytesMax = 4 << 20
    /// The bytes in the journal after which documents are brought into their files at once: 32 MiB.
    static let checkpointBytesMin = 32 << 20
    /// The pause after a failure to bring documents into their files.
    static let checkpointRetryDelay = Duration.milliseconds(500)
    /// The documents up to which each file is synced on its own instead of the whole file system.
    static let individuallySyncedDocumentsMax = 64
}
