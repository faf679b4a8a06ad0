// The record streams of a data directory: which are open, who writes, and the way from async callers to threads that
// block. What a record means is the caller's.

public import StoreFiles
import Synchronization

/// Durable, ordered streams of record changes.
///
/// A stream holds the records of any number of data types and gives them out as changes in one order. Writers of one
/// stream take turns; readers never wait for them and see only what is durable. No call blocks the calling thread.
public final class Records: Sendable {
    private let folders: StreamFolder
    let threads: IOThreads
    private let locks = KeyLocks<StreamID>()
    let open = OpenStreams()
    let compactions = Compactions()

    /// The streams in `folders`.
    package init(folders: StreamFolder, threads: IOThreads) {
        self.folders = folders
        self.threads = threads
    }

    // MARK: Writing

    /// Appends a batch that readers see when this returns; durable on return, as a whole or not at all.
    ///
    /// Records whose content is the stored one produce no change. The batch's checkpoint is stored in the same frame.
    /// After any error nothing was appended, but for ``StoreError/readOnly(reason:)``, after which only the next
    /// start shows it.
    ///
    /// While a generation of the same data type is open, what is appended here is visible at once and not deleted by
    /// the generation's commit; for records that the generation has changed before, the generation has the last word, and the kind of
    /// its change is still what it was before this one. For what the generation has met unchanged, this has the last word.
    ///
    /// - Parameters:
    ///   - companion: appended in the same step; the outcome does not count it.
    ///   - unlessGenerationIsOpen: throws ``StoreError/generationOpen(dataType:)`` while one of this data type is: for contents that may
    ///     be older than what the generation holds.
    public func append(
        _ batch: RecordBatch, with companion: CompanionBatch? = nil, to stream: StreamID,
        unlessGenerationIsOpen: Bool = false
    ) async throws(StoreError) -> AppendOutcome {
        try batch.validate()
        try companion?.batch.validate()
        // A caller that knows a change of the stream must not make a new stream in its place.
        if let expected = companion?.expectedLastSequence, expected > 0, try await find(stream) == nil {
            throw .conflict(expected: .revision(expected), found: nil)
        }
        return try await write(stream) { open throws(StoreError) in
            try open.writer.withLock { writer throws(StoreError) in
                if unlessGenerationIsOpen { try writer.checkNoGeneration(of: batch.dataType, open) }
                return try writer.append(batch, generation: nil, with: companion, to: open)
            }
        }
    }

    /// Begins a full synchronisation of one data type: what is appended to it is durable but not seen before its
    /// commit.
    ///
    /// A generation of the same data type that is still open is abandoned.
    ///
    /// - Parameter checkpoint: the generation's first checkpoint.
    public func beginGeneration(
        of dataType: String, in stream: StreamID, checkpoint: [UInt8]? = nil
    ) async throws(StoreError) -> Generation {
        try RecordBatch.validate(dataType: dataType)
        try RecordBatch.validate(checkpoint: checkpoint)
        let number = try await write(stream) { open throws(StoreError) in
            try open.writer.withLock { writer throws(StoreError) in
                try writer.begin(dataType, checkpoint: checkpoint, in: open)
            }
        }
        return Generation(stream: stream, dataType: dataType, number: number)
    }

    /// Appends a batch to a generation; durable on return, as a whole or not at all.
    ///
    /// The outcome compares with what readers see and with what the generation changed before. The batch's data type
    /// must be the generation's. Throws ``StoreError/generationNotOpen(dataType:)`` when the generation is not the
    /// open one.
    ///
    /// - Parameter companion: appended in the same step, and visible at once; the outcome does not count it.
    public func append(
        _ batch: RecordBatch, with companion: CompanionBatch? = nil, to generation: Generation
    ) async throws(StoreError) -> AppendOutcome {
        try batch.validate()
        try companion?.batch.validate()
        guard batch.dataType.utf8.elementsEqual(generation.dataType.utf8) else {
            throw .generationNotOpen(dataType: batch.dataType)
        }
        return try await write(generation.stream, makes: false) { open throws(StoreError) in
            try open.writer.withLock { writer throws(StoreError) in
                try writer.append(batch, generation: generation.number, with: companion, to: open)
            }
        }
    }

