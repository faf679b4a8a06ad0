// The bounds of the journal.

/// The bounds within which the journal works.
public enum JournalLimits {
    /// The bytes of documents that may wait in the journal for their files; writers wait when there are more: 256 MiB.
    public static let bytesMax = 256 << 20
    /// The space a journal segment reserves at a time: 4 MiB.
    static let reservedBytes = 4 << 20
    /// The size after which a batch takes no further entry: 4 MiB.
    static let batchBytesMax = 4 << 20
}
