// Batches that are appended in one step with a page or a commit: both or neither, for readers, after a crash, and after an error.

import Glibc
import Storage
import StoreFiles
import Testing

@testable import RecordStore

@Suite("Companion", .timeLimit(.minutes(2)))
struct CompanionTests {
    let stream = StreamID("conn")

    private func notes(_ records: [(String, String?)], checkpoint: String? = nil) -> RecordBatch {
        batch(records, type: "~notes", checkpoint: checkpoint)
    }

    /// The notes that there are now.
    private func current(_ records: Records) async throws -> [String] {
        try await records.current(stream, dataType: "~notes").records.map(\.brief)
    }

    @Test("A reserved type is read by name only")
    func aReservedTypeIsReadByNameOnly() async throws {
        let scratch = Scratch()
        let store = try DataDirectory.open(scratch.path)
        let outcome = try await store.records.append(
            batch([("a", "1"), ("b", "1")], checkpoint: "1"), with: CompanionBatch(notes([("n", "1")])), to: stream)
        #expect(outcome == AppendOutcome(added: 2))
        _ = try await store.records.append(batch([("c", "1")]), to: stream)
        #expect(try await store.records.briefs(stream) == ["+a=1", "+b=1", "+c=1"])
        #expect(try await store.records.briefs(stream, dataType: "~notes") == ["+n=1"])
        #expect(try await store.records.state(of: stream)?["payments"]?.checkpoint == bytes("1"))
        store.close()
    }

    @Test("What there is now is given in pages without what is gone or replaced")
    func whatThereIsNowIsGivenInPagesWithoutWhatIsGoneOrReplaced() async throws {
        let scratch = Scratch()
        let store = try DataDirectory.open(scratch.path)
        for round in 1...3 {
            _ = try await store.records.append(
                notes((1...9).map { ("n\($0)", "\(round)") }, checkpoint: "\(round)"), to: stream)
        }
        _ = try await store.records.append(notes([("n4", nil), ("n2", "4")]), to: stream)
        let expected = ["n1", "n3", "n5", "n6", "n7", "n8", "n9", "n2"]
        for round in 0..<2 {
            var found: [String] = []
            var position: UInt64? = 0
            while let after = position {
                let page = try await store.records.current(stream, dataType: "~notes", after: after, limit: 3)
                #expect(page.records.count <= 3)
                #expect(page.lastSequence == 29)
                found += page.records.map { String(decoding: $0.id, as: UTF8.self) }
                position = page.next
            }
            #expect(found == expected, "\(round)")
            let wanted = try await store.records.current(
                stream, dataType: "~notes", withPayloads: false, where: { id, source in id.last == source.last })
            #expect(wanted.records.count == 8)
            #expect(wanted.records.allSatisfy { $0.payload.isEmpty })
            try await store.records.compact(stream)
        }
        #expect(try await store.records.current(stream, dataType: "~others").records.isEmpty)
        #expect(try await store.records.current(StreamID("none"), dataType: "~notes").records.isEmpty)
        store.close()
    }

    @Test("A companion of an outdated reader appends nothing")
    func aCompanionOfAnOutdatedReaderAppendsNothing() async throws {
        let scratch = Scratch()
        let store = try DataDirectory.open(scratch.path)
        _ = try await store.records.append(notes([("n", "1")]), to: stream)
        let last = try await store.records.current(stream, dataType: "~notes").lastSequence
        _ = try await store.records.append(
            batch([("a", "1")]), with: CompanionBatch(notes([("n", nil)]), expectedLastSequence: last), to: stream)
        let error = await failure {
            try await store.records.append(
                batch([("a", "2")]), with: CompanionBatch(notes([("n", "2")]), expectedLastSequence: last), to: stream)
        }
        #expect(error == .conflict(expected: .revision(1), found: 2))
        #expect(try await store.records.briefs(stream) == ["+a=1"])
        #expect(try await current(store.records) == [])
        store.close()
    }

