// The bounds of names, files and waiting work that all parts of the store share.

/// The bounds within which every part of the store works; each has its unit in its name.
public enum StoreLimits {
    /// The longest document id, in bytes.
    public static let idBytesMax = 1024
    /// The longest collection name, in bytes: short enough for Swift to keep it inline in a `String`.
    public static let collectionBytesMax = 15
    /// The longest id that is used as a file name as it is.
    public static let plainNameBytesMax = 64
    /// The number of folders that the documents of one collection are spread over.
    public static let shardCount = 4096
    /// The most operations that may wait for an I/O thread before new ones are refused with ``StoreError/busy``.
    public static let waitingOperationsMax = 65_536
    /// The random names tried for a temporary file before giving up.
    package static let temporaryNameAttemptsMax = 16
    /// The bytes one read asks the kernel for at least: 64 KiB.
    package static let readWindowBytes = 64 << 10
}
