// Compaction: fewer changes, the same records for every reader wherever it stands.

import Glibc
import Storage
import StoreFiles
import TestSupport
import Testing

@testable import RecordStore

@Suite("Compaction", .timeLimit(.minutes(2)))
struct CompactionTests {
    let scratch = Scratch()
    let stream = StreamID("conn")

    /// What a reader has after applying changes to what it had.
    private func apply(_ changes: [RecordChange], to state: [String: String]) -> [String: String] {
        var state = state
        for change in changes {
            let id = change.dataType + "/" + String(decoding: change.id, as: UTF8.self)
            state[id] = change.kind == .deleted ? nil : String(decoding: change.payload, as: UTF8.self)
        }
        return state
    }

    /// A stream with a long history of a few records, made from a fixed series of random numbers.
    private func fill(_ records: Records, rounds: Int) async throws {
        var random: UInt64 = 88_172_645_463_325_252
        for round in 0..<rounds {
            var changes: [(String, String?)] = []
            for _ in 0..<5 {
                random ^= random << 13
                random ^= random >> 7
                random ^= random << 17
                changes.append(("r\(random % 23)", random >> 20 & 3 == 0 ? nil : "\(round)"))
            }
            _ = try await records.append(
                batch(changes, type: round % 3 == 0 ? "customers" : "payments", checkpoint: "c\(round)"), to: stream)
        }
    }

    @Test("Every reader ends with the same records wherever it stood")
    func everyReaderEndsWithTheSameRecordsWhereverItStood() async throws {
        let store = try DataDirectory.open(scratch.path)
        try await fill(store.records, rounds: 120)
        let whole = try await store.records.all(stream).changes
        let final = apply(whole, to: [:])
        let last = try #require(whole.last?.sequence)
        for step in 0..<3 {
            let outcome = try await store.records.compact(stream)
            #expect(outcome.changesAfter <= 46 && outcome.bytesAfter <= outcome.bytesBefore, "\(step)")
            for position in stride(from: 0, through: last, by: 7) {
                let seen = apply(whole.filter { $0.sequence <= position }, to: [:])
                let place = try #require(store.records.open.find(stream))
                let rest = try await store.records.all(
                    stream, after: place.cursor(position, base: 0, compactions: 0, dataType: nil), limit: 5
                ).changes
                #expect(apply(rest, to: seen) == final, "at \(position)")
                for change in rest where change.kind != .deleted {
                    let id = change.dataType + "/" + String(decoding: change.id, as: UTF8.self)
                    #expect(change.kind == .added || seen[id] != nil, "\(id) at \(position)")
                }
            }
            let fresh = try await store.records.all(stream).changes
            #expect(fresh.count == final.count && fresh.allSatisfy { $0.kind == .added })
            #expect(try await store.records.state(of: stream)?["payments"]?.checkpoint == bytes("c119"))
            #expect(try await store.records.state(of: stream)?["customers"]?.checkpoint == bytes("c117"))
        }
        store.close()
    }

    @Test("A compacted stream goes on as before")
    func aCompactedStreamGoesOnAsBefore() async throws {
        var store = try DataDirectory.open(scratch.path)
        try await fill(store.records, rounds: 40)
        let before = try await store.records.all(stream)
        let records = apply(before.changes, to: [:])
        let generation = try await store.records.beginGeneration(of: "payments", in: stream)
        #expect(try await store.records.compact(stream).changesAfter == before.changes.count)
        try await store.records.abandon(generation)
        try await store.records.compact(stream)
        store.close()
        store = try DataDirectory.open(scratch.path)
        #expect(apply(try await store.records.all(stream).changes, to: [:]) == records)
        #expect(try await store.records.state(of: stream)?.lastSequence == before.changes.last?.sequence)
        // Known contents are unchanged, and a generation number never comes again.
        for (id, payload) in records where id.hasPrefix("payments/") {
            let known = batch([(String(id.dropFirst("payments/".count)), payload)])
            #expect(try await store.records.append(known, to: stream) == AppendOutcome(unchanged: 1))
        }
        let next = try await store.records.beginGeneration(of: "payments", in: stream)
        #expect(next.number > generation.number)
        _ = try await store.records.append(batch([("new", "1")]), to: next)
        _ = try await store.records.commit(next, timestampMilliseconds: 1)
        let after = apply(try await store.records.all(stream, after: before.next).changes, to: records)
        #expect(after.keys.filter { $0.hasPrefix("payments/") } == ["payments/new"])
        store.close()
    }

    @Test("A reader in the middle of a page is not disturbed")
    func aReaderInTheMiddleOfAPageIsNotDisturbed() async throws {
        let store = try DataDirectory.open(scratch.path)
        try await fill(store.records, rounds: 100)
        let final = apply(try await store.records.all(stream).changes, to: [:])
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { [records = store.records] in
                for _ in 0..<20 { try await records.compact(stream) }
            }
            for _ in 0..<4 {
                group.addTask { [records = store.records] in
                    for _ in 0..<20 {
                        let changes = try await records.all(stream, limit: 3).changes
                        #expect(apply(changes, to: [:]) == final)
                    }
                }
            }
            try await group.waitForAll()
        }
        store.close()
    }

    @Test(
        "After an error at any call of a compaction nothing is missing",
        arguments: [FileCall.write, .fdatasync, .fsync, .open, .rename, .unlink])
    func afterAnErrorAtAnyCallOfACompactionNothingIsMissing(call: FileCall) async throws {
        for code in [EIO, ENOSPC] {
            for nth in 1...40 {
                let scratch = Scratch()
                let plan = CountedFault(.error(code), at: [call], nth: nth)
                plan.stop()
                let store = try DataDirectory.open(scratch.path, faults: plan)
                try await fill(store.records, rounds: 20)
                let final = apply(try await store.records.all(stream).changes, to: [:])
                plan.start()
                _ = await failure { try await store.records.compact(stream) }
                plan.stop()
                #expect(apply(try await store.records.all(stream).changes, to: [:]) == final)
                store.close()
                let again = try DataDirectory.open(scratch.path)
                #expect(apply(try await again.records.all(stream).changes, to: [:]) == final, "\(call) \(code) \(nth)")
                _ = try await again.records.append(batch([("z", "1")]), to: stream)
                again.close()
                if plan.count < nth { break }
            }
        }
    }

    @Test("A long history is compacted by itself")
    func aLongHistoryIsCompactedByItself() async throws {
        let store = try DataDirectory.open(scratch.path)
        for round in 0..<25 {
            _ = try await store.records.append(batch((0..<1000).map { ("\($0)", "\(round)") }), to: stream)
        }
        // It happens behind the appends, at its own pace.
        try await waitUntil("the compaction") { try await (store.records.state(of: stream)?.bytes ?? .max) < 400_000 }
        #expect(try await store.records.state(of: stream)?["payments"]?.recordCount == 1000)
        store.close()
    }
}
