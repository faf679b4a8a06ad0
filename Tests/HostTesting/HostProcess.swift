// Runs the real executable for tests: starts a command, waits for its first line, ends it as asked. Every process it starts is
// ended by it.

package import Foundation
package import TestSupport

/// Why a command did not come up.
package struct HostProcessError: Error, CustomStringConvertible {
    package let description: String

    package init(description: String) { self.description = description }
}

/// A running command of the executable.
package final class HostProcess: Sendable {
    private let process: ChildProcess
    private let errors: String

    /// Where it listens, such as `http://127.0.0.1:40123`.
    package let url: String

    /// The executable that the build put beside the tests.
    package static let executable: URL = {
        let beside = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
            .appending(path: "integration-host")
        if FileManager.default.isExecutableFile(atPath: beside.path) { return beside }
        return URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: ".build/debug/integration-host")
    }()

    /// Starts a command that listens, and waits until it does.
    ///
    /// - Parameters:
    ///   - arguments: the command and its flags.
    ///   - environment: variables besides those of the tests; those of the host are taken away.
    ///   - executable: the program, when it is not ``executable``.
    ///   - standardError: a descriptor for its log; a file that ``log`` shows when nil.
    package init(
        _ arguments: [String], environment: [String: String] = [:], executable: String = HostProcess.executable.path,
        standardError: Int32? = nil
    ) async throws {
        let errors = FileManager.default.temporaryDirectory.appending(path: "host-\(UUID().uuidString).log").path
        let variables = Self.cleanEnvironment.merging(environment) { _, new in new }
        let process = try ChildProcess(
            [executable] + arguments, environment: variables,
            errors: standardError.map { .descriptor($0) } ?? .file(errors))
        let first = try await onOwnThread { try process.output?.line() ?? "" }
        guard first.hasPrefix("listening on ") else {
            let code = try await onOwnThread { try process.wait() }
            let log = (try? String(contentsOfFile: errors, encoding: .utf8)) ?? ""
            try? FileManager.default.removeItem(atPath: errors)
            throw HostProcessError(description: "\(arguments): exit \(code), “\(first)”; \(log)")
        }
        self.process = process
        self.errors = errors
        url = String(first.dropFirst("listening on ".count))
    }

    deinit {
        process.kill()
        try? FileManager.default.removeItem(atPath: errors)
    }

    /// What it has written to standard error so far.
    package var log: String { (try? String(contentsOfFile: errors, encoding: .utf8)) ?? "" }

    /// What it writes to standard output after its first line, up to the end of the line with `text`.
    package func output(through text: String) async throws -> String {
        try await onOwnThread { [process] in try process.output?.lines(through: text) ?? "" }
    }

    /// What it wrote to standard output after what was read; to be asked after its end.
    package var remainingOutput: String { (try? process.output?.rest()) ?? "" }

    /// The process id.
    package var identifier: Int32 { process.identifier }

    /// Ends it as an operator does, and waits.
    ///
    /// - Returns: the exit code; -1 when it had to be killed.
    @discardableResult
    package func terminate() async -> Int32 {
        process.signal(SIGTERM)
        return await waitForExit()
    }

    /// Sends it a signal.
    package func signal(_ signal: Int32) { process.signal(signal) }

    /// Waits until it ends by itself.
    ///
    /// - Returns: the exit code; -1 when it had to be killed.
    package func waitForExit() async -> Int32 {
        (try? await onOwnThread { [process] in try process.wait() }) ?? -1
    }

    /// Ends it as a crash does, and waits.
    package func kill() { process.kill() }

    /// Runs a command to its end, in `folder` unless it is nil.
    ///
    /// - Returns: exit code, standard output and standard error.
    package static func run(
        _ arguments: [String], environment: [String: String] = [:], in folder: String? = nil
    ) async throws -> ChildProcess.Ending {
        let variables = cleanEnvironment.merging(environment) { _, new in new }
        return try await onOwnThread {
            try ChildProcess.run([executable.path] + arguments, environment: variables, in: folder)
        }
    }

    private static var cleanEnvironment: [String: String] {
        ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("INTEGRATION_HOST_") }
    }
}
