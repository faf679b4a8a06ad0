// What the metrics show of the backups that a host makes by itself.

/// The backups that a host makes by itself.
package struct BackupFigures: Sendable, Equatable {
    /// Seconds since the newest was begun; nil before the first.
    let ageSeconds: Int64?
    /// Seconds from one to the next.
    let everySeconds: Int64
    /// The attempts that failed since the start.
    let failures: Int
    /// How long the last one of this process took; nil before it.
    let lastSeconds: Double?
    /// The bytes of the last one of this process.
    let lastBytes: Int

    package init(ageSeconds: Int64?, everySeconds: Int64, failures: Int, lastSeconds: Double?, lastBytes: Int) {
        self.ageSeconds = ageSeconds
        self.everySeconds = everySeconds
        self.failures = failures
        self.lastSeconds = lastSeconds
        self.lastBytes = lastBytes
    }

    /// Writes the metrics; without scheduled backups only what they mean.
    static func write(_ figures: BackupFigures?, to page: inout String) {
        let rows: [(name: String, type: String, help: String, value: String?)] = [
            (
                "age_seconds", "gauge", "Time since the newest scheduled backup was begun; +Inf before the first.",
                figures.map { $0.ageSeconds.map { "\($0)" } ?? "+Inf" }
            ),
            (
                "interval_seconds", "gauge", "Time from one scheduled backup to the next.",
                figures.map { "\($0.everySeconds)" }
            ),
            (
                "failures_total", "counter", "Scheduled backups that could not be made.",
                figures.map { "\($0.failures)" }
            ),
            (
                "last_duration_seconds", "gauge", "How long the last scheduled backup took.",
                figures?.lastSeconds.map { "\($0)" }
            ),
            (
                "last_bytes", "gauge", "Bytes of the last scheduled backup.",
                figures?.lastSeconds == nil ? nil : figures.map { "\($0.lastBytes)" }
            ),
        ]
        for row in rows {
            let name = "integration_host_backup_\(row.name)"
            page += "# HELP \(name) \(row.help)\n# TYPE \(name) \(row.type)\n"
            if let value = row.value { page += "\(name) \(value)\n" }
        }
    }
}
