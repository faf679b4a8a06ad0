// The bounds of the audit log, each with its unit in the name.

/// The bounds of the audit log.
package enum AuditLimits {
    /// The bytes of a file after which the next line begins another: 4 MiB.
    package static let fileBytesMax = 4 << 20
    /// The most files; the oldest goes when another begins, and a line of the log says so.
    package static let filesMax = 256
    /// The bytes of one line with its end.
    package static let lineBytesMax = 4096
    /// The most lines that one write takes.
    package static let batchLinesMax = 256
    /// The most lines that may wait to be written; further ones are refused, and with them what they report.
    package static let waitingLinesMax = 4096
    /// The lines that one page of the log has looked at when it ends, whether they fit a filter or not.
    package static let scannedLinesMax = 20_000
    /// The breaks of a chain that one check describes; further ones are counted.
    package static let describedBreaksMax = 20
    /// The bytes that a file is read with at most: a full file and one more batch.
    static let readBytesMax = fileBytesMax + batchLinesMax * lineBytesMax
}
