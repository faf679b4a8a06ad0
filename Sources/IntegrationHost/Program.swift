// The entry point: all commands of the program. This module holds the commands that run a host or need all its parts.

import Commands

@main
enum Program {
    static func main() { CommandRunner(commands).run() }

    /// The commands in the order of the help.
    static var commands: [Command] { hosts + Command.withoutHost + descriptions }

    private static let hosts = [
        Command(
            name: "serve",
            usages: [
                "[--config FILE] [--data DIR] [--plugins DIR]… [--listen ADDRESS:PORT] [--resume-background] [--new-key-ring]"
            ],
            summary: "Run the host until SIGTERM, SIGINT or the end of its terminal stops it.",
            ownFlags: [
                .toggle("--resume-background", "resume the background work of a copied or restored data directory"),
                .toggle("--new-key-ring", "make another key ring and give up what a lost one has sealed"),
            ],
            settings: ["--plugins", "--listen"],
            examples: ["serve --config /etc/integration-host/config.json"], run: ServeCommand.run),
        Command(
            name: "demo", usages: ["[--data DIR] [--listen ADDRESS:PORT]"],
            summary: "Run the host with stand-in providers and print what to try.",
            settings: ["--plugins", "--listen"], run: DemoCommand.run),
        Command(
            name: "health", usages: ["[--url URL]"],
            summary: "Ask a running host whether it is ready; the exit code is 0 when it is.",
            ownFlags: [.value("--url", "URL", "the address of the host [that of the setting “listen”]")],
            settings: ["--listen"], examples: ["health --url http://127.0.0.1:8080"], run: HealthCommand.run),
        Command(
            name: "config", usages: ["check", "show [--json]", "docs", "schema"],
            summary:
                "Check the configuration as serve does, show each setting and where it comes from, or print its documentation "
                + "or its JSON Schema.",
            actions: ConfigCommand.Action.allCases.map(\.rawValue), ownFlags: [.json],
            settings: ["--plugins", "--listen"], operandsMax: 1,
            examples: ["config check --config host.json", "config show --json", "config schema > host.schema.json"],
            run: ConfigCommand.run),
        Command(
            name: "doctor", usages: ["[--json]"],
            summary: "Look at the whole installation, and say what is wrong, what it means and what to do.",
            ownFlags: [.json], settings: ["--plugins", "--listen"],
            examples: ["doctor --config /etc/integration-host/config.json"], run: DoctorCommand.run),
    ]

    private static let descriptions = [
        Command(
            name: "openapi", usages: ["[--plugins DIR]…"], summary: "Print every route as an OpenAPI document.",
            settings: ["--plugins"], run: OpenAPICommand.run)
    ]
}
