// Compactions while others read, write and erase: nothing is lost, nobody waits for more than the last step, and a process that
// dies in the middle leaves the stream as it was or compacted.

import Glibc
import Storage
import StoreFiles
import Synchronization
import TestSupport
import Testing

@testable import RecordStore

@Suite("Background compaction", .timeLimit(.minutes(2)))
struct BackgroundCompactionTests {
    let stream = StreamID("conn")

    /// What there is after all changes: payload by data type and id.
    private func state(_ records: Records, after cursor: RecordCursor = .start) async throws -> [String: String] {
        var state: [String: String] = [:]
        for change in try await records.all(stream, after: cursor, limit: 500).changes {
            let id = change.dataType + "/" + String(decoding: change.id, as: UTF8.self)
            state[id] = change.kind == .deleted ? nil : String(decoding: change.payload, as: UTF8.self)
        }
        return state
    }

    @Test("What is appended while a compaction runs is all there")
    func whatIsAppendedWhileACompactionRunsIsAllThere() async throws {
        let scratch = Scratch()
        var store = try DataDirectory.open(scratch.path)
        for round in 0..<60 {
            _ = try await store.records.append(batch((0..<50).map { ("r\($0)", "\(round)") }), to: stream)
        }
        let half = try await store.records.all(stream).next
        let compactor = Task { [records = store.records, stream] in
            for _ in 0..<30 { _ = try? await records.compact(stream) }
        }
        var round = 0
        // As long as the compactions take, and a while longer.
        let isDone = Flag()
        Task {
            await compactor.value
            isDone.set()
        }
        while !isDone.isSet || round < 40 {
            round += 1
            _ = try await store.records.append(
                batch((0..<5).map { ("r\($0)", "w\(round)") } + [("new\(round)", "1")], checkpoint: "\(round)"),
                with: CompanionBatch(batch([("n\(round % 7)", "\(round)")], type: "~notes")), to: stream)
            if round % 10 == 0 {
                let generation = try await store.records.beginGeneration(of: "customers", in: stream)
                _ = try await store.records.append(
                    batch([("c", "\(round)"), ("c\(round)", "1")], type: "customers", checkpoint: "g"),
                    to: generation)
                _ = try await store.records.commit(generation, timestampMilliseconds: 1)
            }
        }
        let written = try await state(store.records)
        for number in 0..<5 { #expect(written["payments/r\(number)"] == "w\(round)") }
        #expect(try await store.records.state(of: stream)?["payments"]?.checkpoint == bytes("\(round)"))
        #expect(try await store.records.state(of: stream)?["payments"]?.recordCount == 50 + round)
        let last = try await state(store.records)
        #expect(last.keys.filter { $0.hasPrefix("customers/") }.count == 2)
        // A reader that was in the middle before all of it gets what changed since, and a new one gets everything.
        let later = try await state(store.records, after: half)
        #expect(later.allSatisfy { last[$0.key] == $0.value })
        #expect(try await store.records.current(stream, dataType: "~notes").records.count == 7)
        for _ in 0..<2 {
            #expect(try await store.check().isSound)
            store.close()
            store = try DataDirectory.open(scratch.path)
            #expect(try await state(store.records) == last)
            try await store.records.compact(stream)
        }
        store.close()
    }

    @Test("An erasure ends a compaction and leaves nothing")
    func anErasureEndsACompactionAndLeavesNothing() async throws {
        let scratch = Scratch()
        let store = try DataDirectory.open(scratch.path)
        for attempt in 0..<20 {
            for round in 0..<8 {
                _ = try await store.records.append(
                    batch((0..<200).map { ("r\($0)", "\(round)") }), to: stream)
            }
            async let compaction = failure { try await store.records.compact(stream) }
            if attempt % 2 == 0 { await Task.yield() }
            try await store.records.erase(stream)
            _ = await compaction
            #expect(Scratch.tree(scratch.path).filter { $0.hasSuffix(".seg") || $0.contains("erased") } == [])
            #expect(try await store.records.all(stream).changes.isEmpty)
        }
        store.close()
    }

    @Test("A stream that is mostly marks of unchanged records is worth compacting")
    func aStreamThatIsMostlyMarksOfUnchangedRecordsIsWorthCompacting() async throws {
        let scratch = Scratch()
        let store = try DataDirectory.open(scratch.path)
        let records = (0..<5000).map { ("r\($0)", Optional("1")) }
        for _ in 0..<60 {
            let generation = try await store.records.beginGeneration(of: "payments", in: stream)
            _ = try await store.records.append(batch(records, checkpoint: "1"), to: generation)
            _ = try await store.records.commit(generation, timestampMilliseconds: 1)
        }
        // 60 readings leave 80 kB of marks each; the records themselves are 200 kB.
        try await waitUntil("the compaction") {
            store.records.compactIfWorthwhile(stream)
            return try await (store.records.state(of: stream)?.bytes ?? .max) < 4_500_000
        }
        #expect(try await store.records.state(of: stream)?["payments"]?.recordCount == 5000)
        #expect(try await store.records.all(stream, limit: 1000).changes.count == 5000)
        store.close()
    }

    /// Copies a directory as it is at this moment.
    private func image(of path: String, in copy: String) {
        unsafe mkdir(copy, 0o700)
        for name in Scratch.names(path) {
            let (from, to) = (path + "/" + name, copy + "/" + name)
            if Scratch.isDirectory(from) {
                image(of: from, in: to)
            } else if let bytes = Scratch.read(from) {
                Scratch.write(bytes, to: to)
            }
        }
    }

    @Test("Wherever a process dies in a compaction the stream is whole")
    func whereverAProcessDiesInACompactionTheStreamIsWhole() async throws {
        let scratch = Scratch()
        var images = 0
        for nth in 1...200 {
            let path = scratch.path + "/\(nth)"
            let copy = scratch.path + "/image-\(nth)"
            // The image is what a process leaves that is killed before the nth call of the compaction.
            let plan = ImageBeforeCall(nth) { self.image(of: path, in: copy) }
            let store = try DataDirectory.open(path, faults: plan)
            for round in 0..<12 {
                _ = try await store.records.append(
                    batch(
                        (0..<30).map { ("r\($0)", round == 11 && $0 < 5 ? nil : "\(round)") }, checkpoint: "\(round)"),
                    to: stream)
            }
            let wanted = try await state(store.records)
            plan.start()
            try await store.records.compact(stream)
            let isReached = plan.stop()
            store.close()
            guard isReached else { break }
            images += 1
            let again = try DataDirectory.open(copy)
            #expect(try await state(again.records) == wanted, "\(nth)")
            #expect(try await again.records.state(of: stream)?["payments"]?.checkpoint == bytes("11"))
            _ = try await again.records.append(batch([("z", "1")]), to: stream)
            try await again.records.compact(stream)
            #expect(try await state(again.records).count == wanted.count + 1)
            #expect(try await again.check().isSound)
            again.close()
            Scratch.remove(path)
            Scratch.remove(copy)
        }
        #expect(images > 10)
    }
}

/// Something that happens once.
private final class Flag: Sendable {
    private let state = Mutex(false)
    var isSet: Bool { state.withLock { $0 } }
    func set() { state.withLock { $0 = true } }
}

/// Calls a function before the nth call that changes a file.
private final class ImageBeforeCall: FaultPlan {
    private static let calls: Set<FileCall> = [
        .write, .fdatasync, .fsync, .open, .rename, .unlink, .truncate, .mkdir,
    ]
    private let nth: Int
    private let take: @Sendable () -> Void
    private let seen = Mutex<Int?>(nil)

    init(_ nth: Int, _ take: @escaping @Sendable () -> Void) {
        self.nth = nth
        self.take = take
    }

    func start() { seen.withLock { $0 = 0 } }

    /// Whether there were so many calls.
    func stop() -> Bool {
        seen.withLock { seen in
            defer { seen = nil }
            return (seen ?? 0) >= nth
        }
    }

    func fault(at call: FileCall, path: String) -> Fault? {
        guard Self.calls.contains(call) else { return nil }
        let number = seen.withLock { seen -> Int? in
            seen = seen.map { $0 + 1 }
            return seen
        }
        if number == nth { take() }
        return nil
    }
}
