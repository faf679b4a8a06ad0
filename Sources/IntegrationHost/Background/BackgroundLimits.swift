// The bounds of background work, each with its unit in the name.

/// The bounds of background work.
enum BackgroundLimits {
    /// How long after one walk over all users the next one begins, unless it is configured.
    static let walkPause = Duration.seconds(60)
}
