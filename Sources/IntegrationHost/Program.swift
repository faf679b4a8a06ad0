// The entry point: all commands of the program. This module holds the commands that run a host.

import Commands

@main
enum Program {
    static func main() {
        CommandRunner(
            [
                Command(
                    name: "serve",
                    usage:
                        "[--config FILE] [--data DIR] [--plugins DIR]… [--listen ADDRESS:PORT] [--resume-background] "
                        + "[--new-key-ring]",
                    summary: "Run the host; --new-key-ring gives up what a lost key ring has sealed.",
                    ownFlags: ["--resume-background": .toggle, "--new-key-ring": .toggle],
                    settings: ["--plugins", "--listen"], run: ServeCommand.run),
                Command(
                    name: "demo", usage: "[--data DIR] [--listen ADDRESS:PORT]",
                    summary: "Run the host with stand-in providers and print what to try.",
                    settings: ["--plugins", "--listen"], run: DemoCommand.run),
                Command(
                    name: "health", usage: "[--url URL]",
                    summary: "Ask a running host whether it is ready; the exit code is 0 when it is.",
                    ownFlags: ["--url": .value], settings: ["--listen"], run: HealthCommand.run),
            ] + Command.withoutHost + [
                Command(
                    name: "openapi", usage: "[--plugins DIR]…", summary: "Print every route as an OpenAPI document.",
                    settings: ["--plugins"], run: OpenAPICommand.run)
            ]
        ).run()
    }
}
