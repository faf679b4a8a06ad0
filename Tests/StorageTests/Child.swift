// A child process whose standard output is read line by line. Knows how to find the crash writer and whether strace
// may trace.

import CLinux
import Glibc

@testable import Storage

final class Child {
    private let pid: pid_t
    private let output: Int32

    struct SpawnFailed: Error { let code: Int32 }

    /// Starts a command found through PATH.
    init(_ command: [String]) throws {
        var ends: [Int32] = [0, 0]
        guard unsafe pipe(&ends) == 0 else { throw SpawnFailed(code: errno) }
        // Only the copy that becomes its standard output is for the child.
        for end in ends { _ = cl_fcntl(end, F_SETFD, FD_CLOEXEC) }
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        unsafe posix_spawn_file_actions_adddup2(&actions, ends[1], 1)
        unsafe posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
        var arguments: [UnsafeMutablePointer<CChar>?] = unsafe command.map { unsafe strdup($0) }
        unsafe arguments.append(nil)
        var pid: pid_t = 0
        let code = unsafe posix_spawnp(&pid, command[0], &actions, nil, arguments, environ)
        unsafe arguments.forEach { unsafe free($0) }
        unsafe posix_spawn_file_actions_destroy(&actions)
        close(ends[1])
        guard code == 0 else {
            close(ends[0])
            throw SpawnFailed(code: code)
        }
        self.pid = pid
        output = ends[0]
    }

    func kill() {
        Glibc.kill(pid, SIGKILL)
    }

    /// Everything it said, once it has ended.
    func linesUntilEnd() -> [String] {
        var said: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = unsafe read(output, &part, part.count)
            if count < 0 && errno == EINTR { continue }
            if count <= 0 { break }
            said += part[..<count]
        }
        close(output)
        var status: Int32 = 0
        while unsafe waitpid(pid, &status, 0) < 0 && errno == EINTR {}
        return String(decoding: said, as: UTF8.self).split(separator: "\n").map(String.init)
    }

    /// The crash writer, which is built beside the tests.
    static var writerPath: String? {
        let arguments = CommandLine.arguments
        var candidates = arguments.filter { $0.contains(".xctest") }
        var buffer = [CChar](repeating: 0, count: 4096)
        let count = unsafe readlink("/proc/self/exe", &buffer, buffer.count - 1)
        if count > 0 {
            candidates.append(String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self))
        }
        for candidate in candidates {
            var folder = candidate
            while let slash = folder.lastIndex(of: "/") {
                folder = String(folder[..<slash])
                let path = folder + "/DocumentStoreCrashWriter"
                if unsafe access(path, X_OK) == 0 { return path }
            }
        }
        return nil
    }

    /// Whether strace is there and allowed to trace.
    static var canTrace: Bool {
        guard let child = try? Child(["strace", "-qq", "-o", "/dev/null", "echo", "traced"]) else { return false }
        return child.linesUntilEnd() == ["traced"]
    }

    static var wantsAll: Bool {
        unsafe getenv("CRASH_TESTS").map { unsafe String(cString: $0) == "all" } ?? false
    }
}
