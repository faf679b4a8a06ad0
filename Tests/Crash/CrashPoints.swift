// Where a host under test dies: arms the library that is loaded into it, and reads back which calls it made. The library is
// compiled from the C file beside this one when it is first needed.

import Foundation
import Glibc
import HostTesting
import TestSupport

/// The calls of a host that change files or talk to peers, and the one it dies in.
final class CrashPoints: @unchecked Sendable {
    /// Calls that are written down.
    static let entriesMax = 8192
    private static let entryBytes = 112
    private static let headerBytes = 16

    private let directory: TemporaryDirectory
    private let file: Int32

    init() throws {
        directory = try TemporaryDirectory()
        file = unsafe open(directory.path + "/control", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard file >= 0, ftruncate(file, Self.headerBytes + Self.entriesMax * Self.entryBytes) == 0 else {
            throw HostProcessError(description: "The control file cannot be made.")
        }
    }

    deinit { close(file) }

    /// The variables that load the library into a process.
    func environment() throws -> [String: String] {
        ["LD_PRELOAD": try Self.library.get().path + "/crash_points.so", "CRASH_POINTS": directory.path + "/control"]
    }

    /// Counts from now on, and dies before call `killAt`, the first being 1; 0 never dies.
    ///
    /// - Parameter torn: whether a write that dies leaves half of its bytes.
    func arm(killAt: Int, torn: Bool = false) {
        set(0, 0)
        set(3, 0)
        set(1, UInt32(killAt))
        set(2, torn ? 1 : 0)
        set(0, 1)
    }

    /// Stops counting.
    func disarm() { set(0, 0) }

    /// The calls since ``arm(killAt:torn:)``; the last one is the one it died in.
    var calls: [String] {
        let count = min(Int(word(3)), Self.entriesMax)
        return (0..<count).map { index in
            var bytes = [UInt8](repeating: 0, count: Self.entryBytes)
            _ = unsafe pread(file, &bytes, Self.entryBytes, Self.headerBytes + index * Self.entryBytes)
            return String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
    }

    private func set(_ index: Int, _ value: UInt32) {
        var value = value
        _ = unsafe pwrite(file, &value, 4, index * 4)
    }

    private func word(_ index: Int) -> UInt32 {
        var value: UInt32 = 0
        _ = unsafe pread(file, &value, 4, index * 4)
        return value
    }

    private static let library: Result<TemporaryDirectory, any Error> = Result {
        let directory = try TemporaryDirectory()
        let source = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appending(path: "CrashPoints/crash_points.c").path
        let compiled = try ChildProcess.run([
            "clang", "-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o", directory.path + "/crash_points.so", source,
        ])
        guard compiled.code == 0 else {
            throw HostProcessError(description: "clang cannot compile \(source): \(compiled.errors)")
        }
        return directory
    }
}
