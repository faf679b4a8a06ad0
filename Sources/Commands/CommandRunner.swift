// Runs a command line: finds the command, and turns its result into an exit code and one line on standard error.

import Configuration
import Glibc
import Observability
import Primitives
import Processes

/// A program that consists of commands.
package struct CommandRunner: Sendable {
    private let commands: [Command]

    /// - Parameter commands: the commands in the order of the help; the one that prints completions is added.
    package init(_ commands: [Command]) { self.commands = commands + [CompletionsCommand.command(beside: commands)] }

    /// Runs the command that the arguments of the process name.
    ///
    /// Returns when the command has succeeded; otherwise ends the process with a message and an exit code.
    package func run() {
        ProcessSettings.apply()
        let arguments = CommandLine.arguments.dropFirst()
        guard let name = arguments.first, name != "--help", name != "-h", name != "help" else {
            if let command = arguments.dropFirst().first.flatMap(command) {
                return StandardOutput.line(CommandHelp.command(command))
            }
            let help = CommandHelp.program(commands)
            if arguments.isEmpty { fail(help, ExitCode.usage) }
            return StandardOutput.line(help)
        }
        if name == "--version" { return StandardOutput.line("integration-host \(Version.text)") }
        guard let command = command(name) else {
            let question = NearestName.question(name, in: commands.map(\.name))
            fail(
                "there is no command “\(name)”\(question.isEmpty ? "." : question)\n\n"
                    + "“integration-host --help” lists the commands.", ExitCode.usage)
        }
        do {
            let parsed = try Arguments(arguments.dropFirst(), flags: command.flags)
            if parsed.has("--help") { return StandardOutput.line(CommandHelp.command(command)) }
            if parsed.has("--version") { return StandardOutput.line("integration-host \(Version.text)") }
            guard parsed.operands.count <= command.operandsMax else {
                throw UsageError("“\(parsed.operands[command.operandsMax])” is not expected here")
            }
            try command.checkAction(parsed)
            try command.run(parsed)
        } catch let error as UsageError {
            let ending = error.description.hasSuffix("?") ? "" : "."
            fail("\(command.name): \(error)\(ending)\n\n\(CommandHelp.reminder(of: command))", ExitCode.usage)
        } catch let error as ConfigurationError {
            fail("configuration: \(error)", ExitCode.configuration)
        } catch {
            fail("\(command.name): \(error)", ExitCode.failed)
        }
    }

    private func command(_ name: String) -> Command? { commands.first { $0.name == name } }

    private func fail(_ message: String, _ code: Int32) -> Never {
        LogSink.standardError.flush()
        StandardError.line(message, of: "integration-host")
        exit(code)
    }
}
