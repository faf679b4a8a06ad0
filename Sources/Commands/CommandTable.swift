// The table of the commands that run no host. Each command's work is in another file.

extension Command {
    /// The commands that run no host, in the order of the help.
    package static let withoutHost: [Command] = people + providers + keys + care

    private static let people = [
        Command(
            name: "users", usages: ["list [--cursor CURSOR] [--json]", "show ID [--json]", "erase ID"],
            summary: "List users, show one, or erase everything that is stored of one.",
            actions: ["list", "show", "erase"],
            ownFlags: [.value("--cursor", "CURSOR", "where the page begins, as the page before names it"), .json],
            settings: ["--plugins"], operandsMax: 2, examples: ["users list", "users show u_42 --json"],
            run: UsersCommand.run),
        Command(
            name: "audit", usages: ["list [--user ID] [--cursor SEQUENCE] [--json]"],
            summary: "List who did what: the newest lines, or those behind a sequence.", actions: ["list"],
            ownFlags: [
                .value("--user", "ID", "the lines about one user [all]"),
                .value("--cursor", "SEQUENCE", "the sequence behind which to begin [the newest lines]"), .json,
            ], operandsMax: 1, examples: ["audit list", "audit list --user u_42 --json"], run: AuditCommand.run),
        Command(
            name: "connections", usages: ["--user ID [--json]", "--all [--class CLASS] [--cursor CURSOR] [--json]"],
            summary: "Explain the state of a user's connections, or list those of all users.",
            ownFlags: [
                .value("--user", "ID", "the id of the user"), .toggle("--all", "the connections of all users"),
                .value("--class", "CLASS", "with --all: those of one class, such as refused [all]"),
                .value("--cursor", "CURSOR", "with --all: where the page begins, as the page before names it"), .json,
            ], settings: ["--plugins"],
            examples: ["connections --user u_42", "connections --all --class refused"], run: ConnectionsCommand.run),
        Command(
            name: "dead-letters", usages: ["--user ID [--connection ID] [replay]"],
            summary: "List the records that could not be mapped, or replay them.", actions: ["replay"],
            ownFlags: [
                .value("--user", "ID", "the id of the user"),
                .value("--connection", "ID", "the id of one connection [all of the user]"),
            ], settings: ["--plugins"], operandsMax: 1,
            examples: ["dead-letters --user u_42", "dead-letters --user u_42 replay"], run: DeadLetterCommand.run),
    ]

    private static let providers = [
        Command(
            name: "providers", usages: ["[--json]"], summary: "List the providers and the plugins that were refused.",
            ownFlags: [.json], settings: ["--plugins"], run: ProvidersCommand.run),
        Command(
            name: "plugin", usages: ["new NAME", "verify NAME|FILE [--plugins DIR]…"],
            summary: "Write a new plugin in Plugins/NAME, or load one plugin alone and check it.",
            actions: ["new", "verify"], settings: ["--plugins"], operandsMax: 2,
            examples: ["plugin new Acme", "plugin verify Acme"], run: PluginCommand.run),
        Command(
            name: "plugins", usages: ["reload"],
            summary: "Have the running host read its configuration again, and name what needs a restart.",
            actions: ["reload"], operandsMax: 1, examples: ["plugins reload"], run: PluginsCommand.run),
        Command(
            name: "sandbox", usages: ["[--listen ADDRESS:PORT]"], summary: "Run the stand-in providers alone.",
            ownFlags: [.value("--listen", "ADDRESS:PORT", "the address to listen on; port 0 picks one")],
            examples: ["sandbox --listen 127.0.0.1:9090"], run: SandboxCommand.run),
    ]

