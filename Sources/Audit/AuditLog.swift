// The audit log of a data directory, and the only writer of its chain: a line is durable before the caller goes on. Lines that wait
// share one sync to disk. Does not know what a line reports.

import CLinux
import Glibc
package import ProviderSDK
package import StoreFiles
import Synchronization

/// The audit log of a data directory.
package final class AuditLog: Sendable {
    private struct Waiting {
        let entry: AuditEntry
        let continuation: CheckedContinuation<Result<Void, StoreError>, Never>
    }

    private struct Queue {
        var waiting: [Waiting] = []
        var isWriting = false
    }

    /// What readers see: only what is durable.
    private struct Durable {
        var files: [AuditFolder.File] = []
        var bytesOfLast = 0
        var sequence = 0
    }

    private let root: Directory
    private let files: DurableFiles
    private let threads: IOThreads
    private let queue = Mutex(Queue())
    /// The end of the log; held while a batch is written, on a thread that may wait for the disk.
    private let tail: Mutex<AuditTail>
    private let durable: Mutex<Durable>
    /// What was wrong with the newest file when it was opened.
    package let openingBreaks: [AuditReport.Found]

    /// Opens the log in `root`, which is made with its first line.
    ///
    /// An unfinished last line is cut off: its write was never acknowledged. Blocks the calling thread.
    package init(in root: Directory, files: DurableFiles, threads: IOThreads) throws(StoreError) {
        self.root = root
        self.files = files
        self.threads = threads
        var tail = AuditTail()
        openingBreaks = try tail.open(in: root, files)
        durable = Mutex(
            Durable(files: tail.files, bytesOfLast: tail.bytes, sequence: tail.chain.sequence))
        self.tail = Mutex(tail)
    }

    // MARK: Writing

    /// Appends a line; durable on return.
    ///
    /// - Throws: ``StoreError/busy`` when too many lines wait, and what keeps the disk from taking the line. Nothing was appended then.
    func append(_ entry: AuditEntry) async throws(StoreError) {
        let result: Result<Void, StoreError> = await withCheckedContinuation { continuation in
            let (isTaken, starts) = queue.withLock { queue in
                guard queue.waiting.count < AuditLimits.waitingLinesMax else { return (false, false) }
                queue.waiting.append(Waiting(entry: entry, continuation: continuation))
                defer { queue.isWriting = true }
                return (true, !queue.isWriting)
            }
            guard isTaken else { return continuation.resume(returning: .failure(.busy)) }
            guard starts, let refusal = threads.submit({ self.writeWaiting() }) else { return }
            let refused = queue.withLock { queue in
                defer { queue = Queue() }
                return queue.waiting
            }
            for waiting in refused { waiting.continuation.resume(returning: .failure(refusal)) }
        }
        try result.get()
    }

    private func writeWaiting() {
        while true {
            let batch = queue.withLock { queue in
                let batch = queue.waiting.prefix(AuditLimits.batchLinesMax)
                queue.waiting.removeFirst(batch.count)
                if batch.isEmpty { queue.isWriting = false }
                return Array(batch)
            }
            if batch.isEmpty { return }
            let result = Result { () throws(StoreError) in try write(batch.map(\.entry)) }
            for waiting in batch { waiting.continuation.resume(returning: result) }
        }
    }

    private func write(_ entries: [AuditEntry]) throws(StoreError) {
        try files.gate.check()
        try tail.withLock { (tail) throws(StoreError) in
            let dropped = try tail.write(entries, in: root, files)
            durable.withLock { durable in
                durable = Durable(files: tail.files, bytesOfLast: tail.bytes, sequence: tail.chain.sequence)
            }
            for file in dropped { try tail.remove(file, files) }
        }
    }

    /// The number of lines that wait for a write.
    var waitingCount: Int { queue.withLock { $0.waiting.count } }

    // MARK: Reading

    /// The sequence of the last line; 0 for an empty log.
    package var lastSequence: Int { durable.withLock { $0.sequence } }

    /// The folder and its files as far as they are durable; nil while there is no line.
    package func extents() throws(StoreError) -> (folder: AuditFolder, extents: [AuditFolder.Extent])? {
        let (files, bytes) = durable.withLock { ($0.files, $0.bytesOfLast) }
        guard !files.isEmpty, let folder = try AuditFolder.open(in: root) else { return nil }
        let last = files.count - 1
        return (
            folder,
            files.enumerated().map { index, file in .init(file: file, bytes: index == last ? bytes : nil) }
        )
    }

    /// Verifies the whole chain, file by file.
    package func check() async throws(StoreError) -> AuditReport {
        guard let (folder, extents) = try extents() else { return AuditReport() }
        var check = AuditCheck()
        for extent in extents {
            let before = check
            check = try await threads.run { () throws(StoreError) in
                var after = before
                try after.read(extent, in: folder)
                return after
            }
        }
        return check.report
    }

    /// Returns the lines behind a sequence, the oldest first.
    func page(
        after sequence: Int, limit: Int, where fits: @escaping @Sendable (JSONValue) -> Bool
    ) async throws(StoreError) -> AuditPage {
        guard let (folder, extents) = try extents() else { return AuditPage() }
        return try await threads.run { () throws(StoreError) in
            var page = AuditPage(after: sequence, limit: limit)
            let first = extents.lastIndex { $0.file.first <= sequence + 1 } ?? 0
            for extent in extents[first...] where !page.isFull {
                guard let bytes = try folder.bytes(of: extent) else { continue }
                for line in AuditLines(bytes) {
                    guard let read = AuditChain.read(line) else { continue }
                    if page.isFull { return page.continued }
                    page.take(read, fits: fits)
                }
                if page.isFull, extent != extents.last { return page.continued }
            }
            return page
        }
    }
}

/// A page of the log.
package struct AuditPage: Sendable {
    /// The lines, the oldest first.
    package private(set) var entries: [JSONValue] = []
    /// The sequence behind which the next page begins; nil at the end of the log.
    package private(set) var next: Int?
    private var last = 0
    private var scanned = 0
    private var limit = 0

    init() {}

    init(after sequence: Int, limit: Int) {
        last = sequence
        self.limit = limit
    }

    /// Whether no further line is looked at.
    var isFull: Bool { entries.count >= limit || scanned >= AuditLimits.scannedLinesMax }

    /// The page with the place where the next one begins.
    var continued: AuditPage {
        var page = self
        page.next = last
        return page
    }

    mutating func take(_ line: AuditChain.Read, fits: (JSONValue) -> Bool) {
        guard line.sequence > last else { return }
        last = line.sequence
        scanned += 1
        if fits(line.json) { entries.append(line.json) }
    }
}
