// The audit log in check, backup and restore.

import DocumentStore
import Glibc
import Primitives
import ProviderSDK
import StoreFiles
import Testing

@testable import Audit
@testable import Storage

@Suite("Maintenance of the audit log", .timeLimit(.minutes(1)))
struct AuditMaintenanceTests {
    let scratch = Scratch()

    private func fill(_ path: String, lines: Int) async throws -> DataDirectory {
        let store = try DataDirectory.open(path)
        try await store.documents.save(.user("alice"), bytes("{}"), expecting: .any)
        for _ in 0..<lines {
            try await store.audit.append(AuditEntry(at: .epoch, action: .connect, result: .done, actor: .host))
        }
        return store
    }

    @Test("A sound log is counted, and a changed one is damage that a repair reports and leaves")
    func check() async throws {
        let path = scratch.path + "/data"
        var store = try await fill(path, lines: 3)
        let sound = try await store.check()
        #expect(sound.isSound && sound.audit.lines == 3 && sound.audit.lastHash != nil)
        store.close()
        let file = path + "/audit/" + AuditFolder.name(first: 1)
        var content = try #require(Scratch.read(file))
        content[10] ^= 1
        Scratch.write(content, to: file)
        store = try DataDirectory.open(path)
        #expect(store.audit.openingBreaks.count == 1)
        for repairs in [false, true] {
            let report = try await store.check(repairs: repairs)
            #expect(!report.isSound && report.problems.count == 1)
            let problem = try #require(report.problems.first)
            #expect(problem.path == "audit/0000000000000001.log" && problem.message.contains("line 1 of"))
        }
        #expect(Scratch.read(file) == content)
        store.close()
    }

    @Test("A backup under load has the log, and what was restored continues it")
    func backup() async throws {
        let (path, copy, restored) = (scratch.path + "/data", scratch.path + "/copy", scratch.path + "/restored")
        let store = try await fill(path, lines: 5)
        _ = try await store.backup(to: copy)
        try await store.audit.append(AuditEntry(at: .epoch, action: .connect, result: .done, actor: .host))
        store.close()
        _ = try DataDirectory.restore(from: copy, to: restored)
        let again = try DataDirectory.open(restored)
        #expect(again.audit.lastSequence == 5)
        try await again.audit.append(AuditEntry(at: .epoch, action: .connect, result: .done, actor: .host))
        let report = try await again.check()
        #expect(report.isSound && report.audit.lines == 6)
        again.close()
        #expect(throws: StoreError.notEmpty(path: restored)) { try DataDirectory.restore(from: copy, to: restored) }
    }

    @Test("A directory that has an audit log and nothing else is not restored over")
    func notEmpty() async throws {
        let (path, copy, other) = (scratch.path + "/data", scratch.path + "/copy", scratch.path + "/other")
        let store = try await fill(path, lines: 1)
        _ = try await store.backup(to: copy)
        store.close()
        let made = try DataDirectory.open(other)
        try await made.audit.append(AuditEntry(at: .epoch, action: .connect, result: .done, actor: .host))
        made.close()
        #expect(throws: StoreError.notEmpty(path: other)) { try DataDirectory.restore(from: copy, to: other) }
    }

    @Test("A copy in the format of version 0.1 has no audit log")
    func export() async throws {
        let store = try await fill(scratch.path + "/data", lines: 1)
        _ = try await store.backup(to: scratch.path + "/copy", format: .firstVersion)
        #expect(!Scratch.names(scratch.path + "/copy").contains("audit"))
        store.close()
    }
}
