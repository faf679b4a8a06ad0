// Syncs one data type of one connection, page by page: fetch, map, append with the checkpoint in the same frame. Durable after
// every page; knows neither users nor routes.

import DocumentStore
import ProviderSDK

/// The sync of one data type.
struct PageSync: Sendable {
    let provider: ConfiguredProvider
    let dataType: DataType
    let stream: StreamID
    let records: Records
    let syncID: String
    let startedAt: Timestamp
    let progress: SyncProgress
    let context: @Sendable () -> ProviderContext

    /// Bytes of records that are appended at once.
    static let batchBytesMax = 4 << 20

    /// Why a data type was not synced to its end.
    enum Failure: Error, Sendable {
        case provider(ProviderError)
        case store(StoreError)
        /// The host stops; the sync goes on from its checkpoint at the next start.
        case interrupted
    }

    /// Reads everything there is to read.
    ///
    /// A full read becomes visible only when it is complete; when it fails, what was there before stays as it was.
    func run(_ type: SyncType) async throws(Failure) {
        progress.update { $0.dataType = dataType.name }
        let state = try await stored { () async throws(StoreError) in try await records.state(of: stream) }?[
            dataType.name]
        let plan = SyncPlan(
            type, syncID: syncID, incremental: dataType.incremental, stored: SyncCheckpoint(state?.checkpoint),
            generation: SyncCheckpoint(state?.generationCheckpoint), now: startedAt)
        switch plan {
        case .nothing(let checkpoint): count(checkpoint)
        case .full:
            let checkpoint = SyncCheckpoint(syncID: syncID, watermark: SyncCheckpoint(state?.checkpoint)?.watermark)
            let generation = try await stored { () async throws(StoreError) in
                try await records.beginGeneration(of: dataType.name, in: stream, checkpoint: checkpoint.encoded)
            }
            try await full(generation, from: checkpoint)
        case .resumeFull(let checkpoint):
            guard let generation = state?.generation else { return }
            count(checkpoint)
            try await full(generation, from: checkpoint)
        case .changes(let since, let checkpoint):
            count(checkpoint)
            var done: SyncCheckpoint
            do throws(Failure) {
                done = try await walk(from: checkpoint, since: since, into: nil)
            } catch {
                guard case .provider(let problem) = error, problem.kind == .changesUnavailable else { throw error }
                return try await run(.full)
            }
            done.watermark = startedAt
            done.isDone = true
            done.cursor = nil
            let batch = RecordBatch(dataType: dataType.name, checkpoint: done.encoded)
            _ = try await stored { () async throws(StoreError) in try await records.append(batch, to: stream) }
        }
    }

    private func count(_ checkpoint: SyncCheckpoint) {
        progress.update { counts in
            counts.processed += checkpoint.processed
            counts.synced += checkpoint.synced
            counts.errors += checkpoint.errors
        }
    }

    private func full(_ generation: Generation, from checkpoint: SyncCheckpoint) async throws(Failure) {
        var done: SyncCheckpoint
        do throws(Failure) {
            done = try await walk(from: checkpoint, since: nil, into: generation)
        } catch {
            if case .provider = error {
                _ = try await stored { () async throws(StoreError) in try await records.abandon(generation) }
            }
            throw error
        }
        done.watermark = startedAt
        done.isDone = true
        done.cursor = nil
        let encoded = done.encoded
        _ = try await stored { () async throws(StoreError) in
            try await records.commit(
                generation, checkpoint: encoded, timestampMilliseconds: WallClock.now.milliseconds)
        }
    }

    /// Walks the pages from a checkpoint to the end.
    private func walk(
        from checkpoint: SyncCheckpoint, since: Timestamp?, into generation: Generation?
    ) async throws(Failure) -> SyncCheckpoint {
        var checkpoint = checkpoint
        // A cursor of nil is the first page; that the last one was read is told apart.
        while !checkpoint.isRead {
            guard !Task.isCancelled else { throw .interrupted }
            let request = PageRequest(dataType: dataType.name, cursor: checkpoint.cursor, since: since)
            let page = try await fetch(request)
            guard !Task.isCancelled else { throw .interrupted }
            checkpoint = try await store(page, after: checkpoint, into: generation)
        }
        return checkpoint
    }

