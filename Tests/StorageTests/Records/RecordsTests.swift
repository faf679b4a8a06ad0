// Record streams as the sync engine and the readers see them: changes, generations, checkpoints, cursors, restarts.

import Storage
import StoreFiles
import Synchronization
import Testing

@testable import RecordStore

/// A batch from pairs of id and payload; a nil payload deletes.
func batch(_ records: [(String, String?)], type: String = "payments", checkpoint: String? = nil) -> RecordBatch {
    var batch = RecordBatch(dataType: type, checkpoint: checkpoint.map { bytes($0) })
    for (id, payload) in records {
        if let payload {
            batch.upsert(
                id: bytes(id), sourceID: bytes("src-" + id), timestampMilliseconds: 1_000, payload: bytes(payload))
        } else {
            batch.delete(id: bytes(id), timestampMilliseconds: 2_000)
        }
    }
    return batch
}

extension RecordChange {
    /// The change in a form that is short to compare.
    var brief: String {
        let sign = ["+", "*", "-"][Int(kind.rawValue)]
        return sign + String(decoding: id, as: UTF8.self)
            + (kind == .deleted ? "" : "=" + String(decoding: payload, as: UTF8.self))
    }
}

extension Records {
    /// Every change after a cursor, read in pages of `limit`.
    func all(
        _ stream: StreamID, after cursor: RecordCursor = .start, dataType: String? = nil, limit: Int = 7
    ) async throws -> (changes: [RecordChange], next: RecordCursor) {
        var changes: [RecordChange] = []
        var cursor = cursor
        while true {
            let page = try await read(stream, after: cursor, dataType: dataType, limit: limit)
            changes += page.changes
            cursor = page.next
            if !page.hasMore { return (changes, cursor) }
        }
    }

    func briefs(_ stream: StreamID, after cursor: RecordCursor = .start, dataType: String? = nil) async throws
        -> [String]
    {
        try await all(stream, after: cursor, dataType: dataType).changes.map(\.brief)
    }
}

@Suite("Records", .timeLimit(.minutes(2)))
struct RecordsTests {
    let scratch = Scratch()
    let stream = StreamID("conn-1Ab")

