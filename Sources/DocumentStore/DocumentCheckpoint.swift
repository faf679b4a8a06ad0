// Bringing documents from the journal into their own files, behind the writers: a few with a sync each, many with one
// sync for the whole file system. Only what is durable in place is forgotten by the journal.

import DocumentJournal
import Primitives
import StoreFiles
import Synchronization

final class DocumentCheckpoint: Sendable {
    private struct State {
        var dirtySince: MonotonicInstant?
        var bytes = 0
        var isUrgent = false
        var waiters: [CheckedContinuation<StoreError?, Never>] = []
        var isClosed = false
        var hasEnded = false
    }

    private let monitor = Monitor(State())
    private let folders: DocumentFolders
    private let delay: Duration
    private let bytesMin: Int

    init(folders: DocumentFolders, delay: Duration, journalBytesMax: Int) {
        self.folders = folders
        // Early enough that writers seldom find the journal full.
        bytesMin = min(DocumentLimits.checkpointBytesMin, journalBytesMax / 2)
        self.delay = delay
    }

    /// Starts the thread.
    ///
    /// - Parameter isUrgent: whether an earlier process left documents in the journal.
    func start(_ journal: Journal, isUrgent: Bool) {
        monitor.withLock { $0.isUrgent = isUrgent }
        startThread(named: "store-documents") { self.serve(journal) }
    }

    /// Takes note of a batch; the journal calls it after each one.
    func committed(bytes: Int) {
        var wakes = false
        monitor.withLock { state in
            wakes =
                state.dirtySince == nil
                || (state.bytes < bytesMin && bytes >= bytesMin)
            if state.dirtySince == nil { state.dirtySince = SystemClock.instant }
            state.bytes = bytes
        }
        if wakes { monitor.wakeAll() }
    }

    /// Brings everything acknowledged so far into place; durable on return.
    func flush() async -> StoreError? {
        await withCheckedContinuation { continuation in
            let isClosed = monitor.withLock { state in
                if !state.isClosed { state.waiters.append(continuation) }
                return state.isClosed
            }
            if isClosed { continuation.resume(returning: .closed) } else { monitor.wakeAll() }
        }
    }

    /// Does a last checkpoint and ends the thread; the journal must be closed before.
    func close() {
        monitor.withLock { $0.isClosed = true }
        monitor.wakeAll()
        monitor.wait { $0.hasEnded ? true : nil }
    }

    // MARK: The thread

    private struct Work {
        var waiters: [CheckedContinuation<StoreError?, Never>]
        var isLast: Bool
    }

    private func serve(_ journal: Journal) {
        var isRetry = false
        while true {
            let work = takeWork(isRetry: isRetry)
            var failure: StoreError?
            do throws(StoreError) {
                try perform(journal)
                if work.isLast { try journal.removeEmptySegment() }
            } catch { failure = error }
            journal.checkpointEnded(failure)
            for waiter in work.waiters { waiter.resume(returning: failure) }
            if work.isLast { break }
            isRetry = failure != nil
            if isRetry { monitor.withLock { if $0.dirtySince == nil { $0.dirtySince = SystemClock.instant } } }
        }
        monitor.withLock { $0.hasEnded = true }
        monitor.wakeAll()
    }

    private func takeWork(isRetry: Bool) -> Work {
        let earliest = SystemClock.instant + DocumentLimits.checkpointRetryDelay
        return monitor.waitOrSleep { state in
            if state.isClosed || !state.waiters.isEmpty { return .done(Self.take(&state)) }
            let now = SystemClock.instant
            if isRetry && now < earliest { return .atMost(earliest - now) }
            if state.isUrgent || state.bytes >= bytesMin { return .done(Self.take(&state)) }
            guard let since = state.dirtySince else { return .untilWoken }
            let due = since + delay
            return now >= due ? .done(Self.take(&state)) : .atMost(due - now)
        }
    }

    private static func take(_ state: inout State) -> Work {
        defer {
            state.dirtySince = nil
            state.bytes = 0
            state.isUrgent = false
            state.waiters = []
        }
        return Work(waiters: state.waiters, isLast: state.isClosed)
    }

    private func perform(_ journal: Journal) throws(StoreError) {
        try journal.files.gate.check()
        do throws(StoreError) { try journal.roll() } catch {
            // Without room for another segment the documents still come into place, which may make some.
            guard case .noSpace = error else { throw error }
        }
        let (snapshot, last) = journal.ledger.withLock { ($0.snapshot(), $0.lastNumber) }
        try place(snapshot)
        journal.ledger.withLock { ledger in
            for (shard, documents) in snapshot { ledger.remove(documents, from: shard) }
        }
        try journal.release(through: last)
    }

    private func place(
        _ snapshot: [(shard: JournalLedger.Shard, documents: [(key: DocumentKey, document: PendingDocument)])]
    ) throws(StoreError) {
        let count = snapshot.reduce(0) { $0 + $1.documents.count }
        if count == 0 { return }
        let syncsEach = count <= DocumentLimits.individuallySyncedDocumentsMax
        for (_, documents) in snapshot {
            var shard: Directory?
            for (key, document) in documents {
                let location = try DocumentLocation(key)
                let directory: Directory
                if let shard {
                    directory = shard
                } else {
                    directory = try folders.makeShard(location, synced: syncsEach)
                }
                shard = directory
                if document.isDeletion {
                    try folders.takeAway(location, from: directory)
                } else {
                    try folders.place(
                        document.segment.documentFile(document), at: location, in: directory, synced: syncsEach)
                }
            }
            if syncsEach, let shard { try folders.files.sync(shard) }
        }
        if !syncsEach { try folders.syncEverything() }
    }
}
