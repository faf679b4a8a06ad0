// Runs a command line: finds the command, and turns its result into an exit code and one line on standard error.

import Configuration
import Glibc
import Observability
import Processes

/// A program that consists of commands.
package struct CommandRunner: Sendable {
    /// The exit codes of the program.
    private enum Exit {
        static let failed: Int32 = 1
        static let usage: Int32 = 2
        static let configuration: Int32 = 78
    }

    private let commands: [Command]

    /// - Parameter commands: the commands in the order of the help.
    package init(_ commands: [Command]) { self.commands = commands }

    /// Runs the command that the arguments of the process name.
    ///
    /// Returns when the command has succeeded; otherwise ends the process with a message and an exit code.
    package func run() {
        ProcessSettings.apply()
        let arguments = CommandLine.arguments.dropFirst()
        guard let name = arguments.first, name != "--help", name != "-h", name != "help" else {
            if arguments.isEmpty { fail(help, Exit.usage) }
            return StandardOutput.line(help)
        }
        if name == "--version" { return StandardOutput.line("integration-host \(Version.text)") }
        guard let command = commands.first(where: { $0.name == name }) else {
            let near = commands.map(\.name).filter { $0.hasPrefix(name.prefix(2)) }
            let suggestion = near.isEmpty ? "" : ": did you mean \(near.joined(separator: " or "))?"
            fail("There is no command “\(name)”\(suggestion)\n\n\(help)", Exit.usage)
        }
        do {
            let parsed = try Arguments(arguments.dropFirst(), flags: command.flags)
            if parsed.has("--help") { return StandardOutput.line(command.help) }
            if parsed.has("--version") { return StandardOutput.line("integration-host \(Version.text)") }
            guard parsed.operands.count <= command.operandsMax else {
                throw UsageError("“\(parsed.operands[command.operandsMax])” is not expected here")
            }
            try command.run(parsed)
        } catch let error as UsageError {
            fail("\(command.name): \(error).\n\n\(command.help)", Exit.usage)
        } catch let error as ConfigurationError {
            fail("configuration: \(error)", Exit.configuration)
        } catch {
            fail("\(command.name): \(error)", Exit.failed)
        }
    }

    private func fail(_ message: String, _ code: Int32) -> Never {
        LogSink.standardError.flush()
        StandardError.line(message, of: "integration-host")
        exit(code)
    }

    /// The help of the whole program.
    private var help: String {
        let width = commands.map(\.name.utf8.count).max() ?? 0
        let lines = commands.map { command in
            "  \(command.name)\(String(repeating: " ", count: width - command.name.utf8.count))  \(command.summary)"
        }
        return """
            integration-host \(Version.text): connect, sync and read third-party accounts, self-hosted.

            Usage: integration-host COMMAND [OPTION]…

            \(lines.joined(separator: "\n"))

            Every command takes --config FILE and --data DIR, --help and --version.
            """
    }
}
