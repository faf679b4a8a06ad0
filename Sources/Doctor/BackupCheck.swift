// Looks at the backups that the host makes by itself.

package import Configuration
package import Storage

/// The check of the backups.
package enum BackupCheck {
    /// Judges the age of the newest backup.
    ///
    /// - Parameters:
    ///   - newest: when it was begun, in seconds since 1970; nil without one.
    ///   - now: the time of day.
    package static func finding(newest: Int64?, plan: BackupPlan, folder: String, now: Int64) -> Finding {
        let remedy = "See the log for “A backup could not be made.”; “backup” makes one at once."
        guard let newest else {
            return .warning(
                "backups", "\(folder) holds no backup", means: "What is stored is lost with the disk.",
                do: "Start the host, which makes the first one at once. " + remedy)
        }
        let hours = (now - newest) / 3600
        guard now - newest <= 2 * plan.everySeconds else {
            return .problem(
                "backups",
                "The newest backup in \(folder) is \(hours) hours old; one is due every \(plan.everySeconds / 3600)",
                means: "A restore brings back what was stored then.", do: remedy)
        }
        return .good("backups", "The newest backup in \(folder) is \(hours) hours old")
    }

    /// Looks at the configured folder; without one there is nothing to find.
    package static func findings(_ configuration: Configuration, now: Int64) -> [Finding] {
        guard let directory = configuration.backup.directory else {
            return [.good("backups", "The host makes no backups by itself; “backup.directory” lets it")]
        }
        let plan = BackupPlan(
            everySeconds: Int64(configuration.backup.everyHours) * 3600, keep: configuration.backup.keep)
        // A folder that cannot be read is a mistake of the configuration, which is found elsewhere.
        guard let newest = try? BackupFolder(path: directory).newest() else {
            return [finding(newest: nil, plan: plan, folder: directory, now: now)]
        }
        return [finding(newest: newest, plan: plan, folder: directory, now: now)]
    }
}
