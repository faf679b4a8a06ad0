// The entry point: finds the command, and turns its result into an exit code and one line on standard error.

import Configuration
import Glibc
import Observability
import Processes

@main
enum Program {
    /// The exit codes of the program.
    enum Exit {
        static let failed: Int32 = 1
        static let usage: Int32 = 2
        static let configuration: Int32 = 78
    }

    static func main() {
        ProcessSettings.apply()
        let arguments = CommandLine.arguments.dropFirst()
        guard let name = arguments.first, name != "--help", name != "-h", name != "help" else {
            if arguments.isEmpty { fail(Command.help, Exit.usage) }
            return print(Command.help)
        }
        if name == "--version" { return print("integration-host \(Version.text)") }
        guard let command = Command.all.first(where: { $0.name == name }) else {
            let near = Command.all.map(\.name).filter { $0.hasPrefix(name.prefix(2)) }
            let suggestion = near.isEmpty ? "" : ": did you mean \(near.joined(separator: " or "))?"
            fail("There is no command “\(name)”\(suggestion)\n\n\(Command.help)", Exit.usage)
        }
        do {
            let parsed = try Arguments(arguments.dropFirst(), flags: command.flags)
            if parsed.has("--help") { return print(command.help) }
            if parsed.has("--version") { return print("integration-host \(Version.text)") }
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

    private static func fail(_ message: String, _ code: Int32) -> Never {
        StandardError.line(message)
        exit(code)
    }
}

/// Writes messages to the person at the terminal that are not events of the log.
enum StandardError {
    static func line(_ text: String) {
        LogSink.standardError.flush()
        // A reader that has stopped reading must not keep the process from ending.
        var ready = pollfd(fd: STDERR_FILENO, events: Int16(POLLOUT), revents: 0)
        guard unsafe poll(&ready, 1, 1000) > 0 else { return }
        let bytes = Array("integration-host: \(text)\n".utf8)
        unsafe bytes.withUnsafeBytes { bytes in _ = unsafe write(STDERR_FILENO, bytes.baseAddress, bytes.count) }
    }
}
