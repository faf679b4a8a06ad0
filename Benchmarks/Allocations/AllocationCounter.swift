// Counts the heap allocations of a process while it runs: a small library of C counts them in a file, which this reads. Needs the
// compiler that the Swift toolchain brings, and no rights.

import Foundation
import HostTesting
import TestSupport

/// The allocations of one process.
final class AllocationCounter {
    private let directory: TemporaryDirectory
    private let file: Int32
    private let path: String

    init() throws {
        directory = try TemporaryDirectory()
        let source = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appending(path: "Counter/allocation_counts.c").path
        let compiled = try ChildProcess.run([
            "clang", "-shared", "-fPIC", "-O2", "-Wall", "-Werror", "-o", directory.path + "/allocation_counts.so",
            source,
        ])
        guard compiled.code == 0 else {
            throw HostProcessError(description: "clang cannot compile \(source): \(compiled.errors)")
        }
        path = directory.path + "/counts"
        file = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard file >= 0, ftruncate(file, 4096) == 0 else { throw HostProcessError(description: "no file at \(path)") }
    }

    deinit { close(file) }

    /// What the environment of the process must have.
    var environment: [String: String] {
        ["LD_PRELOAD": directory.path + "/allocation_counts.so", "ALLOCATION_COUNTS": path]
    }

    /// The allocations so far, and their bytes.
    func read() -> (calls: Int, bytes: Int) {
        var words = [0, 0]
        let size = 2 * MemoryLayout<Int>.size
        _ = unsafe words.withUnsafeMutableBytes { unsafe pread(file, $0.baseAddress, size, 0) }
        return (words[0], words[1])
    }
}
