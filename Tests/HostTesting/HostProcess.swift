// Runs the real executable for tests: starts a command, waits for its first line, ends it as asked. Every process it starts is
// ended by it.

package import Foundation

/// Why a command did not come up.
package struct HostProcessError: Error, CustomStringConvertible {
    package let description: String

    package init(description: String) { self.description = description }
}

/// A running command of the executable.
package final class HostProcess: @unchecked Sendable {
    private let process = Process()
    private let output = Pipe()
    private let errors: URL

    /// Where it listens, such as `http://127.0.0.1:40123`.
    package private(set) var url = ""

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
    ///   - standardError: where its log goes; a file that ``log`` shows when nil.
    package init(
        _ arguments: [String], environment: [String: String] = [:], standardError: FileHandle? = nil
    ) throws {
        errors = FileManager.default.temporaryDirectory.appending(path: "host-\(UUID().uuidString).log")
        _ = FileManager.default.createFile(atPath: errors.path, contents: nil)
        process.executableURL = Self.executable
        process.arguments = arguments
        process.environment = Self.cleanEnvironment.merging(environment) { _, new in new }
        process.standardOutput = output
        process.standardError = try standardError ?? FileHandle(forWritingTo: errors)
        try process.run()
        var line: [UInt8] = []
        while let byte = try output.fileHandleForReading.read(upToCount: 1)?.first, byte != UInt8(ascii: "\n") {
            line.append(byte)
        }
        let text = String(decoding: line, as: UTF8.self)
        guard text.hasPrefix("listening on ") else {
            process.waitUntilExit()
            throw HostProcessError(description: "\(arguments): “\(text)”; \(log)")
        }
        url = String(text.dropFirst("listening on ".count))
    }

    deinit {
        kill()
        try? FileManager.default.removeItem(at: errors)
    }

    /// What it has written to standard error so far.
    package var log: String { (try? String(contentsOf: errors, encoding: .utf8)) ?? "" }

    /// What it writes to standard output after its first line, up to the end of the line with `text`.
    package func output(through text: String) throws -> String {
        var found: [UInt8] = []
        while let byte = try output.fileHandleForReading.read(upToCount: 1)?.first {
            found.append(byte)
            guard byte == UInt8(ascii: "\n") else { continue }
            let lines = String(decoding: found, as: UTF8.self)
            if lines.contains(text) { return lines }
        }
        throw HostProcessError(description: "no “\(text)” in: \(String(decoding: found, as: UTF8.self))")
    }

    /// What it wrote to standard output after its first line; to be asked after its end.
    package var remainingOutput: String {
        String(decoding: (try? output.fileHandleForReading.readToEnd()) ?? Data(), as: UTF8.self)
    }

    /// The process id.
    package var identifier: Int32 { process.processIdentifier }

    /// Ends it as an operator does, and waits.
    ///
    /// - Returns: the exit code.
    @discardableResult
    package func terminate() -> Int32 {
        if process.isRunning { process.terminate() }
        process.waitUntilExit()
        return process.terminationStatus
    }

    /// Waits until it ends by itself.
    ///
    /// - Returns: the exit code.
    package func waitForExit() -> Int32 {
        process.waitUntilExit()
        return process.terminationStatus
    }

    /// Ends it as a crash does, and waits.
    package func kill() {
        guard process.isRunning else { return }
        Foundation.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    /// Runs a command to its end, in `folder` unless it is nil.
    ///
    /// - Returns: exit code, standard output and standard error.
    package static func run(
        _ arguments: [String], environment: [String: String] = [:], in folder: String? = nil
    ) throws -> (code: Int32, output: String, errors: String) {
        let process = Process()
        let output = Pipe()
        let errors = Pipe()
        process.executableURL = executable
        process.arguments = arguments
        process.environment = cleanEnvironment.merging(environment) { _, new in new }
        if let folder { process.currentDirectoryURL = URL(fileURLWithPath: folder) }
        process.standardOutput = output
        process.standardError = errors
        try process.run()
        let text = try output.fileHandleForReading.readToEnd() ?? Data()
        let problems = try errors.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return (
            process.terminationStatus, String(decoding: text, as: UTF8.self), String(decoding: problems, as: UTF8.self)
        )
    }

    private static var cleanEnvironment: [String: String] {
        ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("INTEGRATION_HOST_") }
    }
}

/// A directory that is there as long as somebody holds it.
package final class TemporaryDirectory: Sendable {
    package let path: String

    package init() throws {
        path = FileManager.default.temporaryDirectory.appending(path: "integration-host-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// Writes a file into the directory.
    ///
    /// - Returns: its path.
    @discardableResult
    package func write(_ name: String, _ text: String) throws -> String {
        let file = path + "/" + name
        try Data(text.utf8).write(to: URL(fileURLWithPath: file))
        return file
    }
}
