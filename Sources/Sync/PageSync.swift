// Syncs one data type of one connection, page by page. It fetches a page, maps it, and appends it with the checkpoint
// in the same frame. Meanwhile the next page is fetched.
//
// The sync is durable after every page. It knows neither users nor routes, and leaves retries to its caller.

import ConnectionModel
import DocumentStore
import Observability
import Primitives
import ProviderSDK
import Providers
import RecordStore
import StoreFiles

/// The sync of one data type.
struct PageSync: Sendable {
    let session: ProviderSession
    let dataType: DataType
    let stream: StreamID
    let records: Records
    let syncID: String
    /// Identifies what the sync reads with, as ``SyncSource`` names it.
    let source: String
    let startedAt: Timestamp
    /// The provider's clock, learned from the answers to page requests.
    let clock: ProviderClock
    let time: TimeSource
    let progress: SyncProgress
    let letters: DeadLetterOrigin

    /// The bytes of records that are appended at once.
    static let batchBytesMax = 2 << 20

    /// Why the sync of a data type did not complete.
    enum Failure: Error, Sendable {
        case provider(ProviderError)
        case store(StoreError)
        /// The host stops; the sync continues from its checkpoint at the next start.
        case interrupted
    }

    /// Reads all records or changes, continuing from where this sync stopped before.
    ///
    /// A full read becomes visible only when it is complete. After a temporary failure, the pages read so far wait for
    /// the next call. After a permanent failure, the earlier records stay unchanged.
    ///
    /// - Returns: the last checkpoint.
    func run(_ type: SyncType) async throws(Failure) -> SyncCheckpoint {
        let found = try await stored { () async throws(StoreError) in try await records.state(of: stream) }
        let state = found?[dataType.name]
        var letters = try await stored { () async throws(StoreError) -> DeadLetterRecorder in
            try await DeadLetterRecorder(
                self.letters, dataType: dataType.name, stream: stream, records: records, state: found)
        }
        let plan = SyncPlan(
            type, syncID: syncID, source: source, incremental: dataType.incremental,
            stored: SyncCheckpoint(state?.checkpoint), generation: SyncCheckpoint(state?.generationCheckpoint),
            now: startedAt)
        switch plan {
        case .nothing(let checkpoint):
            report(checkpoint, isStaged: false)
            return checkpoint
        case .full:
            var checkpoint = SyncCheckpoint(
                syncID: syncID, source: source, instead: SyncCheckpoint(state?.checkpoint))
            checkpoint.begun = startedAt
            let encoded = checkpoint.encoded
            let generation = try await stored { () async throws(StoreError) in
                try await records.beginGeneration(of: dataType.name, in: stream, checkpoint: encoded)
            }
            return try await full(generation, from: checkpoint, &letters)
        case .resumeFull(let checkpoint):
            guard let generation = state?.generation else { return checkpoint }
            return try await full(generation, from: checkpoint, &letters)
        case .changes(let since, let checkpoint):
            // The rest of an unfinished full sync is older than the changes that are read now.
            if let left = state?.generation {
                try await stored { () async throws(StoreError) in try await records.abandon(left) }
            }
            do {
                return try await changes(since: since, from: checkpoint, &letters)
            } catch {
                guard case .provider(let problem) = error, problem.kind == .changesUnavailable else { throw error }
                return try await run(.full)
            }
        }
    }

    private func changes(
        since: Timestamp, from checkpoint: SyncCheckpoint, _ letters: inout DeadLetterRecorder
    ) async throws(Failure) -> SyncCheckpoint {
        report(checkpoint, isStaged: false)
        var (done, end) = try await proven(from: checkpoint, since: since, into: nil, &letters)
        done.absences = AbsenceReport(reason: AbsenceReport.Reason(end))
        done.finish(begun: startedAt, at: time.now, isComplete: end == .complete)
        let batch = RecordBatch(dataType: dataType.name, checkpoint: done.encoded)
        _ = try await stored { () async throws(StoreError) in try await records.append(batch, to: stream) }
        return done
    }

    private func full(
        _ generation: Generation, from checkpoint: SyncCheckpoint, _ letters: inout DeadLetterRecorder
    ) async throws(Failure) -> SyncCheckpoint {
        report(checkpoint, isStaged: true)
        letters.reading = "\(checkpoint.syncID).\(generation.number)"
        let (done, end): (SyncCheckpoint, WalkCompleteness.End)
        do {
            (done, end) = try await proven(from: checkpoint, since: nil, into: generation, &letters)
        } catch {
            if case .provider(let problem) = error, problem.isDefinite {
                try await stored { () async throws(StoreError) in try await records.abandon(generation) }
            }
            throw error
        }
        // What a walk that proved nothing did not meet may still fail.
        if end == .complete { letters.endUnmet(at: time.now) }
        let ended = letters.take()
        return try await stored { () async throws(StoreError) in
            try await commit(generation, after: done, proved: end, with: ended)
        }
    }

