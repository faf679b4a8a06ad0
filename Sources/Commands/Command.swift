// A command of the program: its name, flags and help; and a table of the commands that run no host. Each command's work
// is in another file.

import Configuration

/// A command of the program.
package struct Command: Sendable {
    let name: String
    let usage: String
    let summary: String
    /// The flags that only this command has.
    let ownFlags: [String: Arguments.Flag]
    /// The flags that set settings, besides `--data`.
    let settings: [String]
    /// The largest number of operands.
    let operandsMax: Int
    let run: @Sendable (Arguments) throws -> Void

    /// - Parameters:
    ///   - usage: the options and operands, for the help.
    ///   - ownFlags: the flags that only this command has.
    ///   - settings: the flags that set settings, besides `--data`.
    ///   - run: does the work; what it throws ends the program with a message.
    package init(
        name: String, usage: String, summary: String, ownFlags: [String: Arguments.Flag] = [:],
        settings: [String] = [], operandsMax: Int = 0, run: @escaping @Sendable (Arguments) throws -> Void
    ) {
        self.name = name
        self.usage = usage
        self.summary = summary
        self.ownFlags = ownFlags
        self.settings = settings
        self.operandsMax = operandsMax
        self.run = run
    }

    /// All the flags that it takes.
    var flags: [String: Arguments.Flag] {
        var flags = ownFlags
        flags.merge(["--config": .value, "--help": .toggle, "--version": .toggle]) { own, _ in own }
        for setting in SettingsTable.all {
            guard let flag = setting.flag, settings.contains(flag.name) || flag.name == "--data" else { continue }
            flags[flag.name] = setting.isList ? .values : .value
        }
        return flags
    }

    /// The commands that run no host, in the order of the help.
    package static let withoutHost: [Command] = [
        Command(
            name: "sandbox", usage: "[--listen ADDRESS:PORT]", summary: "Run the stand-in providers alone.",
            ownFlags: ["--listen": .value], run: SandboxCommand.run),
        Command(
            name: "providers", usage: "[--json]", summary: "List the providers and the plugins that were refused.",
            ownFlags: ["--json": .toggle], settings: ["--plugins"], run: ProvidersCommand.run),
        Command(
            name: "token", usage: "--user ID [--role superuser]… [--kind session|bot|service] [--ttl SECONDS]",
            summary: "Print a session token.",
            ownFlags: ["--user": .value, "--role": .values, "--kind": .value, "--ttl": .value], run: TokenCommand.run),
        Command(
            name: "dead-letters", usage: "--user ID [--connection ID] [--plugins DIR]… [replay]",
            summary: "List the records that could not be mapped, or replay them.",
            ownFlags: ["--user": .value, "--connection": .value], settings: ["--plugins"], operandsMax: 1,
            run: DeadLetterCommand.run),
        Command(
            name: "api-key", usage: "create --user ID | list | revoke ID",
            summary: "Create, list or revoke API keys; create prints the key alone.", ownFlags: ["--user": .value],
            operandsMax: 2, run: APIKeyCommand.run),
        Command(
            name: "app-key",
            usage: "create NAME [--scope SCOPE]… [--expires DAYS] | list [--json] | rotate ID [--overlap HOURS] | "
                + "revoke ID",
            summary: "Create, list, rotate or revoke application keys; create and rotate print the key alone.",
            ownFlags: ["--scope": .values, "--expires": .value, "--overlap": .value, "--json": .toggle],
            operandsMax: 2, run: ApplicationKeyCommand.run),
        Command(
            name: "users", usage: "list [--cursor CURSOR] [--json] | show ID [--json] | erase ID",
            summary: "List users, show one, or erase everything that is stored of one.",
            ownFlags: ["--cursor": .value, "--json": .toggle], settings: ["--plugins"], operandsMax: 2,
            run: UsersCommand.run),
        Command(
            name: "audit", usage: "list [--user ID] [--cursor SEQUENCE] [--json]",
            summary: "List who did what: the newest lines, or those behind a sequence.",
            ownFlags: ["--user": .value, "--cursor": .value, "--json": .toggle], operandsMax: 1,
            run: AuditCommand.run),
        Command(
            name: "connections", usage: "--user ID [--json]", summary: "Explain the state of a user's connections.",
            ownFlags: ["--user": .value, "--json": .toggle], settings: ["--plugins"], run: ConnectionsCommand.run),
        Command(
            name: "keys", usage: "list | rotate | prune",
            summary: "List the keys, make a new primary key, or remove retired keys that nothing needs.",
            operandsMax: 1, run: KeysCommand.run),
        Command(
            name: "check", usage: "[--repair]", summary: "Verify every file of the data directory.",
            ownFlags: ["--repair": .toggle], run: CheckCommand.run),
        Command(
            name: "backup", usage: "DIRECTORY", summary: "Copy the data directory.", operandsMax: 1,
            run: BackupCommand.run),
        Command(
            name: "restore", usage: "DIRECTORY", summary: "Make a data directory from a backup.", operandsMax: 1,
            run: RestoreCommand.run),
        Command(
            name: "resume", usage: "",
            summary: "Resume the background work of a data directory that was copied or restored.",
            run: ResumeCommand.run),
        Command(
            name: "data", usage: "export DIRECTORY --format VERSION",
            summary: "Copy the data directory of a stopped host in the format of an earlier version.",
            ownFlags: ["--format": .value], operandsMax: 2, run: DataCommand.run),
        Command(
            name: "plugin", usage: "new NAME | verify NAME|FILE [--plugins DIR]…",
            summary: "Write a new plugin in Plugins/NAME, or load one plugin alone and check it.",
            settings: ["--plugins"], operandsMax: 2, run: PluginCommand.run),
    ]

    var help: String {
        """
        Usage: integration-host \(name) \(usage)

        \(summary)

        \(SettingsDocumentation.help(settings + ["--data"]))
        """
    }
}
