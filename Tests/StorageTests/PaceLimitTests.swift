// The limits of what waits, of what stays open and of when the store writes, from both sides.

import Dispatch
import Primitives
import StoreFiles
import Synchronization
import TestSupport
import Testing

@testable import DocumentJournal
@testable import DocumentStore
@testable import RecordStore
@testable import Storage

@Suite("Limits of waiting and open things", .timeLimit(.minutes(2)))
struct PaceLimitTests {
    let scratch = Scratch()
    let stream = StreamID("conn-1Ab")

    // MARK: Documents

    @Test("A listing of documents has as many keys as a page may have, and one more is on the next page")
    func listing() async throws {
        let store = try DataDirectory.open(scratch.path)
        try await store.documents.save(.user("user-0"), bytes("{}"), expecting: .absent)
        try await store.flush()
        let location = try DocumentLocation(.user("user-0"))
        let folder = location.path.dropLast(location.fileName.utf8.count)
        for number in 1...DocumentLimits.listPageMax {
            let name = try DocumentLocation(.user("user-\(number)")).fileName
            Scratch.write([], to: "\(scratch.path)/\(folder)\(name)")
        }
        let first = try await store.documents.list("users", limit: .max)
        #expect(first.keys.count == DocumentLimits.listPageMax)
        let second = try await store.documents.list("users", after: first.next, limit: .max)
        #expect(second.keys.count == 1 && second.next == nil)
        store.close()
    }

    @Test("Documents stay in the journal below its size for that, and are brought into their files at it")
    func checkpointBytes() async throws {
        let store = try DataDirectory.open(scratch.path, options: JournalTests.lazy)
        try await store.documents.save(.user("a"), bytes("{}"), expecting: .absent)
        let checkpoint = store.documents.checkpoint
        checkpoint.committed(bytes: DocumentLimits.checkpointBytesMin - 1)
        try await Task.sleep(for: .milliseconds(30))
        #expect(store.documentStatistics.waitingDocuments == 1)
        checkpoint.committed(bytes: DocumentLimits.checkpointBytesMin)
        try await waitUntil("the document is in its file") { store.documentStatistics.waitingDocuments == 0 }
        store.close()
    }

    @Test("A document waits for its file as long as it may, and no longer")
    func checkpointDelay() async throws {
        #expect(StoreOptions().checkpointDelay == DocumentLimits.checkpointDelay)
        var options = StoreOptions()
        options.checkpointDelay = .milliseconds(100)
        let store = try DataDirectory.open(scratch.path, options: options)
        let begun = SystemClock.instant
        try await store.documents.save(.user("a"), bytes("{}"), expecting: .absent)
        try await waitUntil("the document is in its file") { store.documentStatistics.waitingDocuments == 0 }
        #expect(SystemClock.instant - begun >= options.checkpointDelay)
        store.close()
    }

    @Test("Closing brings documents into their files within its time, and leaves the rest in the journal")
    func closing() async throws {
        #expect(StoreOptions().closingTimeMax == DocumentLimits.closingTimeMax)
        for time in [Duration.zero, DocumentLimits.closingTimeMax] {
            var options = JournalTests.lazy
            options.closingTimeMax = time
            let store = try DataDirectory.open(scratch.path, options: options)
            try await store.documents.save(.user("a"), bytes("{}"), expecting: .any)
            store.close()
            #expect(Scratch.names(scratch.path + "/journal").isEmpty == (time > .zero))
        }
    }

    // MARK: The journal

    @Test("A batch takes entries until it has its bytes, and the next entry begins another")
    func batches() async throws {
        let store = try DataDirectory.open(scratch.path)
        for missing in [0, 1] {
            let name = "journal-\(missing)"
            let folder = try store.files.makeDirectory(name, in: store.root)
            let found = try JournalRecovery(folder: folder, files: store.files, salvages: false).run()
            let journal = Journal(folder: folder, files: store.files, found: found, bytesMax: .max, onCommit: { _ in })
            let data = [UInt8](repeating: 0x20, count: JournalLimits.batchBytesMax / 4 - missing)
            let shard = JournalLedger.Shard(collection: "users", number: 0)
            // All wait before the thread takes the first.
            let entries = (0..<5).map { number in
                let entry = Journal.Entry(
                    key: .user("\(number)"), shard: shard, revision: 1, content: .whole(.none, data: data))
                return Task { await journal.append(entry) }
            }
            try await waitUntil("all entries wait") { journal.waitingCount == 5 }
            journal.start()
            for entry in entries { #expect(await entry.value == nil) }
            journal.close()
            var counts: [UInt32] = []
            // A full segment has the next one after it.
            for log in Scratch.names("\(scratch.path)/\(name)") where log.hasSuffix(".log") {
                let content = try #require(Scratch.read("\(scratch.path)/\(name)/\(log)"))
                var offset = JournalFormat.segmentHeaderBytes
                while let header = JournalFormat.BatchHeader(content.span, at: offset) {
                    counts.append(header.entryCount)
                    offset += JournalFormat.batchHeaderBytes + header.bodyBytes
                }
            }
            #expect(counts == (missing == 0 ? [4, 1] : [5]))
        }
        store.close()
    }

    @Test("As many operations as may wait for a thread wait, and one more is refused")
    func waitingOperations() {
        let threads = IOThreads(threadsMax: 1)
        let (begun, gate) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        #expect(
            threads.submit {
                begun.signal()
                gate.wait()
            } == nil)
        begun.wait()
        let refusals = (0...StoreLimits.waitingOperationsMax).map { _ in threads.submit {} }
        #expect(refusals.dropLast().allSatisfy { $0 == nil } && refusals.last == .busy)
        gate.signal()
        threads.close()
        threads.waitUntilEnded()
    }

