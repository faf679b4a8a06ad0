// Starts commands for tests by posix_spawn, with pipes, a deadline on every wait, and signals by process id. Knows no program by
// name. Foundation's Process is not used: it fails once the tests hold more than about a thousand descriptors.

import CLinux
import Glibc
import Synchronization

/// A process that the tests started.
///
/// It inherits no descriptor besides the three standard ones, no blocked signal and no ignored one.
package final class ChildProcess: Sendable {
    /// Where one of the two output streams goes.
    package enum Stream: Sendable {
        /// A pipe, read through ``ChildProcess/output`` or ``ChildProcess/errors``.
        case pipe
        /// The null device.
        case discarded
        /// The end of a file, which is created when it is missing.
        case file(String)
        /// An open descriptor of the tests, which stays open there.
        case descriptor(Int32)
    }

    /// A command that was not started, or that did not end in time.
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    /// What a command that ran to its end left.
    package struct Ending: Sendable {
        /// The exit code; for a process ended by a signal, the signal's number.
        package let code: Int32
        package let output: String
        package let errors: String
    }

    /// The process id.
    package let identifier: Int32
    /// Standard output, when it is a pipe.
    package let output: PipeReader?
    /// Standard error, when it is a pipe.
    package let errors: PipeReader?
    private let command: String
    /// The code once the process was waited for; then its id may belong to another process.
    private let code = Mutex<Int32?>(nil)

    /// Starts a command; a name without a slash is looked up in `PATH`.
    ///
    /// - Parameters:
    ///   - environment: all its variables; those of the tests when nil.
    ///   - folder: its working directory; that of the tests when nil.
    package init(
        _ command: [String], environment: [String: String]? = nil, in folder: String? = nil,
        output: Stream = .pipe, errors: Stream = .pipe
    ) throws {
        self.command = command.joined(separator: " ")
        var spawn = unsafe SpawnAttributes()
        defer { unsafe spawn.destroy() }
        if let folder { unsafe spawn.change(to: folder) }
        self.output = try unsafe spawn.connect(1, to: output)
        self.errors = try unsafe spawn.connect(2, to: errors)
        identifier = try unsafe spawn.start(command, environment: environment)
    }

    deinit { kill() }

    /// Whether it has not ended yet.
    package var isRunning: Bool { ended() == nil }

    /// Sends a signal, unless the process has ended.
    package func signal(_ signal: Int32) {
        code.withLock { code in
            if Self.reap(identifier, &code) == nil { _ = Glibc.kill(identifier, signal) }
        }
    }

    /// Ends it as a crash does, and waits until it is gone.
    package func kill() {
        signal(SIGKILL)
        _ = try? wait()
    }

    /// Waits for its end; one that does not end in time is killed.
    ///
    /// - Returns: the exit code; for a process ended by a signal, the signal's number.
    @discardableResult
    package func wait(within limit: Duration = .seconds(60)) throws -> Int32 {
        let deadline = ContinuousClock.now + limit
        var pause: useconds_t = 200
        while ContinuousClock.now < deadline {
            if let code = ended() { return code }
            usleep(pause)
            pause = min(pause * 2, 10_000)
        }
        signal(SIGKILL)
        throw Failure(description: "“\(command)” has not ended within \(limit).")
    }

    /// Runs a command to its end.
    ///
    /// - Throws: ``Failure`` when it takes longer than `limit`; then it is killed.
    package static func run(
        _ command: [String], environment: [String: String]? = nil, in folder: String? = nil,
        within limit: Duration = .seconds(120)
    ) throws -> Ending {
        let process = try ChildProcess(command, environment: environment, in: folder)
        let deadline = ContinuousClock.now + limit
        let streams = [process.output, process.errors].compactMap(\.self)
        guard PipeReader.fillToEnd(streams, until: deadline) else {
            process.kill()
            throw Failure(description: "“\(process.command)” has not ended within \(limit).")
        }
        let texts = streams.map { $0.takeText() }
        return Ending(
            code: try process.wait(within: max(.seconds(1), deadline - .now)), output: texts[0], errors: texts[1])
    }

    private func ended() -> Int32? { code.withLock { Self.reap(identifier, &$0) } }

    private static func reap(_ identifier: Int32, _ code: inout Int32?) -> Int32? {
        if let code { return code }
        var status: Int32 = 0
        guard unsafe waitpid(identifier, &status, WNOHANG) == identifier else { return nil }
        code = status & 0x7F == 0 ? status >> 8 & 0xFF : status & 0x7F
        return code
    }
}
