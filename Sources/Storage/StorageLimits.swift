// The bounds of a data directory as a whole.

enum StorageLimits {
    /// The bytes a copy of a file moves at a time: 1 MiB.
    static let copyBytes = 1 << 20
    /// The bytes read from the lock file to name its holder.
    static let lockNoteBytesMax = 512
    /// The bytes read from the mark of an installation.
    static let installationBytesMax = 512
    /// The bytes of a damaged file that are searched for what it holds: 64 MiB.
    static let setAsideBytesMax = 64 << 20
    /// The bytes that a probe of the disk writes: 64 KiB.
    static let probeBytes = 64 << 10
    /// The free bytes below which the disk is probed although nothing failed: 4 MiB.
    static let probedFreeBytesMax = 4 << 20
}
