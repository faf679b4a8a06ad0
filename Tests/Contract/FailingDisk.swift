// Disks that fail under a running host, for any user and without a file system of their own: one that is full for a while, and one
// that gives up for good. The library for the second is compiled from the C file beside this one when it is first needed.

import Foundation
import HostTesting
import TestSupport

/// A disk that is full: no file of the process may grow.
enum FullDisk {
    /// Fills the disk of a process, or makes room again.
    static func set(_ isFull: Bool, for process: HostProcess) throws {
        let limit = try ChildProcess.run([
            "prlimit", "--pid", "\(process.identifier)", "--fsize=\(isFull ? "0" : "unlimited"):unlimited",
        ])
        guard limit.code == 0 else {
            throw HostProcessError(description: "prlimit cannot set the limit: \(limit.errors)")
        }
    }
}

/// A disk that makes nothing durable from some moment on.
final class FailingDisk {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    /// The variables that load the library into a process.
    func environment() throws -> [String: String] {
        [
            "LD_PRELOAD": try Self.library.get().path + "/failing_disk.so",
            "FAILING_DISK": directory.path + "/fails",
        ]
    }

    /// Fails from now on.
    func fail() throws { try directory.write("fails", "") }

    private static let library: Result<TemporaryDirectory, any Error> = Result {
        let directory = try TemporaryDirectory()
        let source = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appending(path: "FailingDisk/failing_disk.c").path
        let compiled = try ChildProcess.run([
            "clang", "-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o", directory.path + "/failing_disk.so", source,
        ])
        guard compiled.code == 0 else {
            throw HostProcessError(description: "clang cannot compile \(source): \(compiled.errors)")
        }
        return directory
    }
}
