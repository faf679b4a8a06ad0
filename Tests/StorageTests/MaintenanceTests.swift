// Check, repair, backup and restore of a whole data directory.

import DocumentStore
import Glibc
import RecordStore
import StoreFiles
import Testing

@testable import DocumentJournal
@testable import Storage

@Suite("Maintenance", .timeLimit(.minutes(2)))
struct MaintenanceTests {
    let scratch = Scratch()
    let stream = StreamID("conn")

    /// A directory with three users, a link token and two streams.
    private func fill(_ path: String) async throws {
        let store = try DataDirectory.open(path)
        for id in ["alice", "bob", "Ålice"] {
            try await store.documents.save(.user(id), bytes("{\"id\":\"\(id)\"}"), expecting: .absent)
        }
        try await store.documents.save(
            DocumentKey(collection: "link-tokens", id: bytes("token")), bytes("{}"), expecting: .absent)
        _ = try await store.records.append(batch([("a", "1"), ("b", "1")], checkpoint: "1"), to: stream)
        _ = try await store.records.append(batch([("a", "1")]), to: StreamID("Other"))
        try await store.flush()
        store.close()
    }

    private func flip(_ path: String, at offset: Int) throws {
        var content = try #require(Scratch.read(path))
        content[offset < 0 ? content.count + offset : offset] ^= 1
        Scratch.write(content, to: path)
    }

    private func file(_ suffix: String, in path: String) throws -> String {
        path + "/" + (try #require(Scratch.tree(path).first { $0.hasSuffix(suffix) }))
    }

    @Test("A sound directory is reported as such")
    func aSoundDirectoryIsReportedAsSuch() async throws {
        try await fill(scratch.path)
        let store = try DataDirectory.open(scratch.path, options: JournalTests.lazy)
        try await store.documents.save(.user("alice"), bytes("{}"), expecting: .revision(1))
        _ = try await store.records.append(batch([("c", "1")]), to: stream)
        let report = try await store.check()
        #expect(report.documents == 4 && report.streams == 2 && report.changes == 4 && report.problems == [])
        store.close()
    }

    @Test("Everything damaged is found and repair moves it away")
    func everythingDamagedIsFoundAndRepairMovesItAway() async throws {
        try await fill(scratch.path)
        let alice = try file("/alice.json", in: scratch.path)
        try flip(alice, at: -5)
        try flip(try file("conn/0000000000000001.seg", in: scratch.path), at: 120)
        Scratch.write([], to: scratch.path + "/users/2bd/" + TemporaryNames().next())
        let newer = try file("/bob.json", in: scratch.path)
        Scratch.write(bytes("{\n\"schema\": 9,\n"), to: newer)
        var store = try DataDirectory.open(scratch.path)
        // Loading sets the copy aside; the check names it all the same.
        #expect(await failure { try await store.documents.load(.user("alice")) } != nil)
        var report = try await store.check()
        #expect(report.documents == 2 && report.streams == 1 && !report.isSound)
        #expect(report.problems.count >= 3 && report.problems.allSatisfy { !$0.isRepaired })
        report = try await store.check(repairs: true)
        #expect(
            report.problems.filter { !$0.isRepaired }.map(\.path) == [
                "users/\(newer.split(separator: "/").dropLast().last ?? "")/bob.json"
            ])
        #expect(Scratch.names(scratch.path + "/quarantine").count == 2)
        // Both are free again.
        try await store.documents.save(.user("alice"), bytes("{}"), expecting: .absent)
        #expect(try await store.records.append(batch([("a", "1")]), to: stream) == AppendOutcome(added: 1))
        #expect(await failure { try await store.documents.load(.user("bob")) } != nil)
        store.close()
        store = try DataDirectory.open(scratch.path)
        report = try await store.check()
        #expect(report.problems.count == 1 && report.documents == 3 && report.streams == 2)
        store.close()
    }

