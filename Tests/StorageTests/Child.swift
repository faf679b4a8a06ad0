// A child process whose standard output is read line by line. Knows how to find the crash writer and whether strace
// may trace.

import CLinux
import Glibc
import TestSupport

@testable import Storage

final class Child {
    private let process: ChildProcess

    /// Starts a command found through PATH.
    init(_ command: [String]) throws { process = try ChildProcess(command, errors: .discarded) }

    func kill() { process.signal(SIGKILL) }

    /// The lines of its standard output, once it has ended.
    func linesUntilEnd() throws -> [String] {
        let text = try process.output?.rest() ?? ""
        try process.wait()
        return text.split(separator: "\n").map(String.init)
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
        return (try? child.linesUntilEnd()) == ["traced"]
    }

    static var wantsAll: Bool {
        unsafe getenv("CRASH_TESTS").map { unsafe String(cString: $0) == "all" } ?? false
    }
}
