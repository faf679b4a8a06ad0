// When documents are brought from the journal into their own files: behind the writers, each document once however often it
// changed meanwhile. Only what is durable in place is forgotten by the journal.

import DocumentJournal
import Primitives
import StoreFiles
import Synchronization

final class DocumentCheckpoint: Sendable {
    private struct State {
        var dirtySince: MonotonicInstant?
        var bytes = 0
        var waiters: [CheckedContinuation<StoreError?, Never>] = []
        var isClosed = false
        var hasEnded = false
    }

    private let monitor = Monitor(State())
    private let placement: DocumentPlacement
    private let delay: Duration
    private let closingTime: Duration
    private let bytesMin: Int

    init(placement: DocumentPlacement, delay: Duration, closingTime: Duration, journalBytesMax: Int) {
        self.placement = placement
        // Early enough that writers seldom find the journal full.
        bytesMin = min(DocumentLimits.checkpointBytesMin, journalBytesMax / 2)
        self.delay = delay
        self.closingTime = closingTime
    }

    /// Starts the thread.
    ///
    /// Documents that an earlier process left in the journal wait no longer than others.
    func start(_ journal: Journal) {
        let (count, bytes) = journal.ledger.withLock { ($0.pendingCount, $0.bytes) }
        if count > 0 {
            monitor.withLock { state in
                state.dirtySince = SystemClock.instant
                state.bytes = bytes
            }
        }
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

    /// Does as much of a last checkpoint as its time allows and ends the thread; the journal must be closed before.
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
                if work.isLast { try performLast(journal) } else { try perform(journal) }
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
            if state.bytes >= bytesMin { return .done(Self.take(&state)) }
            guard let since = state.dirtySince else { return .untilWoken }
            let due = since + delay
            return now >= due ? .done(Self.take(&state)) : .atMost(due - now)
        }
    }

    private static func take(_ state: inout State) -> Work {
        defer {
            state.dirtySince = nil
            state.bytes = 0
            state.waiters = []
        }
        return Work(waiters: state.waiters, isLast: state.isClosed)
    }

    private func perform(_ journal: Journal) throws(StoreError) {
        try journal.files.gate.check()
        try journal.files.settlement.wait()
        do throws(StoreError) { try journal.roll() } catch {
            // Without room for another segment the documents still come into place, which may make some.
            guard case .noSpace = error else { throw error }
        }
        let last = journal.ledger.withLock { $0.lastNumber }
        _ = try placeWaiting(journal, until: nil)
        try journal.release(through: last)
    }

    /// What stays in the journal is found there by the next process.
    private func performLast(_ journal: Journal) throws(StoreError) {
        try journal.files.gate.check()
        let last = journal.ledger.withLock { $0.lastNumber }
        var isPlaced = false
        if journal.files.settlement.isDone {
            isPlaced = try placeWaiting(journal, until: SystemClock.instant + closingTime)
        }
        try journal.removeSegments(through: isPlaced ? last : nil)
    }

    private func placeWaiting(_ journal: Journal, until deadline: MonotonicInstant?) throws(StoreError) -> Bool {
        let waiting = journal.ledger.withLock { $0.waiting }
        return try placement.place(waiting, in: journal, until: deadline)
    }
}