    /// Makes a generation visible at once: its changes, and the fate of each record that it did not meet.
    ///
    /// Durable on return. A failure leaves the generation open, and the commit can be tried again.
    ///
    /// - Parameters:
    ///   - checkpoint: the data type's checkpoint from now on; nil keeps the one of the generation's last page.
    ///   - timestampMilliseconds: the time given to the deletions.
    ///   - policy: the fate of the records that the generation did not meet.
    ///   - companion: appended in the same step.
    /// - Returns: an outcome that counts only the records that were not met.
    public func commit(
        _ generation: Generation, checkpoint: [UInt8]? = nil, timestampMilliseconds: Int64,
        unmet policy: UnmetPolicy = .all(.deleted), with companion: CompanionBatch? = nil
    ) async throws(StoreError) -> AppendOutcome {
        try RecordBatch.validate(checkpoint: checkpoint)
        try companion?.batch.validate()
        return try await write(generation.stream, makes: false) { open throws(StoreError) in
            try open.writer.withLock { writer throws(StoreError) in
                try writer.commit(
                    generation, checkpoint: checkpoint, timestamp: timestampMilliseconds, unmet: policy,
                    with: companion, in: open)
            }
        }
    }

    /// The number of records that readers see and a generation has not met so far.
    public func unmetCount(of generation: Generation) async throws(StoreError) -> Int {
        try await write(generation.stream, makes: false) { open throws(StoreError) in
            try open.writer.withLock { writer throws(StoreError) in try writer.unmetCount(generation, in: open) }
        }
    }

    /// What `body` makes of the records that a generation has not met so far, one after the other.
    public func surveyUnmet<Result: Sendable>(
        of generation: Generation, into initial: Result, _ body: @escaping @Sendable (inout Result, UnmetRecord) -> Void
    ) async throws(StoreError) -> Result {
        try await write(generation.stream, makes: false) { open throws(StoreError) in
            var result = initial
            try open.writer.withLock { writer throws(StoreError) in
                try writer.survey(generation, into: &result, body, in: open)
            }
            return result
        }
    }

    /// Gives a generation up: readers see no trace of it, and the checkpoint is the one from before it began.
    public func abandon(_ generation: Generation) async throws(StoreError) {
        try await write(generation.stream, makes: false) { open throws(StoreError) in
            try open.writer.withLock { writer throws(StoreError) in try writer.abandon(generation, in: open) }
        }
    }

    /// Removes a stream with everything in it; durable on return.
    ///
    /// Cursors of it fit no stream made later under its name.
    public func erase(_ stream: StreamID) async throws(StoreError) {
        // A compaction would go on to make files in the folder that is being removed.
        open.peek(stream)?.isEnding.store(true, ordering: .relaxed)
        await compactions.locks.acquire(stream)
        defer { compactions.locks.release(stream) }
        try await locked(stream) { records throws(StoreError) in
            records.open.remove(stream)
            try records.folders.erase(stream)
        }
    }

    // MARK: Reading

    /// The changes after a place in the stream, in order.
    ///
    /// Costs the page, not the stream. A page may be empty while there are more changes. A stream that does not exist
    /// has no changes.
    ///
    /// - Parameters:
    ///   - cursor: where the page begins; ``RecordCursor/start`` for the first one.
    ///   - dataType: only the changes of this data type, or nil for all.
    ///   - since: only changes whose time, in milliseconds since 1970, is not before this; nil for all. Earlier ones
    ///     are passed over, some ten thousand at a time, so that pages may be empty while there is more.
    ///   - limit: 1 to ``RecordLimits/changePageMax``; other values are moved there. A page also ends after
    ///     ``RecordLimits/changePageBytesMax`` bytes of payloads.
    ///
    /// Throws ``StoreError/invalidCursor`` when the cursor was not given out by this stream for the same data type, and
    /// ``StoreError/corrupt(path:_:)`` when what it would give out is damaged.
    public func read(
        _ stream: StreamID, after cursor: RecordCursor, dataType: String? = nil, since: Int64? = nil, limit: Int = 100
    ) async throws(StoreError) -> ChangePage {
        let limit = max(1, min(limit, RecordLimits.changePageMax))
        guard let open = try await find(stream) else {
            guard cursor == .start else { throw .invalidCursor }
            return ChangePage(changes: [], next: .start, hasMore: false)
        }
        return try await threads.run { () throws(StoreError) in
            try ChangeReader(stream: open).page(after: cursor, dataType: dataType, since: since, limit: limit)
        }
    }

    /// The records of one data type as they are now, in the order of their last change, without those that are gone.
    ///
    /// For data types of some thousand records: costs the changes after `sequence` and an index of the data type, and
    /// takes its turn among the writers. Contents must differ from change to change, or a record may be given twice.
    ///
    /// - Parameters:
    ///   - sequence: where the page begins: 0, or ``RecordPage/next`` of the page before.
    ///   - limit: 1 to ``RecordLimits/recordPageMax``; other values are moved there.
    ///   - withPayloads: whether payloads are read; they are empty otherwise.
    ///   - isWanted: the records that are given at all, by id and source id; nil for all.
    public func current(
        _ stream: StreamID, dataType: String, after sequence: UInt64 = 0, limit: Int = 100, withPayloads: Bool = true,
        where isWanted: RecordFilter? = nil
    ) async throws(StoreError) -> RecordPage {
        let limit = max(1, min(limit, RecordLimits.recordPageMax))
        return try await locked(stream) { records throws(StoreError) in
            guard let open = try records.opened(stream, makes: false) else {
                return RecordPage(records: [], next: nil, lastSequence: 0)
            }
            defer { records.open.wasWritten(open) }
            return try open.writer.withLock { writer throws(StoreError) in
                try writer.current(
                    dataType, after: sequence, limit: limit, withPayloads: withPayloads, where: isWanted, in: open)
            }
        }
    }

