// The bounds of background work, each with its unit in the name or type.

/// The bounds of the work that no request waits for.
package enum BackgroundLimits {
    /// Users who are visited at the same time.
    static let visitsMax = 32
    /// The part of one core that the walk over all users takes.
    static let walkShare = 0.005
    /// The part of one core that the visits after a start take to users whose documents do not say what is due.
    static let firstWalkShare = 0.5
    /// The longest time from a start to the first walk over all users.
    static let firstWalkPause = Duration.seconds(600)
    /// The longest time until the loop looks at the clock.
    static let clockCheckPause = Duration.seconds(10)
    /// The pause after the users could not be listed.
    static let retryPause = Duration.seconds(5)
    /// Users whose ended syncs and deliveries are moved to the histories at the same time.
    static let historiesMovedTogetherMax = 2
    /// Users who may wait for that; the others stay due and are found again.
    static let historiesWaitingMax = 4096
    /// The pause before a move, in which more may end.
    static let historyPause = Duration.seconds(1)
}