    @Test("Only what changed becomes a change")
    func onlyWhatChangedBecomesAChange() async throws {
        let store = try DataDirectory.open(scratch.path)
        let records = store.records
        #expect(try await records.append(batch([("a", "1"), ("b", "1")]), to: stream) == AppendOutcome(added: 2))
        #expect(
            try await records.append(batch([("a", "1"), ("b", "2"), ("c", "1"), ("d", nil)]), to: stream)
                == AppendOutcome(added: 1, updated: 1, unchanged: 2))
        #expect(
            try await records.append(batch([("a", nil), ("a", nil), ("b", "3"), ("b", "3"), ("b", "4")]), to: stream)
                == AppendOutcome(updated: 2, unchanged: 2, deleted: 1))
        #expect(try await records.append(batch([("a", "1")]), to: stream) == AppendOutcome(added: 1))
        #expect(
            try await records.briefs(stream)
                == ["+a=1", "+b=1", "*b=2", "+c=1", "-a", "*b=3", "*b=4", "+a=1"])
        let change = try #require(try await records.read(stream, after: .start).changes.first)
        #expect(change.sequence == 1 && change.dataType == "payments" && change.timestampMilliseconds == 1_000)
        #expect(change.sourceID == bytes("src-a") && change.contentHash != 0)
        let state = try #require(try await records.state(of: stream))
        #expect(state.lastSequence == 8 && state["payments"]?.recordCount == 3)
        store.close()
    }

    @Test("A stream that is not there is empty")
    func aStreamThatIsNotThereIsEmpty() async throws {
        let store = try DataDirectory.open(scratch.path)
        let page = try await store.records.read(stream, after: .start)
        #expect(page.changes.isEmpty && !page.hasMore && page.next == .start)
        #expect(try await store.records.state(of: stream) == nil)
        #expect(Scratch.names(scratch.path + "/records") == [])
        store.close()
    }

    @Test("Pages add up to the whole stream whatever their size")
    func pagesAddUpToTheWholeStreamWhateverTheirSize() async throws {
        let store = try DataDirectory.open(scratch.path)
        for round in 0..<20 {
            let type = round % 3 == 0 ? "customers" : "payments"
            _ = try await store.records.append(
                batch((0..<round).map { ("\(round)-\($0)", "\($0)") }, type: type), to: stream)
        }
        let whole = try await store.records.read(stream, after: .start, limit: 1000).changes
        #expect(whole.map(\.sequence) == Array(1...190))
        for limit in [1, 2, 3, 7, 100, 189, 190, 191] {
            #expect(try await store.records.all(stream, limit: limit).changes == whole)
            let customers = try await store.records.all(stream, dataType: "customers", limit: limit).changes
            #expect(customers == whole.filter { $0.dataType == "customers" })
        }
        let exact = try await store.records.read(stream, after: .start, limit: 190)
        #expect(!exact.hasMore)
        #expect(try await store.records.read(stream, after: exact.next).changes.isEmpty)
        #expect(try await store.records.briefs(stream, dataType: "none") == [])
        store.close()
    }

    @Test("Everything survives a restart")
    func everythingSurvivesARestart() async throws {
        var store = try DataDirectory.open(scratch.path)
        _ = try await store.records.append(batch([("a", "1"), ("b", "1")], checkpoint: "page 1"), to: stream)
        let cursor = try await store.records.read(stream, after: .start).next
        store.close()
        store = try DataDirectory.open(scratch.path)
        #expect(try await store.records.state(of: stream)?["payments"]?.checkpoint == bytes("page 1"))
        #expect(
            try await store.records.append(batch([("a", "1"), ("b", "2")], checkpoint: "page 2"), to: stream)
                == AppendOutcome(updated: 1, unchanged: 1))
        let later = try #require(RecordCursor(cursor.text))
        #expect(try await store.records.briefs(stream, after: later) == ["*b=2"])
        #expect(try await store.records.state(of: stream)?["payments"]?.checkpoint == bytes("page 2"))
        store.close()
    }

    @Test("A cursor fits the read that gave it and nothing else")
    func aCursorFitsTheReadThatGaveItAndNothingElse() async throws {
        var store = try DataDirectory.open(scratch.path)
        for type in ["payments", "invoices"] {
            _ = try await store.records.append(batch([("a", "1"), ("b", "1"), ("c", "1")], type: type), to: stream)
        }
        let cursors: [(cursor: RecordCursor, type: String?)] = [
            (try await store.records.read(stream, after: .start, limit: 2).next, nil),
            (try await store.records.read(stream, after: .start, dataType: "payments", limit: 2).next, "payments"),
            (try await store.records.read(stream, after: .start, dataType: "invoices", limit: 2).next, "invoices"),
        ]
        for round in 0..<3 {
            for (cursor, own) in cursors {
                for type in [nil, "payments", "invoices"] {
                    let error = await failure { try await store.records.read(stream, after: cursor, dataType: type) }
                    #expect(error == (type == own ? nil : .invalidCursor), "\(round) \(own ?? "-") \(type ?? "-")")
                }
                let text = Array(cursor.text.utf8)
                for index in text.indices {
                    for byte in "0f-".utf8 where text[index] != byte {
                        var altered = text
                        altered[index] = byte
                        guard let known = RecordCursor(String(decoding: altered, as: UTF8.self)) else { continue }
                        let error = await failure {
                            try await store.records.read(stream, after: known, dataType: own)
                        }
                        #expect(error == .invalidCursor, "\(index)")
                    }
                }
            }
            if round == 0 { _ = try await store.records.compact(stream) }
            store.close()
            store = try DataDirectory.open(scratch.path)
        }
        store.close()
    }

    @Test("A checkpoint alone is stored")
    func aCheckpointAloneIsStored() async throws {
        let store = try DataDirectory.open(scratch.path)
        _ = try await store.records.append(batch([("a", "1")], checkpoint: "1"), to: stream)
        _ = try await store.records.append(batch([("a", "1")]), to: stream)
        #expect(try await store.records.state(of: stream)?["payments"]?.checkpoint == bytes("1"))
        _ = try await store.records.append(batch([], checkpoint: ""), to: stream)
        #expect(try await store.records.state(of: stream)?["payments"]?.checkpoint == [])
        #expect(try await store.records.state(of: stream)?["customers"]?.checkpoint == nil)
        store.close()
    }

    @Test("A generation is seen only once it is committed", arguments: [false, true])
    func aGenerationIsSeenOnlyOnceItIsCommitted(restarts: Bool) async throws {
        var store = try DataDirectory.open(scratch.path)
        _ = try await store.records.append(batch([("a", "1"), ("b", "1"), ("c", "1")], checkpoint: "old"), to: stream)
        _ = try await store.records.append(batch([("x", "1")], type: "customers"), to: stream)
        let generation = try await store.records.beginGeneration(of: "payments", in: stream, checkpoint: bytes("g0"))
        var outcome = try await store.records.append(batch([("a", "1"), ("b", "2")], checkpoint: "g1"), to: generation)
        #expect(outcome == AppendOutcome(updated: 1, unchanged: 1))
        if restarts {
            store.close()
            store = try DataDirectory.open(scratch.path)
        }
        let state = try #require(try await store.records.state(of: stream)?["payments"])
        #expect(state.generation == generation && state.generationCheckpoint == bytes("g1"))
        #expect(state.checkpoint == bytes("old") && state.recordCount == 3)
        _ = try await store.records.append(batch([("y", "1")], type: "customers"), to: stream)
        outcome = try await store.records.append(batch([("d", "1"), ("b", "2"), ("a", "1")]), to: generation)
        #expect(outcome == AppendOutcome(added: 1, unchanged: 2))
        let before = try await store.records.all(stream)
        #expect(before.changes.map(\.brief) == ["+a=1", "+b=1", "+c=1", "+x=1", "+y=1"])
        if restarts {
            store.close()
            store = try DataDirectory.open(scratch.path)
        }
        outcome = try await store.records.commit(generation, timestampMilliseconds: 9)
        #expect(outcome == AppendOutcome(deleted: 1))
        #expect(try await store.records.briefs(stream, after: before.next) == ["*b=2", "+d=1", "-c"])
        let after = try #require(try await store.records.state(of: stream)?["payments"])
        #expect(after.generation == nil && after.checkpoint == bytes("g1") && after.recordCount == 3)
        #expect(
            await failure { try await store.records.commit(generation, timestampMilliseconds: 9) }
                == .generationNotOpen(dataType: "payments"))
        #expect(
            try await store.records.append(batch([("a", "1"), ("c", "1")]), to: stream)
                == AppendOutcome(added: 1, unchanged: 1))
        store.close()
    }

    @Test("An abandoned generation leaves no trace")
    func anAbandonedGenerationLeavesNoTrace() async throws {
        let store = try DataDirectory.open(scratch.path)
        _ = try await store.records.append(batch([("a", "1"), ("b", "1")], checkpoint: "old"), to: stream)
        let first = try await store.records.beginGeneration(of: "payments", in: stream)
        _ = try await store.records.append(batch([("a", "2"), ("c", "1"), ("b", nil)], checkpoint: "g"), to: first)
        try await store.records.abandon(first)
        #expect(try await store.records.briefs(stream) == ["+a=1", "+b=1"])
        #expect(try await store.records.state(of: stream)?["payments"]?.checkpoint == bytes("old"))
        let second = try await store.records.beginGeneration(of: "payments", in: stream)
        let third = try await store.records.beginGeneration(of: "payments", in: stream)
        #expect(await failure { try await store.records.append(batch([("a", "1")]), to: first) } != nil)
        #expect(await failure { try await store.records.append(batch([("a", "1")]), to: second) } != nil)
        #expect(try await store.records.append(batch([("a", "1")]), to: third) == AppendOutcome(unchanged: 1))
        #expect(try await store.records.commit(third, timestampMilliseconds: 9) == AppendOutcome(deleted: 1))
        #expect(try await store.records.briefs(stream) == ["+a=1", "+b=1", "-b"])
        store.close()
    }

    @Test("A generation does not delete what was appended meanwhile", arguments: [false, true])
    func aGenerationDoesNotDeleteWhatWasAppendedMeanwhile(restarts: Bool) async throws {
        var store = try DataDirectory.open(scratch.path)
        _ = try await store.records.append(batch([("a", "1"), ("b", "1"), ("c", "1")]), to: stream)
        let generation = try await store.records.beginGeneration(of: "payments", in: stream)
        _ = try await store.records.append(batch([("new", "1"), ("b", "2"), ("c", "1")]), to: stream)
        if restarts {
            store.close()
            store = try DataDirectory.open(scratch.path)
        }
        #expect(try await store.records.commit(generation, timestampMilliseconds: 9) == AppendOutcome(deleted: 1))
        #expect(try await store.records.briefs(stream).suffix(3) == ["+new=1", "*b=2", "-a"])
        store.close()
    }

    @Test("A generation does not delete what it met without knowing its content", arguments: [false, true])
    func aGenerationDoesNotDeleteWhatItMetWithoutKnowingItsContent(restarts: Bool) async throws {
        var store = try DataDirectory.open(scratch.path)
        _ = try await store.records.append(batch([("a", "1"), ("b", "1"), ("c", "1")]), to: stream)
        let generation = try await store.records.beginGeneration(of: "payments", in: stream)
        var page = batch([("b", "2")])
        for id in ["a", "b", "unknown"] { page.meet(id: bytes(id)) }
        #expect(try await store.records.append(page, to: generation) == AppendOutcome(updated: 1))
        if restarts {
            store.close()
            store = try DataDirectory.open(scratch.path)
        }
        #expect(try await store.records.commit(generation, timestampMilliseconds: 9) == AppendOutcome(deleted: 1))
        #expect(try await store.records.briefs(stream) == ["+a=1", "+b=1", "+c=1", "*b=2", "-c"])
        // Without a generation it says nothing.
        var later = batch([])
        later.meet(id: bytes("a"))
        #expect(try await store.records.append(later, to: stream) == AppendOutcome())
        store.close()
    }

    @Test("What must not come between is refused while a generation is open")
    func whatMustNotComeBetweenIsRefusedWhileAGenerationIsOpen() async throws {
        let store = try DataDirectory.open(scratch.path)
        let records = store.records
        _ = try await records.append(batch([("a", "1")]), to: stream, unlessGenerationIsOpen: true)
        let generation = try await records.beginGeneration(of: "payments", in: stream)
        let letters = CompanionBatch(batch([("l", nil)], type: "~letters"))
        #expect(
            await failure {
                try await records.append(batch([("b", "1")]), with: letters, to: stream, unlessGenerationIsOpen: true)
            } == .generationOpen(dataType: "payments"))
        _ = try await records.append(batch([("x", "1")], type: "customers"), to: stream, unlessGenerationIsOpen: true)
        _ = try await records.append(batch([("a", "1")]), to: generation)
        _ = try await records.commit(generation, timestampMilliseconds: 9)
        _ = try await records.append(batch([("b", "1")]), to: stream, unlessGenerationIsOpen: true)
        #expect(try await records.briefs(stream) == ["+a=1", "+x=1", "+b=1"])
        store.close()
    }

    @Test("A generation can keep what it did not meet")
    func aGenerationCanKeepWhatItDidNotMeet() async throws {
        let store = try DataDirectory.open(scratch.path)
        _ = try await store.records.append(batch([("a", "1"), ("b", "1")]), to: stream)
        let first = try await store.records.beginGeneration(of: "payments", in: stream)
        _ = try await store.records.append(batch([("a", "2")]), to: first)
        #expect(
            try await store.records.commit(first, timestampMilliseconds: 9, unmet: .all(.kept)) == AppendOutcome())
        #expect(try await store.records.briefs(stream) == ["+a=1", "+b=1", "*a=2"])
        let second = try await store.records.beginGeneration(of: "payments", in: stream)
        _ = try await store.records.append(batch([("a", "2")]), to: second)
        #expect(try await store.records.commit(second, timestampMilliseconds: 9) == AppendOutcome(deleted: 1))
        store.close()
    }

    @Test("An empty generation deletes everything")
    func anEmptyGenerationDeletesEverything() async throws {
        let store = try DataDirectory.open(scratch.path)
        let ids = (0..<3000).map { ("\($0)", "1" as String?) }
        _ = try await store.records.append(batch(ids), to: stream)
        _ = try await store.records.append(batch([("x", "1")], type: "customers"), to: stream)
        let generation = try await store.records.beginGeneration(of: "payments", in: stream)
        #expect(try await store.records.commit(generation, timestampMilliseconds: 9) == AppendOutcome(deleted: 3000))
        let state = try #require(try await store.records.state(of: stream))
        #expect(state["payments"]?.recordCount == 0 && state["customers"]?.recordCount == 1)
        let deleted = try await store.records.all(stream, limit: 500).changes.filter { $0.kind == .deleted }
        #expect(Set(deleted.map(\.id)).count == 3000)
        #expect(deleted.allSatisfy { $0.timestampMilliseconds == 9 && $0.sourceID == bytes("src-") + $0.id })
        store.close()
    }

    @Test("An erased stream is gone and its cursors with it")
    func anErasedStreamIsGoneAndItsCursorsWithIt() async throws {
        let store = try DataDirectory.open(scratch.path)
        _ = try await store.records.append(batch([("a", "1")]), to: stream)
        let cursor = try await store.records.read(stream, after: .start).next
        try await store.records.erase(stream)
        #expect(Scratch.tree(scratch.path + "/records").count == 1)
        #expect(await failure { try await store.records.read(stream, after: cursor) } == .invalidCursor)
        #expect(try await store.records.append(batch([("b", "1")]), to: stream) == AppendOutcome(added: 1))
        #expect(try await store.records.briefs(stream) == ["+b=1"])
        #expect(await failure { try await store.records.read(stream, after: cursor) } == .invalidCursor)
        try await store.records.erase(StreamID("never-made"))
        store.close()
    }

    @Test("Ids and payloads are bytes")
    func idsAndPayloadsAreBytes() async throws {
        let store = try DataDirectory.open(scratch.path)
        var batch = RecordBatch(dataType: "é")
        let odd: [UInt8] = [0xff, 0, 10]
        batch.upsert(id: odd, timestampMilliseconds: .min, payload: [])
        batch.upsert(id: bytes("é"), timestampMilliseconds: .max, payload: odd)
        batch.upsert(id: bytes("e\u{301}"), timestampMilliseconds: 0, payload: odd)
        struct Refused: Error {}
        #expect(throws: Refused.self) {
            try batch.upsert(id: [1], timestampMilliseconds: 0) { (out: inout [UInt8]) throws(Refused) in
                out += [9, 9]
                throw Refused()
            }
        }
        #expect(try await store.records.append(batch, to: stream) == AppendOutcome(added: 3))
        let changes = try await store.records.read(stream, after: .start, dataType: "é").changes
        #expect(changes.map(\.id) == [odd, bytes("é"), bytes("e\u{301}")] && changes.map(\.payload) == [[], odd, odd])
        #expect(try await store.records.read(stream, after: .start, dataType: "e\u{301}").changes.isEmpty)
        store.close()
    }

    @Test("An open stream keeps no large buffers of a large page, and small pages keep theirs")
    func buffersAfterLargePages() async throws {
        let store = try DataDirectory.open(scratch.path)
        var kept: [Int] = []
        for payload in [String(repeating: "a", count: 2 << 20), String(repeating: "b", count: 100)] {
            var page = batch([("a", payload), ("b", payload)], checkpoint: "c")
            page.upsert(id: bytes("c"), timestampMilliseconds: 1, payload: bytes(payload))
            let letters = CompanionBatch(batch([("l", payload)], type: "~letters"))
            _ = try await store.records.append(page, with: letters, to: stream)
            let open = try #require(store.records.open.find(stream))
            kept.append(open.writer.withLock { $0.builder.capacityBytes })
        }
        #expect(kept[0] <= 4 * RecordLimits.frameBufferBytesKept && kept[1] > 0, "\(kept)")
        store.close()
        // What was written in two parts is read as one.
        let again = try DataDirectory.open(scratch.path)
        let changes = try await again.records.all(stream, limit: 1).changes
        #expect(changes.map(\.payload.count) == [2 << 20, 2 << 20, 2 << 20, 100, 100, 100])
        #expect(try await again.check().problems == [])
        again.close()
    }

    @Test("Impossible batches are refused")
    func impossibleBatchesAreRefused() async throws {
        let store = try DataDirectory.open(scratch.path)
        for type in ["", "a b", "line\n", String(repeating: "x", count: 129)] {
            #expect(await failure { try await store.records.append(batch([], type: type), to: stream) } != nil)
        }
        #expect(await failure { try await store.records.append(batch([("", "1")]), to: stream) } != nil)
        #expect(await failure { try await store.records.append(batch([]), to: StreamID([])) } != nil)
        let large = RecordBatch(
            dataType: "a", checkpoint: [UInt8](repeating: 0, count: RecordLimits.checkpointBytesMax + 1))
        #expect(await failure { try await store.records.append(large, to: stream) } != nil)
        let start = RecordCursor.start.text
        for text in ["", "1-", "start", start + "0", "2" + start.dropFirst(), String(start.dropLast()) + "G"] {
            #expect(RecordCursor(text) == nil)
        }
        #expect(RecordCursor(RecordCursor.start.text) == .start)
        #expect(
            await failure {
                try await store.records.read(
                    stream, after: RecordCursor(epoch: 5, sequence: 1, base: 0, compactions: 0, check: 9))
            } == .invalidCursor)
        store.close()
    }
}

extension AppendOutcome {
    init(added: Int = 0, updated: Int = 0, unchanged: Int = 0, deleted: Int = 0) {
        self.init()
        self.added = added
        self.updated = updated
        self.unchanged = unchanged
        self.deleted = deleted
    }
}