    /// Returns the contents of a stream, or nil when there is none.
    public func state(of stream: StreamID) async throws(StoreError) -> StreamState? {
        guard let open = try await find(stream) else { return nil }
        return try await threads.run { () throws(StoreError) in try StreamState(of: open) }
    }

    // MARK: Open streams

    /// Frees the memory of streams that were unused for a while, unless that was done a moment ago.
    public func trimIfDue() {
        if open.isTrimDue { trim() }
    }

    /// Frees the memory of streams that were unused for a while, which writes also do now and then.
    public func trim() {
        open.trim { stream, work in
            guard locks.tryAcquire(stream) else { return }
            let refusal = threads.submit {
                work()
                self.locks.release(stream)
            }
            if refusal != nil { locks.release(stream) }
        }
    }

    /// Closes every stream at the end of the process, when none is in use any more.
    package func settle() {
        open.closeAll()
    }

    /// Runs `body` while there is no writer of the stream in a folder, with the manifest as of now, or with the reason why
    /// the stream cannot be opened.
    ///
    /// Nothing runs for a stream whose making was cut short.
    ///
    /// - Parameter forgets: whether the stream is opened again afterwards, because `body` may have moved it.
    package func settled<Value: Sendable>(
        _ folder: Directory, forgets: Bool,
        _ body: @escaping @Sendable (Result<Manifest, StoreError>) throws(StoreError) -> Value
    ) async throws(StoreError) -> Value? {
        let files = folders.files
        let found = try await threads.run { () throws(StoreError) -> Result<Manifest?, StoreError> in
            Result { () throws(StoreError) in try StreamLoader(folder: folder, files: files).readManifest() }
        }
        switch found {
        case .failure(let error): return try await threads.run { () throws(StoreError) in try body(.failure(error)) }
        case .success(nil): return nil
        case .success(.some(let manifest)):
            return try await locked(manifest.id) { records throws(StoreError) in
                defer { if forgets { records.open.remove(manifest.id) } }
                return try body(
                    Result { () throws(StoreError) in
                        let open = try records.opened(manifest.id, makes: false)
                        return open?.writer.withLock { $0.currentManifest } ?? manifest
                    })
            }
        }
    }

    /// Runs `body` with the stream, as its only writer.
    private func write<Value: Sendable>(
        _ stream: StreamID, makes: Bool = true, _ body: @escaping @Sendable (RecordStream) throws(StoreError) -> Value
    ) async throws(StoreError) -> Value {
        let value = try await locked(stream) { records throws(StoreError) in
            guard let open = try records.opened(stream, makes: makes) else {
                throw .generationNotOpen(dataType: "a stream that does not exist")
            }
            defer { records.open.wasWritten(open) }
            return try body(open)
        }
        compactIfWorthwhile(stream)
        if open.isTrimDue { trim() }
        return value
    }

    /// Runs `body` as the only writer of a stream.
    func locked<Value: Sendable>(
        _ stream: StreamID, _ body: @escaping @Sendable (Records) throws(StoreError) -> Value
    ) async throws(StoreError) -> Value {
        try await folders.files.settlement.finished()
        await locks.acquire(stream)
        defer { locks.release(stream) }
        return try await threads.run { () throws(StoreError) in try body(self) }
    }

    private func find(_ stream: StreamID) async throws(StoreError) -> RecordStream? {
        if let known = open.find(stream) { return known }
        let found = try await locked(stream) { records throws(StoreError) in try records.opened(stream, makes: false) }
        if open.isTrimDue { trim() }
        return found
    }

    /// The open stream; the caller holds its lock.
    func opened(_ stream: StreamID, makes: Bool) throws(StoreError) -> RecordStream? {
        if let known = open.find(stream) { return known }
        let folder: Directory
        if makes {
            folder = try folders.make(stream)
        } else {
            guard let found = try folders.open(stream),
                try StreamLoader(folder: found, files: folders.files).readManifest() != nil
            else { return nil }
            folder = found
        }
        let opened = try RecordStream.open(stream, in: folder, files: folders.files)
        open.add(opened)
        return opened
    }
}
