// The limits of lists of users and of their erasure, each with its unit in the name.

/// The limits of lists of users and of their erasure.
package enum UserListLimits {
    /// The maximum number of users whose documents one page of connections reads.
    package static let usersReadMax = 500
    /// The number of users whose summaries one page of connections reads; the page ends with the folder in which it is reached.
    package static let summariesReadMax = 10_000
    /// The maximum number of connections of an erased user that are ended at the same time.
    package static let endingsMax = 16
    /// The maximum number of times that an erasure starts again because the user connected something meanwhile.
    package static let attemptsMax = 8
    /// The pause between two looks for erasures that a stop or a failure interrupted.
    package static let resumePause = Duration.seconds(60)
}
