// The bounds of the journal.

/// The bounds within which the journal works.
public enum JournalLimits {
    /// The bytes of documents that may wait in the journal for their files; writers wait when there are more: 256 MiB.
    public static let bytesMax = 256 << 20
    /// The size of the first segment of a process: 1 MiB.
    static let firstSegmentBytes = 1 << 20
    /// The size of later segments, which are made ahead: 8 MiB.
    static let segmentBytes = 8 << 20
    /// The space a segment that is full reserves at a time for a batch that does not fit: 4 MiB.
    static let reservedBytes = 4 << 20
    /// The space at the end of a segment at which the next one is taken: 64 KiB.
    static let segmentMarginBytes = 64 << 10
    /// The size after which a batch takes no further entry: 4 MiB.
    static let batchBytesMax = 4 << 20
}