    private static let keys = [
        Command(
            name: "token",
            usages: ["--user ID [--role superuser]… [--kind session|bot|service] [--ttl SECONDS]"],
            summary: "Print a session token.",
            ownFlags: [
                .value("--user", "ID", "the id of the user"),
                .values("--role", "ROLE", "a role of the user", choices: ["superuser"]),
                .value("--kind", "KIND", "who has the token [session]", choices: ["session", "bot", "service"]),
                .value("--ttl", "SECONDS", "how long it is valid [3600]"),
            ], examples: ["token --user u_42 --ttl 600"], run: TokenCommand.run),
        Command(
            name: "api-key", usages: ["create --user ID", "list", "revoke ID"],
            summary: "Create, list or revoke API keys of users; create prints the key alone.",
            actions: ["create", "list", "revoke"], ownFlags: [.value("--user", "ID", "the user whose key is made")],
            operandsMax: 2, examples: ["api-key create --user u_42"], run: APIKeyCommand.run),
        Command(
            name: "app-key",
            usages: [
                "create NAME [--scope SCOPE]… [--expires DAYS]", "list [--json]", "rotate ID [--overlap HOURS]",
                "revoke ID",
            ],
            summary: "Create, list, rotate or revoke application keys; create and rotate print the key alone.",
            actions: ["create", "list", "rotate", "revoke"],
            ownFlags: [
                .values("--scope", "SCOPE", "what the key opens [all but credential:read and admin]"),
                .value("--expires", "DAYS", "how long the key is valid [for ever]"),
                .value("--overlap", "HOURS", "how long the replaced secret stays valid [24]"), .json,
            ],
            operandsMax: 2, examples: ["app-key create backend", "app-key create ops --scope admin --expires 90"],
            run: ApplicationKeyCommand.run),
        Command(
            name: "keys", usages: ["list", "rotate", "prune"],
            summary: "List the keys, make a new primary key, or remove retired keys that nothing needs.",
            actions: ["list", "rotate", "prune"], operandsMax: 1, examples: ["keys rotate"], run: KeysCommand.run),
    ]

    private static let care = [
        Command(
            name: "check", usages: ["[--repair]"], summary: "Verify every file of the data directory.",
            ownFlags: [.toggle("--repair", "move damaged files to quarantine/ and read what can be read of a journal")],
            run: CheckCommand.run),
        Command(
            name: "backup",
            usages: ["DIRECTORY | FILE.tar | -", "FILE|- --recipient KEY", "verify SOURCE [--identity KEY]"],
            summary:
                "Copy the data directory while the host keeps writing: into a new directory, or as an archive to a file or standard output.",
            ownFlags: [
                .value(
                    "--recipient", "KEY", "a PEM file with the public key that the archive is sealed to [not sealed]"),
                .value("--identity", "KEY", "to verify: a PEM file with the private key that opens the archive"),
            ], operandsMax: 2,
            examples: [
                "backup /backups/2026-05-01", "backup - --recipient backup.pub | ssh vault 'cat > today.sealed'",
                "backup verify today.sealed --identity backup.pem",
            ], run: BackupCommand.run),
        Command(
            name: "restore", usages: ["DIRECTORY | FILE | - [--identity KEY]"],
            summary: "Make a data directory from a backup.",
            ownFlags: [.value("--identity", "KEY", "a PEM file with the private key that opens a sealed archive")],
            operandsMax: 1,
            examples: [
                "restore /backups/2026-05-01 --data /var/lib/integration-host",
                "restore today.sealed --identity backup.pem",
            ], run: RestoreCommand.run),
        Command(
            name: "resume", usages: [""],
            summary: "Resume the background work of a data directory that was copied or restored.",
            run: ResumeCommand.run),
        Command(
            name: "data", usages: ["export DIRECTORY --format VERSION"],
            summary: "Copy the data directory of a stopped host in the format of an earlier version.",
            actions: ["export"], ownFlags: [.value("--format", "VERSION", "the version that reads the copy")],
            operandsMax: 2, examples: ["data export /backups/for-0.1 --format 0.1"], run: DataCommand.run),
    ]
}
