// The thresholds and limits of the doctor, each with its unit in the name.

/// The thresholds and limits of the doctor.
package enum DoctorLimits {
    /// Free bytes of the data directory's disk below which it is a problem.
    package static let freeBytesMin = 64 << 20
    /// Free bytes below which it is a warning.
    package static let freeBytesWarned = 1 << 30
    /// Free inodes below which it is a problem.
    package static let freeInodesMin = 1000
    /// Durable writes that are timed.
    package static let timedWrites = 5
    /// The median time of a durable write above which the disk is slow.
    package static let writeTimeWarned = Duration.milliseconds(50)
    /// The median time of a durable write above which the disk is too slow.
    package static let writeTimeMax = Duration.milliseconds(500)
    /// The difference between this clock and another one above which tokens and signatures fail.
    package static let clockSkewMax = Duration.seconds(60)
    /// The time for one question over the network.
    package static let questionTimeMax = Duration.seconds(5)
    /// Bytes of an answer that are read.
    package static let answerBytesMax = 1 << 16
    /// Providers that are asked at the same time.
    package static let questionsMax = 8
}
