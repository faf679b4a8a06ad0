// The bounds of live events, each with its unit in the name.

/// The bounds of live events.
package enum EventLimits {
    /// The newest events that are kept for readers who come back.
    package static let keptEventsMax = 10_000
    /// The bytes of the kept events: 8 MiB.
    package static let keptBytesMax = 8 << 20
    /// The readers of live events at the same time.
    package static let readersMax = 1000
    /// The readers of one user or application at the same time.
    package static let readersPerCallerMax = 16
    /// The events of one write to a reader.
    package static let batchEventsMax = 100
    /// How long a reader hears nothing before a comment shows that the connection lives.
    package static let heartbeatPause = Duration.seconds(15)
    /// How long one answer lasts; then the reader comes back with its credentials.
    package static let answerTimeMax = Duration.seconds(900)
    /// The pause between two looks at readers and running syncs.
    package static let tickPause = Duration.seconds(1)
    /// How long a reader is asked to wait before it comes back.
    package static let retryPause = Duration.seconds(2)
}
