// The bounds of documents: their size, listings and the checkpoint that brings them into their files.

import StoreFiles

/// The bounds within which documents are kept.
public enum DocumentLimits {
    /// The largest document, without its envelope: 8 MiB.
    public static let documentBytesMax = 8 << 20
    /// The most keys one page of a listing holds.
    public static let listPageMax = 10_000
    /// The bytes an envelope adds to a document, at most.
    package static let envelopeBytesMax = 4096 + 2 * StoreLimits.idBytesMax + summaryBytesMax
    /// The largest summary of a document: 32 KiB.
    package static let summaryBytesMax = 32 << 10
    /// The bytes at the beginning of a file that are read for its summary; a longer one takes a second read.
    static let headBytes = 1024
    /// The deletions whose last revision is remembered one by one; older ones share one floor.
    static let rememberedDeletionsMax = 65_536
    /// The time a document may wait in the journal for its file.
    public static let checkpointDelay = Duration.seconds(30)
    /// The bytes in the journal after which documents are brought into their files at once: 64 MiB.
    static let checkpointBytesMin = 64 << 20
    /// The pause after a failure to bring documents into their files.
    static let checkpointRetryDelay = Duration.milliseconds(500)
    /// The documents that are brought into their files together, which is also how many are open meanwhile.
    static let placedTogetherMax = 128
    /// The time that closing may spend on bringing documents into their files; the others stay in the journal.
    public static let closingTimeMax = Duration.milliseconds(500)
}
