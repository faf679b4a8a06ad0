// The bounds of actions, each with its unit in the name.

/// The bounds of actions.
package enum ActionLimits {
    /// Bytes of an Idempotency-Key.
    package static let keyBytesMax = 255
    /// How long a run and its key are kept.
    package static let keptTime = Duration.seconds(30 * 86_400)
    /// Runs of one connection that have not ended.
    package static let openRunsMax = 100
    /// Ended runs of one connection that a list shows: the newest.
    package static let listedRunsMax = 200
    /// Bytes of the inputs of a run.
    package static let inputBytesMax = 64 << 10
    /// Times that a run is sent while the provider asks to wait.
    static let limitedAttemptsMax = 3
    /// The first pause before a lost answer is asked for; each further one is twice as long.
    static let settlePauseMin = Duration.seconds(1)
    /// The longest pause between two attempts to settle a run.
    static let settlePauseMax = Duration.seconds(60)
    /// Times that a run is looked up where the provider does not know it again.
    static let lookUpsMax = 4
    /// The part of a provider's window that is left unused, so that no clock or wait reaches behind its end.
    static let windowMargin = Duration.seconds(30)
    /// Runs that are settled at the same time.
    static let settlingMax = 16
}
