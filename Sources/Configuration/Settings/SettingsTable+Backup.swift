// The part of the table of settings about the backups that a host makes by itself, and its part of the configuration.

/// The backups that a host makes by itself.
package struct BackupConfiguration: Sendable, Equatable {
    /// The folder they go to; nil for none.
    package var directory: String?
    /// Hours from one to the next.
    package var everyHours = 24
    /// The newest ones that are kept.
    package var keep = 7
    /// The file of the public key that they are sealed to; nil for plain ones.
    package var recipient: String?

    package init() {}
}

extension SettingsTable {
    static let backup = [
        Setting(
            "backup", "directory", kind: .path(.init(\.backup.directory)),
            "the folder that backups go to, each as one file; it must exist, better on another disk"
        ) { $0.defaultText = "none are made" },
        Setting(
            "backup", "everyHours", kind: .integer(1...8760, .init(\.backup.everyHours)),
            "hours from the beginning of one backup to that of the next"),
        Setting(
            "backup", "keep", kind: .integer(1...10_000, .init(\.backup.keep)),
            "the newest backups that are kept; older ones are removed"),
        Setting(
            "backup", "recipient", kind: .path(.init(\.backup.recipient)),
            "a PEM file with the RSA or X25519 public key that backups are sealed to; only the private key opens them"
        ) { $0.defaultText = "backups are not sealed" },
    ]
}
