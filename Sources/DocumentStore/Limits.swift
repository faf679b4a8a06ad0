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