    /// Reads the pages to the end, again where that is what it takes to know what they prove.
    private func proven(
        from checkpoint: SyncCheckpoint, since: Timestamp?, into generation: Generation?,
        _ letters: inout DeadLetterRecorder
    ) async throws(Failure) -> (SyncCheckpoint, WalkCompleteness.End) {
        var checkpoint = checkpoint
        while true {
            checkpoint = try await walk(from: checkpoint, since: since, into: generation, &letters)
            var missing = 0
            if let generation {
                missing = try await stored { () async throws(StoreError) in try await records.unmetCount(of: generation)
                }
            }
            // What a read of changes does not meet, and what a read of all records before one does not meet, is not
            // read again.
            let end = checkpoint.walk.end(
                missing: missing, mustProve: generation == nil || dataType.incremental != nil)
            guard end == .restart else { return (checkpoint, end) }
            try await restart(&checkpoint, into: generation)
        }
    }

    /// Begins a walk again at its first page, durable on return.
    private func restart(_ checkpoint: inout SyncCheckpoint, into generation: Generation?) async throws(Failure) {
        checkpoint.restart()
        try await append(
            RecordBatch(dataType: dataType.name, checkpoint: checkpoint.encoded), with: nil, to: generation)
        report(checkpoint, isStaged: generation != nil)
    }

    /// Reads the pages from a checkpoint to the end.
    private func walk(
        from checkpoint: SyncCheckpoint, since: Timestamp?, into generation: Generation?,
        _ letters: inout DeadLetterRecorder
    ) async throws(Failure) -> SyncCheckpoint {
        // A nil cursor stands for the first page. A flag of the checkpoint marks that the last page was read.
        guard !checkpoint.isRead else { return checkpoint }
        var checkpoint = checkpoint
        let asked = time.instant
        var waiting: Result<FetchedPage, Failure>? = await result(checkpoint.cursor, checkpoint.memory, since: since)
        if checkpoint.pages == 0, checkpoint.asOf == nil { checkpoint.asOf = clock.moment(at: asked) }
        // The memory of the last complete read applies to this whole read.
        let memory = checkpoint.memory
        while let answer = waiting.take() {
            guard !Task.isCancelled else { throw .interrupted }
            guard let fetched = try accepted(consume answer, &checkpoint) else {
                try await restart(&checkpoint, into: generation)
                waiting = await result(nil, memory, since: since)
                continue
            }
            try Self.check(fetched.page, after: checkpoint, of: dataType.name)
            guard let cursor = fetched.page.next else {
                return try await store(fetched.page, after: checkpoint, into: generation, &letters)
            }
            // The cursor stored with a page never points past that page, even when later pages are fetched ahead.
            async let ahead = result(cursor, memory, since: since)
            checkpoint = try await store(consume fetched, after: checkpoint, into: generation, &letters)
            waiting = await ahead
        }
        return checkpoint
    }

    /// Returns a page that the walk takes in; nil when the walk begins again instead.
    private func accepted(
        _ fetched: consuming Result<FetchedPage, Failure>, _ checkpoint: inout SyncCheckpoint
    ) throws(Failure) -> FetchedPage? {
        switch fetched {
        case .success(let fetched): return checkpoint.walk.meets(fetched.page.continuity) == .restart ? nil : fetched
        case .failure(let failure):
            guard case .provider(let error) = failure, error.kind == .cursorRefused else { throw failure }
            if checkpoint.cursor != nil, checkpoint.walk.isRefused() != nil { return nil }
            throw .provider(ProviderError(.permanent, error.message, code: error.code, status: error.status))
        }
    }

    /// Throws when a walk would not end.
    static func check(_ page: SyncPage, after checkpoint: SyncCheckpoint, of name: String) throws(Failure) {
        func failure(_ problem: String) -> Failure {
            .provider(ProviderError(.permanent, "The provider's list of \(name) \(problem)."))
        }
        if let next = page.next {
            guard next != checkpoint.cursor else { throw failure("leads from a page to the same page") }
            guard !checkpoint.hasMet(next) else { throw failure("leads round in a circle") }
        }
        guard checkpoint.pages < SyncLimits.pagesMax else {
            throw failure("has more than \(SyncLimits.pagesMax) pages")
        }
        guard checkpoint.bytes < SyncLimits.bytesMax else {
            throw failure("has more than \(SyncLimits.bytesMax >> 30) GiB")
        }
        guard page.records.count <= SyncLimits.pageRecordsMax else {
            throw failure("has a page of more than \(SyncLimits.pageRecordsMax) records")
        }
        let unusable = page.records.count { $0.value.kind != .object || $0.value.damage?.isTooDeep == true }
        guard unusable <= SyncLimits.pageUnusableRecordsMax else {
            throw failure("has a page with \(unusable) elements that are no objects or are nested too deep")
        }
    }