    @Test("A damaged journal is salvaged when asked for")
    func aDamagedJournalIsSalvagedWhenAskedFor() async throws {
        let source = Scratch()
        let store = try DataDirectory.open(source.path, options: JournalTests.lazy)
        for id in ["a", "b", "c", "d"] { try await store.documents.save(.user(id), bytes(id), expecting: .absent) }
        let name = try #require(Scratch.names(source.path + "/journal").first)
        var journal = try #require(Scratch.read(source.path + "/journal/" + name))
        store.close()
        // In the second batch, in the document's bytes.
        let second =
            JournalFormat.segmentHeaderBytes + JournalFormat.batchHeaderBytes
            + (JournalFormat.BatchHeader(journal.span, at: JournalFormat.segmentHeaderBytes)?.bodyBytes ?? 0)
        journal[second + JournalFormat.batchHeaderBytes + JournalFormat.entryHeaderBytes + bytes("usersb").count] ^= 1
        unsafe mkdir(scratch.path + "/journal", 0o700)
        Scratch.write(journal, to: scratch.path + "/journal/" + name)
        #expect(await failure { try DataDirectory.open(scratch.path) } != nil)
        var options = StoreOptions()
        options.salvagesJournal = true
        let salvaged = try DataDirectory.open(scratch.path, options: options)
        for id in ["a", "c", "d"] { #expect(try await salvaged.documents.load(.user(id))?.bytes == bytes(id)) }
        #expect(try await salvaged.documents.load(.user("b")) == nil)
        let problems = try await salvaged.check(repairs: true).problems
        #expect(problems.map(\.path) == ["journal/" + name])
        #expect(problems.first?.lost?.documents == [.user("b")] && problems.first?.lost?.bytes == [])
        salvaged.close()
        #expect(Scratch.names(scratch.path + "/quarantine").count == 1)
        let again = try DataDirectory.open(scratch.path)
        #expect(try await again.documents.load(.user("d"))?.bytes == bytes("d"))
        again.close()
    }

    @Test("A backup is restored whole")
    func aBackupIsRestoredWhole() async throws {
        try await fill(scratch.path + "/data")
        var store = try DataDirectory.open(scratch.path + "/data", options: JournalTests.lazy)
        let old = try await store.records.read(stream, after: .start).next
        try await store.documents.save(.user("alice"), bytes("newest"), expecting: .revision(1))
        let outcome = try await store.backup(to: scratch.path + "/backup")
        #expect(outcome.documents == 4 && outcome.streams == 2 && outcome.skipped == [])
        #expect(
            await failure { try await store.backup(to: scratch.path + "/backup") }
                == .notEmpty(path: scratch.path + "/backup"))
        // What happens after the backup is not in it, and a cursor to it is refused afterwards.
        _ = try await store.records.append(batch([("c", "1")]), to: stream)
        let late = try await store.records.read(stream, after: .start).next
        store.close()
        #expect(
            await failure { try DataDirectory.restore(from: scratch.path + "/backup", to: scratch.path + "/data") }
                == .notEmpty(path: scratch.path + "/data"))
        #expect(
            try DataDirectory.restore(from: scratch.path + "/backup", to: scratch.path + "/restored").documents == 4)
        for path in Scratch.tree(scratch.path + "/restored") {
            let full = scratch.path + "/restored/" + path
            #expect(Scratch.mode(full) == (Scratch.isDirectory(full) ? 0o700 : 0o600), "\(path)")
        }
        store = try DataDirectory.open(scratch.path + "/restored")
        #expect(try await store.check().problems == [])
        #expect(try await store.documents.load(.user("alice"))?.bytes == bytes("newest"))
        #expect(try await store.documents.load(.user("Ålice"))?.revision == 1)
        #expect(try await store.records.state(of: stream)?["payments"]?.checkpoint == bytes("1"))
        #expect(
            try await store.records.append(batch([("a", "1"), ("d", "1")]), to: stream)
                == AppendOutcome(added: 1, unchanged: 1))
        #expect(try await store.records.briefs(stream, after: old) == ["+d=1"])
        #expect(await failure { try await store.records.read(stream, after: late) } == .invalidCursor)
        store.close()
    }

    @Test("An export in an earlier format has no summaries, also of documents that wait in the journal")
    func anExportInAnEarlierFormatHasNoSummaries() async throws {
        var options = JournalTests.lazy
        options.closingTimeMax = .zero
        var store = try DataDirectory.open(scratch.path + "/data", options: options)
        for id in ["placed", "changed"] {
            try await store.documents.save(
                .user(id), bytes("{\"id\":\"\(id)\",\"text\":\"some text\"}"), expecting: .absent, summary: bytes("[1]")
            )
        }
        try await store.flush()
        try await store.documents.save(
            .user("changed"), bytes("{\"id\":\"changed\",\"text\":\"same text\"}"), expecting: .any,
            summary: bytes("[1]"))
        try await store.documents.save(.user("waiting"), bytes("{}"), expecting: .absent, summary: bytes("[2]"))
        var marked = RecordBatch(dataType: "things")
        marked.upsert(id: bytes("a"), timestampMilliseconds: 1, payload: bytes("12"), volatileBytes: 1)
        _ = try await store.records.append(marked, to: StreamID("marked"))
        var plain = RecordBatch(dataType: "things")
        plain.upsert(id: bytes("a"), timestampMilliseconds: 1, payload: bytes("12"))
        _ = try await store.records.append(plain, to: StreamID("plain"))
        let outcome = try await store.backup(to: scratch.path + "/export", format: .firstVersion)
        #expect(outcome.documents == 3 && outcome.streams == 1 && outcome.omittedStreams == 1)
        store.close()
        for path in Scratch.tree(scratch.path + "/export/users") where path.hasSuffix(".json") {
            let text = String(
                decoding: try #require(Scratch.read(scratch.path + "/export/users/" + path)), as: UTF8.self)
            #expect(text.hasPrefix("{\n\"schema\": 1,\n") && !text.contains("summary"))
        }
        _ = try DataDirectory.restore(from: scratch.path + "/export", to: scratch.path + "/restored")
        store = try DataDirectory.open(scratch.path + "/restored")
        #expect(try await store.check().problems == [])
        #expect(try await store.documents.list("users").keys.count == 3)
        let changed = try await store.documents.load(.user("changed"))
        #expect(changed?.revision == 2 && changed?.bytes == bytes("{\"id\":\"changed\",\"text\":\"same text\"}"))
        store.close()
    }

    @Test("A backup that is not complete is not restored")
    func aBackupThatIsNotCompleteIsNotRestored() async throws {
        try await fill(scratch.path + "/data")
        let store = try DataDirectory.open(scratch.path + "/data")
        _ = try await store.backup(to: scratch.path + "/backup")
        store.close()
        let document = try file("/alice.json", in: scratch.path + "/backup")
        let good = try #require(Scratch.read(document))
        unsafe unlink(document)
        let target = scratch.path + "/restored"
        #expect(await failure { try DataDirectory.restore(from: scratch.path + "/backup", to: target) } != nil)
        // What was restored in part neither opens nor is in the way of the next attempt.
        #expect(await failure { try DataDirectory.open(target) } == .restoreUnfinished)
        Scratch.write(good, to: document)
        #expect(try DataDirectory.restore(from: scratch.path + "/backup", to: target).documents == 4)
        let restored = try DataDirectory.open(target)
        #expect(try await restored.check().problems == [])
        restored.close()
        unsafe unlink(scratch.path + "/backup/backup")
        #expect(
            await failure { try DataDirectory.restore(from: scratch.path + "/backup", to: scratch.path + "/third") }
                != nil)
    }

    @Test("A backup under load holds only whole documents")
    func aBackupUnderLoadHoldsOnlyWholeDocuments() async throws {
        let store = try DataDirectory.open(scratch.path + "/data")
        try await withThrowingTaskGroup(of: Void.self) { group in
            for writer in 0..<4 {
                group.addTask { [documents = store.documents, records = store.records] in
                    for round in 0..<50 {
                        try await documents.save(.user("u\(writer)-\(round % 5)"), bytes("\(round)"), expecting: .any)
                        _ = try await records.append(batch([("\(round)", "1")]), to: StreamID("s\(writer)"))
                    }
                }
            }
            group.addTask { [store, path = scratch.path] in
                for index in 0..<5 {
                    let outcome = try await store.backup(to: path + "/backup\(index)")
                    #expect(outcome.skipped == [])
                }
            }
            try await group.waitForAll()
        }
        store.close()
        for index in 0..<5 {
            let target = scratch.path + "/restored\(index)"
            _ = try DataDirectory.restore(from: scratch.path + "/backup\(index)", to: target)
            let restored = try DataDirectory.open(target)
            #expect(try await restored.check().problems == [])
            restored.close()
        }
    }
}
