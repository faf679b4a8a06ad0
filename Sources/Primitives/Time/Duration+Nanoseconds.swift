// Durations as whole nanoseconds, for what counts in them.

extension Duration {
    /// The whole nanoseconds; for limits like those above, which fit easily.
    public var wholeNanoseconds: UInt64 {
        UInt64(components.seconds) * 1_000_000_000 + UInt64(components.attoseconds / 1_000_000_000)
    }
}
