// The restore drill: a backup is taken while the host writes, and restored, and both are killed at any moment before. What is left in
// between is never taken for a whole backup or a whole data directory.

import Cryptography
import DocumentStore
import Glibc
import Primitives
import RecordStore
import StoreFiles
import Testing

@testable import Storage

@Suite("Restore drill", .serialized, .timeLimit(.minutes(3)))
struct RestoreDrillTests {
    let scratch = Scratch()

    /// Runs the writer, and kills it after a while unless it ends before.
    ///
    /// - Returns: whether it finished its work.
    private func run(_ arguments: [String], killedAfter microseconds: UInt32?) throws -> Bool {
        let writer = try #require(Child.writerPath, "the writer is built with the tests")
        let child = try Child([writer] + arguments)
        if let microseconds {
            usleep(microseconds)
            child.kill()
        }
        let lines = try child.linesUntilEnd()
        #expect(!lines.contains { $0.hasPrefix("error") }, "\(lines)")
        return lines.contains("closed")
    }

    private func fill(_ path: String) async throws {
        let store = try DataDirectory.open(path)
        for user in 0..<400 {
            try await store.documents.save(
                .user("user-\(user)"), bytes("{\"user\":\(user)}"), expecting: .absent)
        }
        for number in 0..<20 {
            _ = try await store.records.append(
                batch((0..<50).map { ("r\($0)", "\(number)") }), to: StreamID("s\(number)"))
        }
        store.close()
    }

    private func verify(_ path: String) throws -> BackupOutcome {
        let descriptor = unsafe open(path, O_RDONLY)
        defer { close(descriptor) }
        return try DataDirectory.verify(
            archive: ArchiveInput(
                descriptor: descriptor, name: path, identity: try SealingIdentity(pem: TestSeal.identity)),
            scratch: scratch.path + "/verification")
    }

    @Test("Backups and restores that are killed at random moments leave nothing that passes for whole")
    func killedBackupsAndRestoresLeaveNothingThatPassesForWhole() async throws {
        let (data, backup, restored) = (scratch.path + "/data", scratch.path + "/backup", scratch.path + "/restored")
        try await fill(data)
        Scratch.write(bytes(TestSeal.recipient), to: scratch.path + "/recipient")
        Scratch.write(bytes(TestSeal.identity), to: scratch.path + "/identity")
        var random = SplitMix64(seed: 20261201)
        var killed = 0
        let tries = Child.wantsAll ? 200 : 12
        for _ in 0..<tries {
            let pause = UInt32(random.next() % 150_000)
            if try run([data, "backup", backup, scratch.path + "/recipient"], killedAfter: pause) {
                _ = try verify(backup)
            } else if let part = Scratch.read(backup), !part.isEmpty {
                killed += 1
                #expect(throws: StoreError.self, "a backup killed after \(pause) µs") { try verify(backup) }
            }
        }
        #expect(try run([data, "backup", backup, scratch.path + "/recipient"], killedAfter: nil))
        let whole = try verify(backup)
        #expect(whole.documents >= 400 && whole.streams == 20 && whole.skipped == [])
        for _ in 0..<tries {
            let pause = UInt32(random.next() % 300_000)
            if try run([restored, "restore", backup, scratch.path + "/identity"], killedAfter: pause) {
                try await checkRestored(restored)
                Scratch.remove(restored)
            } else if Scratch.names(restored).contains(Restore.markName) {
                killed += 1
                #expect(await failure { try DataDirectory.open(restored) } == .restoreUnfinished)
            }
        }
        #expect(killed > 2)
        if !Scratch.names(restored).contains(Restore.markName) { Scratch.remove(restored) }
        #expect(try run([restored, "restore", backup, scratch.path + "/identity"], killedAfter: nil))
        try await checkRestored(restored)
    }

    private func checkRestored(_ path: String) async throws {
        let store = try DataDirectory.open(path)
        let report = try await store.check()
        #expect(report.documents == 400 && report.streams == 20 && report.changes == 1000 && report.problems == [])
        for user in [0, 199, 399] {
            #expect(try await store.documents.load(.user("user-\(user)"))?.bytes == bytes("{\"user\":\(user)}"))
        }
        store.close()
    }
}
