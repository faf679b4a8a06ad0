// The limits of deliveries to applications, each with its unit in the name.

/// The limits of notifications.
enum NotificationLimits {
    /// Bytes of an endpoint's URL.
    static let urlBytesMax = 2048
    /// How long a whole delivery may take.
    static let timeout = Duration.seconds(15)
    /// Bytes of an endpoint's answer, which is read and discarded.
    static let answerBytesMax = 256 << 10
    /// How long a replaced signing secret still signs.
    static let secretOverlap = Duration.seconds(86_400)
    /// Deliveries at the same time, each of another connection.
    static let concurrentMax = 128
    /// Deliveries to one host and port at the same time.
    static let concurrentPerHostMax = 8
    /// Deliveries of one user at the same time.
    static let concurrentPerUserMax = 8
    /// Connections that wait for a place to deliver; the others are found when their users are due again.
    static let waitingMax = 16_384
    /// Connections that wait to deliver to one host and port.
    static let waitingPerHostMax = 2048
    /// Timers for deliveries that are soon due, and connections whose outcomes could not be stored yet.
    static let scheduledMax = 16_384
    /// How far ahead a delivery gets its own timer.
    static let horizon = Duration.seconds(60)
    /// Events that a connection delivers before it stores their outcomes and lets other connections deliver.
    static let batchMax = 16
    /// The time after which a connection does so with fewer events.
    static let batchTimeMax = Duration.seconds(1)
    /// How long the host waits for running deliveries when it stops.
    static let stopGrace = Duration.seconds(3)
}