    /// Maps a page and appends it; the new checkpoint is durable with it.
    private func store(
        _ page: SyncPage, after checkpoint: SyncCheckpoint, into generation: Generation?
    ) async throws(Failure) -> SyncCheckpoint {
        let now = WallClock.now
        var next = checkpoint
        var batch = RecordBatch(dataType: dataType.name)
        for record in page.records {
            next.processed += 1
            do throws(MappingFailure) {
                try add(record, to: &batch, now: now)
                next.synced += 1
            } catch {
                next.errors += 1
            }
            if batch.byteCount > Self.batchBytesMax {
                try await append(batch, to: generation)
                batch.removeAll()
            }
        }
        next.cursor = page.next
        next.isRead = page.next == nil
        batch.checkpoint = next.encoded
        try await append(batch, to: generation)
        progress.update { counts in
            counts.processed += next.processed - checkpoint.processed
            counts.synced += next.synced - checkpoint.synced
            counts.errors += next.errors - checkpoint.errors
            counts.pages += 1
        }
        return next
    }

    private func add(
        _ record: SourceRecord, to batch: inout RecordBatch, now: Timestamp
    ) throws(MappingFailure) {
        switch record.change {
        case .deleted:
            let sourceID = try dataType.mapping.sourceID(of: record.value)
            batch.delete(
                id: Array(dataType.mapping.id(forSourceID: sourceID).utf8), sourceID: Array(sourceID.utf8),
                timestampMilliseconds: now.milliseconds)
        default:
            let mapped = try dataType.mapping.map(record.value, now: now)
            batch.upsert(
                id: Array(mapped.id.utf8), sourceID: Array(mapped.sourceID.utf8),
                timestampMilliseconds: now.milliseconds, payload: mapped.json)
        }
    }

    private func append(_ batch: RecordBatch, to generation: Generation?) async throws(Failure) {
        _ = try await stored { () async throws(StoreError) in
            if let generation { return try await records.append(batch, to: generation) }
            return try await records.append(batch, to: stream)
        }
    }

    /// Fetches a page, waiting and trying again where that can help.
    private func fetch(_ request: PageRequest) async throws(Failure) -> SyncPage {
        var attempt = 0
        while true {
            do throws(ProviderError) {
                return try await provider.provider.page(request, in: context())
            } catch {
                guard !Task.isCancelled else { throw .interrupted }
                attempt += 1
                guard attempt < HostLimits.providerAttemptsMax,
                    let pause = RetryPolicy.pause(
                        after: error, attempt: attempt, pauseMax: provider.manifest.errors.pauseMax)
                else { throw .provider(error) }
                progress.update { $0.waitingFor = error.kind.name }
                do { try await Task.sleep(for: pause) } catch { throw .interrupted }
                progress.update { $0.waitingFor = nil }
            }
        }
    }

    private func stored<Value: Sendable>(
        _ body: () async throws(StoreError) -> Value
    ) async throws(Failure) -> Value {
        do throws(StoreError) { return try await body() } catch { throw .store(error) }
    }
}

/// When a failed request to a provider is tried again.
enum RetryPolicy {
    /// How long to wait before attempt `attempt + 1`; nil when trying again cannot help.
    ///
    /// - Parameter pauseMax: the longest pause that a sync sits through; a longer one fails it.
    static func pause(after error: ProviderError, attempt: Int, pauseMax: Duration) -> Duration? {
        switch error.kind {
        case .transient:
            let base = Duration.milliseconds(200 << min(attempt, 6))
            return base + .milliseconds(Int64.random(in: 0...(200 << min(attempt, 6)) / 2))
        case .rateLimited(let after):
            let pause = after ?? .seconds(1)
            return pause <= pauseMax ? pause + .milliseconds(Int64.random(in: 0...250)) : nil
        default: return nil
        }
    }
}