    /// Stores a page and gives back its memory: the page that is fetched meanwhile may wait for it.
    private func store(
        _ fetched: consuming FetchedPage, after checkpoint: SyncCheckpoint, into generation: Generation?,
        _ letters: inout DeadLetterRecorder
    ) async throws(Failure) -> SyncCheckpoint {
        // The memory is in use until the page is stored.
        defer { withExtendedLifetime(fetched) {} }
        return try await store(fetched.page, after: checkpoint, into: generation, &letters)
    }

    /// Maps a page and appends it.
    ///
    /// The new checkpoint and the letters of failed records become durable with it.
    private func store(
        _ page: SyncPage, after checkpoint: SyncCheckpoint, into generation: Generation?,
        _ letters: inout DeadLetterRecorder
    ) async throws(Failure) -> SyncCheckpoint {
        let now = time.now
        let intake = RecordIntake(mapping: dataType.mapping, windowField: dataType.window?.field)
        var next = checkpoint
        var batch = RecordBatch(dataType: dataType.name)
        for record in page.records {
            next.processed += 1
            do {
                let taken = try intake.add(record, to: &batch, now: now)
                next.synced += 1
                next.walk.meets(sourceID: taken.sourceID)
                if let moment = taken.moment { next.oldest = min(next.oldest ?? moment, moment) }
                // A full sync's records become visible when it is complete, and their letters end then.
                if generation == nil { letters.resolve(record, sourceID: taken.sourceID, at: now) }
            } catch {
                next.errors += 1
                next.walk.meets(sourceID: error.sourceID ?? "")
                letters.failed(record, error)
                if generation != nil, !intake.meet(error, in: &batch) { next.unidentified += 1 }
            }
            if isFull(batch, letters) { try await flush(&batch, &letters, into: generation, &next) }
        }
        // Only now is it known which letters are the newest.
        for failed in letters.takeFailed() {
            letters.add(failed, at: now)
            if isFull(batch, letters) { try await flush(&batch, &letters, into: generation, &next) }
        }
        next.bytes += batch.byteCount
        next.cursor = page.next
        next.isRead = page.next == nil
        if let memory = page.memory { next.memory = memory }
        if page.next == nil { next.coverage = page.coverage }
        next.pages += 1
        next.place()
        let encoded = next.encoded
        guard encoded.count <= RecordLimits.checkpointBytesMax else {
            throw .provider(ProviderError(.permanent, "The provider's cursor is too long to store."))
        }
        batch.checkpoint = encoded
        try await append(batch, with: letters.take(), to: generation)
        report(next, isStaged: generation != nil, estimate: page.totalCount)
        return next
    }

    private func isFull(_ batch: RecordBatch, _ letters: DeadLetterRecorder) -> Bool {
        batch.byteCount + letters.pendingBytes > Self.batchBytesMax
            || max(batch.count, letters.pendingCount) >= RecordLimits.batchRecordsMax / 2
    }

    /// Appends a part of a page, before the frame that makes the page count.
    private func flush(
        _ batch: inout RecordBatch, _ letters: inout DeadLetterRecorder, into generation: Generation?,
        _ checkpoint: inout SyncCheckpoint
    ) async throws(Failure) {
        checkpoint.bytes += batch.byteCount
        try await append(batch, with: letters.take(), to: generation)
        batch.removeAll()
    }

    private func report(_ checkpoint: SyncCheckpoint, isStaged: Bool, estimate: Int? = nil) {
        progress.set(checkpoint.counts, of: dataType.name, isStaged: isStaged, estimate: estimate)
    }

    private func append(
        _ batch: RecordBatch, with letters: CompanionBatch?, to generation: Generation?
    ) async throws(Failure) {
        _ = try await stored { () async throws(StoreError) in
            if let generation { return try await records.append(batch, with: letters, to: generation) }
            return try await records.append(batch, with: letters, to: stream)
        }
    }

    private func result(
        _ cursor: JSONValue?, _ memory: JSONValue?, since: Timestamp?
    ) async -> Result<FetchedPage, Failure> {
        var request = PageRequest(dataType: dataType.name, cursor: cursor, since: since)
        request.memory = memory
        do {
            return .success(try await session.page(request))
        } catch {
            return .failure(Task.isCancelled ? .interrupted : .provider(error.shown()))
        }
    }

    private func stored<Value: Sendable>(
        _ body: () async throws(StoreError) -> Value
    ) async throws(Failure) -> Value {
        do { return try await body() } catch { throw .store(error) }
    }
}
