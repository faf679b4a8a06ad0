// A log in a folder for one test, with a key ring and direct access to the files.

import Cryptography
import Foundation
import Glibc
import Primitives
import ProviderSDK
import StoreFiles
import Synchronization
import TestSupport

@testable import Audit

/// A folder with an audit log.
final class AuditFixture: Sendable {
    let directory: TemporaryDirectory
    let root: Directory
    let ring: KeyRing
    private let threads = IOThreads(threadsMax: 4)

    init(_ fileSystem: FileSystem = FileSystem()) throws {
        directory = try TemporaryDirectory()
        let fd = try fileSystem.open(
            directory.path, in: AT_FDCWD, flags: O_RDONLY | O_DIRECTORY, path: directory.path)
        root = Directory(fileSystem: fileSystem, fd: fd, path: "")
        ring = try KeyRing.generate()
    }

    deinit { threads.close() }

    /// Opens the log as another start of the host does.
    func open() throws -> AuditLog { try AuditLog(in: root, files: DurableFiles(), threads: threads) }

    func trail(_ log: AuditLog, _ ring: KeyRing? = nil) -> AuditTrail {
        let ring = ring ?? self.ring
        return AuditTrail(log, time: .system) { ring }
    }

    /// The names of the files, in order.
    var names: [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: directory.path + "/audit")) ?? []).sorted()
    }

    func text(_ name: String? = nil) throws -> String {
        String(decoding: try Data(contentsOf: url(try name ?? last())), as: UTF8.self)
    }

    func write(_ text: String, to name: String? = nil) throws { try Data(text.utf8).write(to: url(try name ?? last())) }

    /// Makes the folder with files of lines that follow from each other.
    ///
    /// - Returns: the names of the files.
    func make(_ counts: [Int]) throws -> [String] {
        try FileManager.default.createDirectory(
            atPath: directory.path + "/audit", withIntermediateDirectories: true)
        var chain = AuditChain()
        return try counts.map { count in
            let name = AuditFolder.name(first: chain.sequence + 1)
            var bytes: [UInt8] = []
            for _ in 0..<count { bytes += chain.line(of: Self.entry) }
            try Data(bytes).write(to: url(name))
            return name
        }
    }

    static let entry = AuditEntry(at: .epoch, action: .connect, result: .done, actor: .host)

    /// The number of lines with which a file is full.
    static var linesOfFullFile: Int {
        var chain = AuditChain()
        var (bytes, count) = (0, 0)
        while bytes < AuditLimits.fileBytesMax {
            bytes += chain.line(of: entry).count
            count += 1
        }
        return count
    }

    private func last() throws -> String { names.last ?? "" }

    private func url(_ name: String) -> URL { URL(fileURLWithPath: directory.path + "/audit/" + name) }
}

/// Makes one call fail, once, after some others.
final class FailOnce: FaultPlan {
    private let call: FileCall
    private let fault: Fault
    private let left: Atomic<Int>

    init(_ call: FileCall, after others: Int = 0, _ fault: Fault) {
        self.call = call
        self.fault = fault
        left = Atomic(others)
    }

    func fault(at call: FileCall, path: String) -> Fault? {
        guard call == self.call, path.hasSuffix(".log") else { return nil }
        return left.wrappingSubtract(1, ordering: .relaxed).oldValue == 0 ? fault : nil
    }
}

/// Holds syncs to disk until its latch is opened, and counts them.
final class HeldSync: FaultPlan {
    let latch = Latch()
    private let count = Atomic<Int>(0)

    var syncs: Int { count.load(ordering: .relaxed) }

    func fault(at call: FileCall, path: String) -> Fault? {
        guard call == .fdatasync, path.hasSuffix(".log") else { return nil }
        count.add(1, ordering: .relaxed)
        latch.wait()
        return nil
    }
}
