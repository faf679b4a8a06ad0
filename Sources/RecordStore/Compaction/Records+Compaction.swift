// When streams are compacted, and how: one after the other, in steps that other work of the disk comes between, and at a bounded
// rate that leaves room for other work. A writer waits for the last step only, a reader for none.

public import StoreFiles
import Synchronization

/// The streams that wait for their compaction.
final class Compactions: Sendable {
    private struct State {
        var waiting: [StreamID] = []
        var isRunning = false
    }

    /// One compaction of a stream at a time; taken before the stream's own lock.
    let locks = KeyLocks<StreamID>()
    private let state = Mutex(State())

    /// Puts a stream in line.
    ///
    /// - Returns: whether no task works on the queue yet.
    func add(_ stream: StreamID) -> Bool {
        state.withLock { state in
            if !state.waiting.contains(stream) { state.waiting.append(stream) }
            defer { state.isRunning = true }
            return !state.isRunning
        }
    }

    /// How long a compaction in the background rests after it has read `bytes`.
    static func pause(after bytes: Int) -> Duration { .seconds(1) * bytes / RecordLimits.compactionBytesPerSecondMax }

    /// The next stream in line; nil ends the work on it.
    func next() -> StreamID? {
        state.withLock { state in
            guard state.waiting.isEmpty else { return state.waiting.removeFirst() }
            state.isRunning = false
            return nil
        }
    }
}

extension Records {
    /// Leaves only the newest change of every record of a stream, which it also does by itself when that is worth the
    /// while.
    ///
    /// Cursors stay valid: a reader still gets every record that changed after its cursor, with the newest content.
    /// Does nothing while a generation is open. Writers of the stream wait for the last step only, readers for none.
    /// Takes 53 bytes of memory a record.
    ///
    /// Throws ``StoreError/generationNotOpen(dataType:)`` when there is no such stream and ``StoreError/busy`` when it
    /// was erased or closed meanwhile; after any error everything is as it was.
    @discardableResult
    public func compact(_ stream: StreamID) async throws(StoreError) -> CompactionOutcome {
        try await compact(stream, isPaced: false)
    }

    /// Has a stream compacted in the background when at least half of it is likely to be out of date.
    ///
    /// Costs nothing for streams that are not open: what is not written to does not age.
    public func compactIfWorthwhile(_ stream: StreamID) {
        guard let known = open.peek(stream), known.isWorthCompacting, compactions.add(stream) else { return }
        Task {
            while let next = self.compactions.next() {
                // The next write meets the same failure and reports it.
                _ = try? await self.compact(next, isPaced: true)
            }
        }
    }

    private func compact(_ stream: StreamID, isPaced: Bool) async throws(StoreError) -> CompactionOutcome {
        await compactions.locks.acquire(stream)
        defer { compactions.locks.release(stream) }
        let begun = try await locked(stream) { records throws(StoreError) -> (RecordStream, Compaction?) in
            guard let known = try records.opened(stream, makes: false) else {
                throw .generationNotOpen(dataType: "a stream that does not exist")
            }
            if isPaced, !known.isWorthCompacting { return (known, nil) }
            defer { records.open.wasWritten(known) }
            let compaction = try known.writer.withLock { writer throws(StoreError) in
                try writer.beginCompaction(known)
            }
            return (known, compaction)
        }
        guard let compaction = begun.1 else { return begun.0.unchanged }
        let work = CompactionWork(begun.0, compaction, threads, isPaced: isPaced)
        do throws(StoreError) {
            try await work.run()
            return try await locked(stream) { records throws(StoreError) in
                guard records.open.peek(stream) === begun.0 else { throw .busy }
                defer { records.open.wasWritten(begun.0) }
                return try work.adopt()
            }
        } catch {
            // What is left when the store was closed is removed with the next opening.
            _ = try? await threads.run { () throws(StoreError) in work.discard() }
            throw error
        }
    }
}

extension RecordStream {
    var isWorthCompacting: Bool { layout.withLock { $0.isWorthCompacting } }

    fileprivate var unchanged: CompactionOutcome {
        let changes = layout.withLock { $0.rowCount }
        let bytes = writer.withLock { $0.byteCount }
        return CompactionOutcome(changesBefore: changes, changesAfter: changes, bytesBefore: bytes, bytesAfter: bytes)
    }
}

/// One compaction on its way.
private final class CompactionWork: Sendable {
    private let stream: RecordStream
    private let compaction: Mutex<Compaction>
    private let threads: IOThreads
    private let isPaced: Bool

    init(_ stream: RecordStream, _ compaction: Compaction, _ threads: IOThreads, isPaced: Bool) {
        self.stream = stream
        self.compaction = Mutex(compaction)
        self.threads = threads
        self.isPaced = isPaced
    }

    /// Everything up to the last step.
    func run() async throws(StoreError) {
        while let bytes = try await step({ compaction throws(StoreError) in
            try compaction.step(bytesMax: RecordLimits.compactionStepBytes)
        }) {
            try await pause(bytes)
        }
        // A writer that is as quick as this one makes the last step longer, and never this loop endless.
        for _ in 0..<RecordLimits.compactionRoundsMax {
            let bytes = try await step { [stream] compaction throws(StoreError) in
                let manifest = stream.writer.withLock { $0.currentManifest }
                let bytes = try compaction.follow(manifest)
                try compaction.sync()
                return bytes
            }
            if bytes < RecordLimits.compactionStepBytes { return }
        }
    }

    /// The last step, as the only writer of the stream.
    func adopt() throws(StoreError) -> CompactionOutcome {
        let stream = stream
        return try compaction.withLock { compaction throws(StoreError) in
            try stream.writer.withLock { writer throws(StoreError) in try writer.adopt(&compaction, stream) }
        }
    }

    func discard() { compaction.withLock { $0.discard() } }

    private func step<Value: Sendable>(
        _ body: @escaping @Sendable (inout Compaction) throws(StoreError) -> Value
    ) async throws(StoreError) -> Value {
        try await threads.run { () throws(StoreError) in
            guard !self.stream.isEnding.load(ordering: .relaxed) else { throw .busy }
            return try self.compaction.withLock { compaction throws(StoreError) in try body(&compaction) }
        }
    }

    private func pause(_ bytes: Int) async throws(StoreError) {
        guard isPaced else { return }
        do { try await Task.sleep(for: Compactions.pause(after: bytes)) } catch { throw .closed }
    }
}
