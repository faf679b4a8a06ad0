// Group commit: callers hand in documents, one thread writes all that have gathered in one piece, syncs once, and
// answers all of them. While a sync is under way the next batch gathers, so the more callers there are, the less a
// write costs.

import Glibc
package import StoreFiles
package import Synchronization

/// The journal: acknowledges writes of documents before they are in their own files.
package final class Journal: Sendable {
    /// A document on its way to disk; a class, because the frames of waiting callers hold it.
    @safe package final class Entry: @unchecked Sendable {
        /// The name of the document.
        let key: DocumentKey
        /// The folder of the document.
        let shard: JournalLedger.Shard
        /// Its revision.
        let revision: UInt64
        /// What is new about it.
        let content: JournalContent
        // Set before the entry is handed in, and read by the one thread that has it then.
        fileprivate var completion: CheckedContinuation<Outcome, Never>?

        /// An entry to be handed in once.
        package init(key: DocumentKey, shard: JournalLedger.Shard, revision: UInt64, content: JournalContent) {
            (self.key, self.shard, self.revision, self.content) = (key, shard, revision, content)
        }

        fileprivate func complete(_ outcome: Outcome) { completion?.resume(returning: outcome) }
    }

    /// The outcome of a batch for one of its entries.
    fileprivate struct Outcome: Sendable {
        /// Nil when the entry is durable.
        var failure: StoreError?
        /// The other entries of the batch, whose callers the receiver resumes.
        ///
        /// So the thread of the journal wakes one thread and can write the next batch; callers on the same loop need no further wake.
        var others: ArraySlice<Entry> = []
    }

    private struct State {
        var queue = FIFO<Entry>()
        var active: JournalSegment?
        /// The segment after the active one, made ahead.
        var spare: JournalSegment?
        var isMakingSpare = false
        /// Whether a thread takes the next segment.
        var isSwitching = false
        var nextSequence: UInt64
        var isCommitting = false
        /// Whether a checkpoint waits for the end of the present batch.
        var isRolling = false
        var isClosed = false
        var hasEnded = false
        var isFull: Bool
        // Why documents cannot be brought into place; writers get it only when the journal is full.
        var checkpointFailure: StoreError?
    }

    /// The folder of the segments.
    package let folder: Directory
    /// How segments are made and removed.
    package let files: DurableFiles
    /// The documents that wait for their files.
    package let ledger: Mutex<JournalLedger>
    private let monitor: Monitor<State>
    private let bytesMax: Int
    /// Called after every batch with the bytes of the journal.
    private let onCommit: @Sendable (_ bytes: Int) -> Void

    /// A journal that continues after what recovery found; call ``start()`` next.
    package init(
        folder: Directory, files: DurableFiles, found: consuming JournalRecovery.Found, bytesMax: Int,
        onCommit: @escaping @Sendable (_ bytes: Int) -> Void
    ) {
        self.folder = folder
        self.files = files
        self.bytesMax = bytesMax
        self.onCommit = onCommit
        monitor = Monitor(State(nextSequence: found.nextSequence, isFull: found.ledger.bytes >= bytesMax))
        ledger = Mutex(found.ledger)
    }

    /// The number of entries that wait for a batch.
    var waitingCount: Int { monitor.withLock { $0.queue.count } }

    /// Starts the thread; it keeps the journal alive until it is closed.
    package func start() {
        startThread(named: "store-journal") { self.serve() }
    }

    /// Writes a document; durable when this returns nil.
    package func append(_ entry: Entry) async -> StoreError? {
        let outcome = await withCheckedContinuation { (continuation: CheckedContinuation<Outcome, Never>) in
            entry.completion = continuation
            handIn(entry)
        }
        for other in outcome.others { other.complete(Outcome(failure: outcome.failure)) }
        return outcome.failure
    }

    private func handIn(_ entry: Entry) {
        var wakes = false
        let refusal: StoreError? = monitor.withLock { state in
            if state.isClosed { return .closed }
            if state.queue.count >= StoreLimits.waitingOperationsMax { return .busy }
            wakes = state.queue.isEmpty && !state.isCommitting
            state.queue.append(entry)
            return nil
        }
        if let refusal {
            entry.complete(Outcome(failure: refusal))
        } else if wakes {
            monitor.wakeAll()
        }
    }

    // MARK: The thread

    private struct Batch {
        var entries: [Entry]
        var failure: StoreError?
    }

    private func serve() {
        var writer = JournalWriter()
        while let batch = takeBatch() {
            let failure = batch.failure ?? commit(batch.entries, &writer)
            let isAwaited = monitor.withLock { state in
                state.isCommitting = false
                return state.isRolling
            }
            if isAwaited { monitor.wakeAll() }
            batch.entries.first?.complete(Outcome(failure: failure, others: batch.entries.dropFirst()))
            if failure == nil { onCommit(ledger.withLock { $0.bytes }) }
        }
        monitor.withLock { $0.hasEnded = true }
        monitor.wakeAll()
    }

    private func takeBatch() -> Batch? {
        monitor.waitOrSleep { state in
            if state.queue.isEmpty { return state.isClosed ? .done(nil) : .untilWoken }
            var failure: StoreError?
            if state.isFull {
                guard let known = state.checkpointFailure else { return .untilWoken }
                failure = known
            }
            var entries: [Entry] = []
            var bytes = 0
            while bytes < JournalLimits.batchBytesMax, let entry = state.queue.popFirst() {
                bytes += entry.content.byteCount
                entries.append(entry)
            }
            state.isCommitting = true
            return .done(Batch(entries: entries, failure: failure))
        }
    }

    private func commit(_ entries: [Entry], _ writer: inout JournalWriter) -> StoreError? {
        do throws(StoreError) {
            try files.gate.check()
            let segment = try activeSegment(writer)
            let first = ledger.withLock { $0.lastNumber } + 1
            try writer.write(entries, firstNumber: first, to: segment, gate: files.gate)
            let bytes = ledger.withLock { ledger in
                for (index, entry) in entries.enumerated() {
                    let document = PendingDocument(
                        revision: entry.revision, number: first + UInt64(index), segment: segment,
                        offset: writer.places[index].offset,
                        byteCount: writer.places[index].byteCount, kind: entry.content.kind)
                    ledger.add(document, of: entry.key, in: entry.shard)
                }
                return ledger.bytes
            }
            if bytes >= bytesMax { monitor.withLock { $0.isFull = true } }
            return nil
        } catch {
            if writer.hasLostPlace { monitor.withLock { $0.active = nil } }
            return error
        }
    }

    /// The segment that the next batch is written to.
    private func activeSegment(_ writer: JournalWriter) throws(StoreError) -> JournalSegment {
        guard let active = monitor.withLock({ $0.active }) else {
            return try nextSegment(after: nil, bytes: JournalLimits.firstSegmentBytes)
        }
        if writer.isFull(active) {
            do throws(StoreError) {
                return try nextSegment(after: active, bytes: JournalLimits.segmentBytes)
            } catch {
                // Without room for another segment this one grows.
                guard case .noSpace = error else { throw error }
            }
        } else if writer.isHalfFull(active) {
            makeSpare()
        }
        return active
    }

    /// Makes the next segment the active one, unless another thread has done so since `active` was.
    private func nextSegment(after active: JournalSegment?, bytes: Int) throws(StoreError) -> JournalSegment {
        let (known, spare): (JournalSegment?, JournalSegment?) = monitor.wait { state in
            // Segments are written to in the order of their numbers, and one that is being made has the next.
            if state.isSwitching || state.isMakingSpare { return nil }
            if let newer = state.active, newer !== active { return (newer, nil) }
            state.isSwitching = true
            defer { state.spare = nil }
            return (nil, state.spare)
        }
        if let known { return known }
        defer {
            monitor.withLock { $0.isSwitching = false }
            monitor.wakeAll()
        }
        let next: JournalSegment
        if let spare { next = spare } else { next = try make(bytes: bytes) }
        monitor.withLock { $0.active = next }
        return next
    }

    private func make(bytes: Int) throws(StoreError) -> JournalSegment {
        let sequence = monitor.withLock { state in
            state.nextSequence += 1
            return state.nextSequence - 1
        }
        return try JournalSegment.make(sequence, bytes: bytes, in: folder, files: files)
    }

    /// Makes the segment after the active one on another thread; without room it is tried again when it is needed.
    private func makeSpare() {
        let isWanted = monitor.withLock { state in
            if state.spare != nil || state.isMakingSpare { return false }
            state.isMakingSpare = true
            return true
        }
        guard isWanted else { return }
        startThread(named: "store-segment") {
            let made = try? self.make(bytes: JournalLimits.segmentBytes)
            self.monitor.withLock { state in
                state.spare = made
                state.isMakingSpare = false
            }
            self.monitor.wakeAll()
        }
    }

    // MARK: Checkpoints

    /// Continues in a new segment, so that the ones before can go; returns when no write to them is under way.
    package func roll() throws(StoreError) {
        guard let active = monitor.withLock({ $0.active }), ledger.withLock({ $0.hasEntries(in: active) }) else {
            return
        }
        _ = try nextSegment(after: active, bytes: JournalLimits.firstSegmentBytes)
        monitor.withLock { $0.isRolling = true }
        monitor.wait { $0.isCommitting ? nil : true }
        monitor.withLock { $0.isRolling = false }
    }

    /// Removes the segments that hold nothing after `number`.
    ///
    /// Oldest first and durably one by one: a segment must never outlive a later one, whose documents it would put
    /// back.
    package func release(through number: UInt64) throws(StoreError) {
        let active = monitor.withLock { $0.active }
        for segment in ledger.withLock({ $0.releaseSegments(through: number, except: active) }) {
            try files.remove(segment.name, in: folder)
        }
    }

    /// Lets writers go on after a checkpoint, or gives them the reason why they cannot.
    package func checkpointEnded(_ failure: StoreError?) {
        let isFull = ledger.withLock { $0.bytes } >= bytesMax
        monitor.withLock { state in
            state.checkpointFailure = failure
            state.isFull = isFull
        }
        monitor.wakeAll()
    }

    /// Refuses new entries and waits until those taken are answered.
    package func close() {
        monitor.withLock { $0.isClosed = true }
        monitor.wakeAll()
        monitor.wait { $0.hasEnded && !$0.isMakingSpare ? true : nil }
    }

    /// Removes every segment that holds nothing after `number`, and those that hold nothing at all; the journal must be closed
    /// before.
    package func removeSegments(through number: UInt64?) throws(StoreError) {
        let (active, spare) = monitor.withLock { state in
            defer { (state.active, state.spare) = (nil, nil) }
            return (state.active, state.spare)
        }
        let isActiveEmpty = active.map { active in ledger.withLock { !$0.hasEntries(in: active) } } ?? false
        if let number { try release(through: number) }
        if let active, isActiveEmpty { try files.remove(active.name, in: folder) }
        if let spare { try files.remove(spare.name, in: folder) }
    }
}