    // MARK: Record streams

    @Test("A stream continues in its segment below the size of one, and in a new one at it")
    func segments() async throws {
        let store = try DataDirectory.open(scratch.path)
        _ = try await store.records.append(batch([("a", "1")]), to: stream)
        let open = try #require(store.records.open.peek(stream))
        for missing in [1, 0] {
            // As after so many bytes of records.
            open.writer.withLock { $0.end = RecordLimits.segmentBytesMax - missing }
            _ = try await store.records.append(batch([("b\(missing)", "1")]), to: stream)
            #expect(Scratch.tree(scratch.path).count { $0.hasSuffix(".seg") } == 2 - missing)
        }
        store.close()
    }

    @Test("A manifest is stored and read up to its size, and a larger one is refused and changes nothing")
    func manifests() async throws {
        let store = try DataDirectory.open(scratch.path)
        _ = try await store.records.append(batch([("a", "1")]), to: stream)
        let open = try #require(store.records.open.peek(stream))
        let (folder, files, manifest) = open.writer.withLock { ($0.folder, $0.files, $0.currentManifest) }
        let loader = StreamLoader(folder: folder, files: files)
        for excess in [0, 1] {
            var large = manifest
            large.dataTypes.append("")
            let count = RecordLimits.manifestBytesMax - large.encoded().count + excess
            large.dataTypes[large.dataTypes.count - 1] = String(repeating: "a", count: count)
            let error = await failure { try StreamWriter.save(large, in: folder, files: files) }
            let bytesMax = RecordLimits.manifestBytesMax
            #expect(error == (excess == 0 ? nil : .tooLarge(bytes: bytesMax + 1, bytesMax: bytesMax)))
            let read = try loader.readManifest()
            #expect(read?.encoded().count == bytesMax)
        }
        try StreamWriter.save(manifest, in: folder, files: files)
        store.close()
    }

    @Test("The end of a generation writes deletions in one frame up to their number, and in two beyond it")
    func deletionFrames() async throws {
        let store = try DataDirectory.open(scratch.path)
        for excess in [0, 1] {
            let stream = StreamID("conn-\(excess)")
            let count = RecordLimits.deletionsPerFrameMax + excess
            _ = try await store.records.append(batch((0..<count).map { (String($0), "1") }), to: stream)
            let generation = try await store.records.beginGeneration(of: "payments", in: stream)
            let open = try #require(store.records.open.peek(stream))
            let before = open.writer.withLock { $0.ordinal }
            let outcome = try await store.records.commit(generation, timestampMilliseconds: 1)
            #expect(outcome.deleted == count)
            // The last frame is the commit.
            #expect(open.writer.withLock { $0.ordinal } - before == UInt32(2 + excess))
        }
        store.close()
    }

    @Test("As many streams as may stay open do, and one more closes the one that was used longest ago")
    func openStreams() async throws {
        let store = try DataDirectory.open(scratch.path)
        let streams = (0...RecordLimits.openStreamsMax).map { StreamID("conn-\($0)") }
        func openCount() -> Int { streams.count { store.records.open.peek($0) != nil } }
        for (index, stream) in streams.enumerated() {
            _ = try await store.records.append(batch([("a", "1")]), to: stream)
            guard index >= RecordLimits.openStreamsMax - 1 else { continue }
            store.records.open.trim { _, work in work() }
            #expect(openCount() == RecordLimits.openStreamsMax)
        }
        #expect(store.records.open.peek(streams[0]) == nil)
        #expect(try await store.records.briefs(streams[0]) == ["+a=1"])
        store.close()
    }

    @Test("The index of a stream that is not written to stays for its time, and no longer")
    func idleIndexes() async throws {
        let store = try DataDirectory.open(scratch.path)
        let before = SystemClock.instant
        _ = try await store.records.append(batch([("a", "1")]), to: stream)
        let after = SystemClock.instant
        let open = try #require(store.records.open.peek(stream))
        store.records.open.trim(at: before + RecordLimits.indexIdleTime) { _, work in work() }
        #expect(open.writer.withLock { $0.indexBytes } > 0)
        store.records.open.trim(at: after + RecordLimits.indexIdleTime + .nanoseconds(1)) { _, work in work() }
        #expect(open.writer.withLock { $0.indexBytes } == 0)
        #expect(try await store.records.append(batch([("a", "1")]), to: stream) == AppendOutcome(unchanged: 1))
        store.close()
    }

    @Test("A compaction in the background rests a second for each second's bytes")
    func compactionRate() {
        let bytes = RecordLimits.compactionBytesPerSecondMax
        #expect(Compactions.pause(after: bytes) == .seconds(1))
        #expect(Compactions.pause(after: bytes - 1) < .seconds(1) && Compactions.pause(after: bytes + 1) > .seconds(1))
        #expect(Compactions.pause(after: 0) == .zero)
    }
}
