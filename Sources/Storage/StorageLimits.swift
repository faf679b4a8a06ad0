// The bounds of a data directory as a whole.

enum StorageLimits {
    /// The bytes a copy of a file moves at a time: 1 MiB.
    static let copyBytes = 1 << 20
    /// The bytes read from the lock file to name its holder.
    static let lockNoteBytesMax = 512
    /// The bytes read from the mark of an installation.
    static let installationBytesMax = 512
}
