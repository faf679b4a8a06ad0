// Another program of this installation, run as a child or in place of this one. A child ends when this process ends in any way:
// its standard input is a pipe that the kernel then closes. Knows nothing of what the program does.

import Glibc
import Synchronization

/// Why another program did not start.
package struct ChildProgramError: Error, CustomStringConvertible {
    /// The problem and what to do.
    package let description: String
}

/// A program beside this executable, as a child process.
package final class ChildProgram: Sendable {
    private let name: String
    private let process: pid_t
    /// The end of the child's standard input that keeps it running.
    private let input: Int32
    private let output: Int32
    private let isOver = Mutex(false)

    /// Starts the program `name` from the folder of this executable.
    ///
    /// The child has a separate process group, so that Ctrl-C at a terminal reaches this process alone. It writes to the same
    /// standard error.
    package init(_ name: String, _ arguments: [String]) throws(ChildProgramError) {
        self.name = name
        let path = try Self.path(name)
        guard let toChild = Self.pipe(), let fromChild = Self.pipe() else {
            throw ChildProgramError(description: "“\(name)” cannot be started: \(Self.reason(errno)).")
        }
        defer {
            close(toChild.read)
            close(fromChild.write)
        }
        var child: pid_t = 0
        let code = Self.spawn(path, [name] + arguments, input: toChild.read, output: fromChild.write, &child)
        guard code == 0 else {
            close(toChild.write)
            close(fromChild.read)
            throw ChildProgramError(description: "“\(path)” cannot be started: \(Self.reason(code)).")
        }
        process = child
        input = toChild.write
        output = fromChild.read
    }

    /// Runs the program `name` from the folder of this executable, in place of this one.
    ///
    /// Process id, open files and blocked signals stay.
    package static func replaceThisProcess(
        with name: String, _ arguments: [String]
    ) throws(ChildProgramError) -> Never {
        let path = try path(name)
        unsafe withArguments([name] + arguments) { _ = unsafe execv(path, $0) }
        throw ChildProgramError(description: "“\(path)” cannot be started: \(reason(errno)).")
    }

    deinit {
        close(input)
        close(output)
    }

    /// The next line that the child writes, without its line feed; nil when it has ended before.
    package func readLine() -> String? {
        var line: [UInt8] = []
        while true {
            var byte: UInt8 = 0
            let count = unsafe read(output, &byte, 1)
            if count < 0, errno == EINTR { continue }
            guard count == 1 else { return nil }
            if byte == UInt8(ascii: "\n") { return String(decoding: line, as: UTF8.self) }
            line.append(byte)
        }
    }

    /// Whether the child has ended.
    package var hasEnded: Bool {
        isOver.withLock { isOver in
            var status: Int32 = 0
            if !isOver { isOver = unsafe waitpid(process, &status, WNOHANG) != 0 }
            return isOver
        }
    }

    /// Asks the child to end and waits until it has.
    package func stop() {
        isOver.withLock { isOver in
            guard !isOver else { return }
            kill(process, SIGTERM)
            var status: Int32 = 0
            while unsafe waitpid(process, &status, 0) < 0 && errno == EINTR {}
            isOver = true
        }
    }
}

extension ChildProgram {
    private static func path(_ name: String) throws(ChildProgramError) -> String {
        let path = "\(ExecutableFolder.path)/\(name)"
        guard unsafe access(path, X_OK) == 0 else {
            throw ChildProgramError(
                description: "the program “\(name)” is not at \(path): build it, or install it beside this one.")
        }
        return path
    }

    private static func pipe() -> (read: Int32, write: Int32)? {
        var ends: [Int32] = [-1, -1]
        guard unsafe Glibc.pipe(&ends) == 0 else { return nil }
        // No other child may inherit an end: an open copy would hide that this process has ended.
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return (ends[0], ends[1])
    }

    private static func spawn(
        _ path: String, _ arguments: [String], input: Int32, output: Int32, _ child: inout pid_t
    ) -> Int32 {
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO)
        unsafe posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO)
        var attributes = posix_spawnattr_t()
        unsafe posix_spawnattr_init(&attributes)
        defer { unsafe posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        unsafe sigemptyset(&none)
        unsafe posix_spawnattr_setsigmask(&attributes, &none)
        unsafe posix_spawnattr_setpgroup(&attributes, 0)
        unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP))
        return unsafe withArguments(arguments) {
            unsafe posix_spawn(&child, path, &actions, &attributes, $0, environ)
        }
    }

    /// Calls `body` with `arguments` as the array of C strings that the kernel takes.
    private static func withArguments<Result>(
        _ arguments: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Result
    ) -> Result {
        var pointers = unsafe arguments.map { unsafe strdup($0) }
        unsafe pointers.append(nil)
        defer { unsafe pointers.forEach { unsafe free($0) } }
        return unsafe body(pointers)
    }

    private static func reason(_ code: Int32) -> String { unsafe String(cString: strerror(code)) }
}
