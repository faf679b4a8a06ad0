// The bounds of deliveries to applications, each with its unit in the name.

/// The bounds of notifications.
enum NotificationLimits {
    /// How long a whole delivery may take.
    static let timeout = Duration.seconds(15)
    /// Bytes of an endpoint's answer; it is read and thrown away.
    static let answerBytesMax = 256 << 10
    /// How long a signing secret that was replaced signs along.
    static let secretOverlap = Duration.seconds(86_400)
    /// Deliveries at the same time, each of another connection.
    static let concurrentMax = 32
    /// The same to one host and port.
    static let concurrentPerHostMax = 8
    /// The same of one user.
    static let concurrentPerUserMax = 8
    /// Connections that wait for a place to deliver; what finds no room is found again by the next walk over the users.
    static let waitingMax = 16_384
    /// The same to one host and port.
    static let waitingPerHostMax = 2048
    /// Timers for deliveries that are soon due, and connections whose outcomes could not be stored yet.
    static let scheduledMax = 16_384
    /// Events that a connection delivers before it writes down what came of them and lets others go first.
    static let batchMax = 16
    /// The time after which it does so with fewer.
    static let batchTimeMax = Duration.seconds(1)
    /// How long deliveries under way are waited for when the host stops.
    static let stopGrace = Duration.seconds(3)
}