    @Test("A commit and its companion are one step")
    func aCommitAndItsCompanionAreOneStep() async throws {
        let scratch = Scratch()
        var store = try DataDirectory.open(scratch.path)
        _ = try await store.records.append(
            batch([("a", "1"), ("b", "1")]), with: CompanionBatch(notes([("n", "1")])), to: stream)
        let generation = try await store.records.beginGeneration(of: "payments", in: stream)
        _ = try await store.records.append(
            batch([("a", "2"), ("c", "1")]), with: CompanionBatch(notes([("m", "1")])), to: generation)
        #expect(try await store.records.briefs(stream) == ["+a=1", "+b=1"])
        #expect(try await current(store.records) == ["+n=1", "+m=1"])
        _ = try await store.records.commit(
            generation, timestampMilliseconds: 5, with: CompanionBatch(notes([("n", nil)])))
        for _ in 0..<2 {
            #expect(try await store.records.briefs(stream) == ["+a=1", "+b=1", "*a=2", "+c=1", "-b"])
            #expect(try await current(store.records) == ["+m=1"])
            #expect(try await store.check().isSound)
            store.close()
            store = try DataDirectory.open(scratch.path)
        }
        store.close()
    }

    @Test("A step torn at any byte leaves both or neither")
    func aStepTornAtAnyByteLeavesBothOrNeither() async throws {
        let scratch = Scratch()
        var store = try DataDirectory.open(scratch.path)
        _ = try await store.records.append(batch([("a", "1")], checkpoint: "1"), to: stream)
        _ = try await store.records.append(notes([("m", "1")]), to: stream)
        let segment = scratch.path + "/" + (try #require(Scratch.tree(scratch.path).last { $0.hasSuffix(".seg") }))
        let manifestPath =
            scratch.path + "/" + (try #require(Scratch.tree(scratch.path).last { $0.hasSuffix("/manifest") }))
        let first = try #require(Scratch.read(segment)).count
        _ = try await store.records.append(
            batch([("a", "2"), ("b", "1")], checkpoint: "2"),
            with: CompanionBatch(notes([("m", nil), ("n", "1")], checkpoint: "7")), to: stream)
        let manifest = try #require(Scratch.read(manifestPath))
        store.close()
        let whole = try #require(Scratch.read(segment))
        for length in first..<whole.count {
            for filler in [nil, 0] as [UInt8?] {
                Scratch.write(manifest, to: manifestPath)
                let rest = filler.map { [UInt8](repeating: $0, count: whole.count - length) } ?? []
                Scratch.write(Array(whole[..<length]) + rest, to: segment)
                store = try DataDirectory.open(scratch.path)
                #expect(try await store.records.briefs(stream) == ["+a=1"], "\(length)")
                #expect(try await current(store.records) == ["+m=1"], "\(length)")
                #expect(try await store.records.state(of: stream)?["payments"]?.checkpoint == bytes("1"))
                _ = try await store.records.append(
                    batch([("a", "2")]), with: CompanionBatch(notes([("n", "2")])), to: stream)
                #expect(try await store.records.briefs(stream) == ["+a=1", "*a=2"])
                #expect(try await current(store.records) == ["+m=1", "+n=2"])
                store.close()
            }
        }
        Scratch.write(manifest, to: manifestPath)
        Scratch.write(whole, to: segment)
        store = try DataDirectory.open(scratch.path)
        #expect(try await store.records.briefs(stream) == ["+a=1", "*a=2", "+b=1"])
        #expect(try await current(store.records) == ["+n=1"])
        store.close()
    }

    @Test("After an error at any call both are there or neither", arguments: [FileCall.write, .fdatasync, .truncate])
    func afterAnErrorAtAnyCallBothAreThereOrNeither(call: FileCall) async throws {
        for code in [EIO, ENOSPC] {
            for nth in 1...40 {
                let scratch = Scratch()
                let plan = CountedFault(.error(code), at: [call, .truncate], nth: nth)
                if let store = try? DataDirectory.open(scratch.path, faults: plan) {
                    for step in 1...4 {
                        _ = await failure {
                            try await store.records.append(
                                batch([("p\(step)", "1")]), with: CompanionBatch(notes([("n\(step)", "1")])),
                                to: stream)
                        }
                        let pages = try? await store.records.briefs(stream)
                        let kept = try? await store.records.briefs(stream, dataType: "~notes")
                        #expect(pages?.count == kept?.count, "\(call) \(code) \(nth) \(step)")
                    }
                    store.close()
                }
                let store = try DataDirectory.open(scratch.path)
                let pages = try await store.records.briefs(stream)
                #expect(try await current(store.records).count == pages.count, "\(call) \(code) \(nth)")
                store.close()
                if plan.count < nth { break }
            }
        }
    }
}
