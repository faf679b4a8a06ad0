// `integration-host completions`: prints what a shell loads to complete the command line.

import Processes

enum CompletionsCommand {
    /// The command that completes itself and the `others`.
    static func command(beside others: [Command]) -> Command {
        Command(
            name: "completions", usages: ["bash", "zsh"], summary: "Print the completions for a shell.",
            actions: Completions.Shell.allCases.map(\.rawValue), operandsMax: 1,
            examples: ["completions bash > /usr/share/bash-completion/completions/integration-host"]
        ) { arguments in
            guard let shell = arguments.operands.first.flatMap(Completions.Shell.init) else {
                throw UsageError(
                    "one of \(Completions.Shell.allCases.map(\.rawValue).joined(separator: " and ")) is needed")
            }
            StandardOutput.line(Completions(commands: others + [command(beside: others)]).script(for: shell))
        }
    }
}
