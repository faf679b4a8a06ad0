// Every bound of the control socket, in one place with its unit in the name.

/// The bounds of the control socket.
enum ControlLimits {
    /// Bytes of a request.
    static let requestBytesMax = 16 << 10
    /// Bytes of an answer.
    static let answerBytesMax = 64 << 20
    /// Users that one list has.
    static let listedUsersMax = 1000
    /// Lines of the audit log that one list has.
    static let auditLinesMax = 1000
    /// Users that one survey looks at.
    static let surveyedUsersMax = 10_000
    /// How long the other side may keep silent.
    static let silenceMax = Duration.seconds(10)
    /// How often the host shows that it still works on a command.
    static let signOfLifePause = Duration.seconds(2)
    /// Commands that are carried out at the same time.
    static let commandsMax = 8
    /// How long a host that stops waits for the commands under way.
    static let stopWaitMax = Duration.seconds(20)
    /// How often a command tries to open a data directory that is locked by a host that does not answer yet.
    static let attemptsMax = 25
    /// The pause between two such attempts.
    static let attemptPause = Duration.milliseconds(200)
}
