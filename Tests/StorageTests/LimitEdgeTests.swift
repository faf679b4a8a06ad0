// The limits of names, batches and pages of the store from both sides.

import Storage
import StoreFiles
import Testing

@testable import DocumentStore
@testable import RecordStore

@Suite("Limits of the store", .timeLimit(.minutes(2)))
struct LimitEdgeTests {
    let scratch = Scratch()
    let stream = StreamID("conn-1Ab")

    private static func text(_ count: Int) -> String { String(repeating: "a", count: count) }

    @Test("Names up to their limits are good, and longer ones are not", arguments: [0, 1])
    func names(excess: Int) {
        let collection = Self.text(StoreLimits.collectionBytesMax + excess)
        let dataType = Self.text(RecordLimits.dataTypeBytesMax + excess)
        let checkpoint = [UInt8](repeating: 0, count: RecordLimits.checkpointBytesMax + excess)
        let id = bytes(Self.text(StoreLimits.idBytesMax + excess))
        let good = [
            (try? batch([(String(decoding: id, as: UTF8.self), nil)]).validate()) != nil,
            (try? DocumentLocation.validate(collection: collection)) != nil,
            DocumentLocation.isPlain(bytes(Self.text(StoreLimits.plainNameBytesMax + excess))),
            (try? RecordBatch.validate(dataType: dataType)) != nil,
            (try? RecordBatch.validate(checkpoint: checkpoint)) != nil,
        ]
        #expect(good == Array(repeating: excess == 0, count: good.count))
    }

    @Test("A batch up to its records and bytes is stored, and a larger one is refused", arguments: [0, 1])
    func batches(excess: Int) async throws {
        let store = try DataDirectory.open(scratch.path)
        let many = batch((0..<(RecordLimits.batchRecordsMax + excess)).map { (String($0), "1") })
        let keys = "a".utf8.count + "src-a".utf8.count
        let large = batch([("a", Self.text(RecordLimits.batchBytesMax - keys + excess))])
        #expect(large.byteCount == RecordLimits.batchBytesMax + excess)
        for full in [many, large] {
            let error = await failure { try await store.records.append(full, to: stream) }
            #expect((error == nil) == (excess == 0), "\(String(describing: error))")
        }
        store.close()
    }

    @Test("A document has a summary up to its size, and no larger one")
    func summaries() async throws {
        let store = try DataDirectory.open(scratch.path)
        for excess in [0, 1] {
            let summary = bytes("\"" + Self.text(DocumentLimits.summaryBytesMax - 2 + excess) + "\"")
            let error = await failure {
                try await store.documents.save(.user("a"), bytes("{}"), expecting: .any, summary: summary)
            }
            #expect((error == nil) == (excess == 0))
        }
        store.close()
    }

    @Test("A stream has its number of data types, and no further one")
    func dataTypes() async throws {
        let store = try DataDirectory.open(scratch.path)
        for number in 0..<RecordLimits.dataTypesMax {
            _ = try await store.records.append(batch([], type: "type-\(number)", checkpoint: "1"), to: stream)
        }
        #expect(
            await failure { try await store.records.append(batch([], type: "more", checkpoint: "1"), to: stream) }
                != nil)
        _ = try await store.records.append(batch([("a", "1")], type: "type-0"), to: stream)
        store.close()
    }

    @Test("A page of changes or records ends at its limit, in number and in bytes, and the next one follows")
    func pages() async throws {
        let store = try DataDirectory.open(scratch.path)
        let records = store.records
        let count = RecordLimits.recordPageMax
        _ = try await records.append(batch((0..<count).map { (String($0), "1") }), to: stream)
        let whole = try await records.current(stream, dataType: "payments", limit: count + 1)
        #expect(whole.records.count == count && whole.next == nil)
        _ = try await records.append(batch([("more", "1")]), to: stream)
        let cut = try await records.current(stream, dataType: "payments", limit: count + 1)
        #expect(cut.records.count == count && cut.next != nil)
        let changes = try await records.read(stream, after: .start, limit: count)
        #expect(changes.changes.count == RecordLimits.changePageMax && changes.hasMore)

        let other = StreamID("conn-2Ab")
        let half = RecordLimits.changePageBytesMax / 2
        _ = try await records.append(batch([("a", Self.text(half)), ("b", Self.text(half - 1)), ("c", "")]), to: other)
        #expect(try await records.read(other, after: .start).changes.count == 3)
        _ = try await records.append(batch([("d", Self.text(half)), ("e", Self.text(half)), ("f", "1")]), to: other)
        let first = try await records.read(other, after: .start)
        #expect(first.changes.count == 4 && first.hasMore, "the fourth passes the bound, and ends the page")
        store.close()
    }

    @Test("A page passes over a bounded number of changes of another time")
    func changesLookedAt() async throws {
        let store = try DataDirectory.open(scratch.path)
        let count = RecordLimits.changesLookedAtMax
        for start in stride(from: 0, to: count, by: RecordLimits.batchRecordsMax) {
            let end = min(count, start + RecordLimits.batchRecordsMax)
            _ = try await store.records.append(batch((start..<end).map { (String($0), "1") }), to: stream)
        }
        // Those above have the time 1,000, deletions 2,000.
        _ = try await store.records.append(batch([("0", nil)]), to: stream)
        let first = try await store.records.read(stream, after: .start, since: 2_000)
        #expect(first.changes.isEmpty && first.hasMore)
        let second = try await store.records.read(stream, after: first.next, since: 2_000)
        #expect(second.changes.map(\.brief) == ["-0"] && !second.hasMore)
        store.close()
    }

    @Test("The last deletions are remembered one by one, and earlier ones share a floor")
    func deletions() {
        let deleted = DeletedRevisions()
        for number in 0..<DocumentLimits.rememberedDeletionsMax {
            deleted.remember(.user("user-\(number)"), revision: UInt64(number + 1))
        }
        #expect(deleted.firstRevision(of: .user("user-0")) == 2 && deleted.firstRevision(of: .user("other")) == 1)
        deleted.remember(.user("more"), revision: 1)
        let floor = UInt64(DocumentLimits.rememberedDeletionsMax) + 1
        #expect(deleted.firstRevision(of: .user("user-0")) == floor)
        #expect(deleted.firstRevision(of: .user("other")) == floor)
    }
}
