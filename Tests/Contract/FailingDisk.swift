// Disks that fail under a running host, for any user and without a file system of their own: one that is full for a while, and one
// that gives up for good. The library for the second is compiled from the C file beside this one when it is first needed.

import Foundation
import HostTesting

/// A disk that is full: no file of the process may grow.
enum FullDisk {
    /// Fills the disk of a process, or makes room again.
    static func set(_ isFull: Bool, for process: HostProcess) throws {
        let limit = Process()
        limit.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        limit.arguments = [
            "prlimit", "--pid", "\(process.identifier)", "--fsize=\(isFull ? "0" : "unlimited"):unlimited",
        ]
        try limit.run()
        limit.waitUntilExit()
        guard limit.terminationStatus == 0 else {
            throw HostProcessError(description: "prlimit cannot set the limit.")
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
        let compiler = Process()
        compiler.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        compiler.arguments = [
            "clang", "-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o", directory.path + "/failing_disk.so", source,
        ]
        try compiler.run()
        compiler.waitUntilExit()
        guard compiler.terminationStatus == 0 else {
            throw HostProcessError(description: "clang cannot compile \(source).")
        }
        return directory
    }
}
