// Records out of reach and volatile bytes: kept over restarts, compaction and generations, and compared as they should be.

import Foundation
import Storage
import StoreFiles
import Testing

@testable import RecordStore

@Suite("Marks of records", .timeLimit(.minutes(2)))
struct RecordMarksTests {
    let scratch = Scratch()
    let stream = StreamID("conn-1Ab")

    private func volatile(_ id: String, _ stable: String, _ rest: String) -> RecordBatch {
        var batch = RecordBatch(dataType: "payments")
        batch.upsert(
            id: bytes(id), timestampMilliseconds: 1, payload: bytes(stable + rest), volatileBytes: rest.utf8.count)
        return batch
    }

    @Test("A change of volatile bytes alone is no change, and they keep the value of the last one")
    func volatileBytes() async throws {
        var store = try DataDirectory.open(scratch.path)
        for (stable, rest) in [("a", "1"), ("a", "2"), ("b", "333"), ("b", ""), ("b", "4")] {
            _ = try await store.records.append(volatile("x", stable, rest), to: stream)
        }
        #expect(try await store.records.briefs(stream) == ["+x=a1", "*x=b333"])
        store.close()
        store = try DataDirectory.open(scratch.path)
        let again = try await store.records.append(volatile("x", "b", "5"), to: stream)
        #expect(again.unchanged == 1)
        _ = try await store.records.compact(stream)
        #expect(try await store.records.briefs(stream) == ["+x=b333"])
        #expect(try await store.records.append(volatile("x", "c", "6"), to: stream).updated == 1)
        store.close()
    }

    @Test("A record out of reach keeps its content, and its return is a change")
    func outOfReach() async throws {
        var store = try DataDirectory.open(scratch.path)
        _ = try await store.records.append(batch([("a", "1"), ("b", "1"), ("c", "1")]), to: stream)
        _ = try await store.records.append(volatile("d", "1", "v"), to: stream)
        var generation = try await store.records.beginGeneration(of: "payments", in: stream)
        _ = try await store.records.append(batch([("a", "1")]), to: generation)
        #expect(try await store.records.unmetCount(of: generation) == 3)
        let ids = try await store.records.surveyUnmet(of: generation, into: [String]()) { ids, record in
            ids.append(String(decoding: record.id + record.payload, as: UTF8.self))
        }
        #expect(ids.sorted() == ["b1", "c1", "d1v"])
        let fates: UnmetPolicy = .each { $0.id == bytes("c") ? .deleted : .outOfReach }
        let outcome = try await store.records.commit(generation, timestampMilliseconds: 9, unmet: fates)
        #expect(outcome.updated == 2 && outcome.deleted == 1)
        func marked() async throws -> [String] {
            try await store.records.all(stream).changes.map { $0.brief + ($0.isOutOfReach ? "?" : "") }
        }
        #expect(try await marked() == ["+a=1", "+b=1", "+c=1", "+d=1v", "*b=1?", "-c", "*d=1v?"])
        store.close()

        store = try DataDirectory.open(scratch.path)
        _ = try await store.records.compact(stream)
        #expect(try await marked() == ["+a=1", "+b=1?", "+d=1v?"])
        // A second generation that does not meet them either changes nothing.
        generation = try await store.records.beginGeneration(of: "payments", in: stream)
        _ = try await store.records.append(batch([("a", "1")]), to: generation)
        #expect(
            try await store.records.commit(generation, timestampMilliseconds: 9, unmet: .all(.outOfReach))
                == AppendOutcome())
        // One that meets them does, also over another restart.
        generation = try await store.records.beginGeneration(of: "payments", in: stream)
        _ = try await store.records.append(batch([("a", "1"), ("b", "1")]), to: generation)
        store.close()
        store = try DataDirectory.open(scratch.path)
        _ = try await store.records.commit(generation, timestampMilliseconds: 9, unmet: .all(.kept))
        #expect(try await marked() == ["+a=1", "+b=1?", "+d=1v?", "*b=1"])
        store.close()
    }

    @Test("A stream says by its form that it has marks, and keeps the earlier form without any")
    func schema() async throws {
        let store = try DataDirectory.open(scratch.path)
        _ = try await store.records.append(batch([("a", "1")]), to: stream)
        func title() throws -> String? {
            let root = scratch.path + "/records"
            let path = try #require(FileManager.default.subpaths(atPath: root)?.first { $0.hasSuffix("/manifest") })
            return try String(contentsOfFile: "\(root)/\(path)", encoding: .utf8).split(separator: "\n").first.map(
                String.init)
        }
        #expect(try title() == "integration-host record stream 1")
        _ = try await store.records.append(volatile("b", "1", "2"), to: stream)
        #expect(try title() == "integration-host record stream 2")
        store.close()
    }
}
