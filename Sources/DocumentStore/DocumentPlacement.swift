// Bringing documents from the journal into their own files, some at a time: all are written, then all are synced, then all get
// their names. So the disk is asked once for many, and what other programs write on the same disk is not waited for.

import DocumentJournal
import Primitives
import StoreFiles
import Synchronization

/// Brings waiting documents into their files.
struct DocumentPlacement: Sendable {
    typealias Waiting = (shard: JournalLedger.Shard, key: DocumentKey, chain: PendingChain)

    let waiting: WaitingDocuments
    let cache: DocumentCache

    private var folders: DocumentFolders { waiting.folders }
    private var files: DurableFiles { folders.files }

    /// Brings documents into place, durable on return, until none is left or `deadline` has passed.
    ///
    /// - Returns: whether none is left.
    func place(
        _ documents: [Waiting], in journal: Journal, until deadline: MonotonicInstant?
    ) throws(StoreError) -> Bool {
        var start = 0
        while start < documents.count {
            if let deadline, SystemClock.instant >= deadline { return false }
            let end = min(documents.count, start + DocumentLimits.placedTogetherMax)
            try placeTogether(documents[start..<end])
            journal.ledger.withLock { ledger in
                for waiting in documents[start..<end] {
                    ledger.placed(waiting.key, in: waiting.shard, through: waiting.chain.last.number)
                }
            }
            start = end
        }
        return true
    }

    /// What one step has done so far.
    private struct Step {
        var temporaries: [(file: DurableFiles.Temporary, name: String, folder: Directory)] = []
        /// The folders whose names changed.
        var folders: [Directory] = []
        var shard: JournalLedger.Shard?
        /// How many temporary files have their names.
        var moved = 0
    }

    private func placeTogether(_ documents: ArraySlice<Waiting>) throws(StoreError) {
        var step = Step()
        defer { for temporary in step.temporaries { try? folders.root.fileSystem.close(temporary.file.fd, path: "") } }
        do throws(StoreError) {
            for waiting in documents { try write(waiting, &step) }
            for temporary in step.temporaries { folders.root.fileSystem.startWriting(temporary.file.fd) }
            for temporary in step.temporaries {
                do throws(CallFailure) {
                    try folders.root.fileSystem.fdatasync(temporary.file.fd, path: temporary.file.path)
                } catch { throw files.gate.error(for: error) }
            }
            for temporary in step.temporaries {
                try files.move(temporary.file.name, to: temporary.name, in: temporary.folder)
                step.moved += 1
            }
        } catch {
            for temporary in step.temporaries.dropFirst(step.moved) {
                _ = try? temporary.folder.fileSystem.unlink(
                    temporary.file.name, in: temporary.folder.fd, path: temporary.file.path)
            }
            throw error
        }
        for folder in step.folders { try files.sync(folder) }
    }

    private func write(_ waiting: Waiting, _ step: inout Step) throws(StoreError) {
        let location = try DocumentLocation(waiting.key)
        if step.shard != waiting.shard {
            let (folder, unsynced) = try folders.makeShard(location)
            // Parents first: a folder that is not there cannot hold a name.
            if let unsynced, !step.folders.contains(where: { $0 === unsynced }) { step.folders.insert(unsynced, at: 0) }
            step.folders.append(folder)
            step.shard = waiting.shard
        }
        guard let folder = step.folders.last else { return }
        if waiting.chain.isDeletion {
            try folders.takeAway(location, from: folder)
        } else if let file = try file(of: waiting, at: location) {
            step.temporaries.append((try files.beginTemporary(file, in: folder), location.fileName, folder))
        }
    }

    /// The file of a document, from memory where it is there; nil for one that cannot be read, which stays as it is.
    private func file(of waiting: Waiting, at location: DocumentLocation) throws(StoreError) -> [UInt8]? {
        if let known = cache.peek(waiting.key), known.revision == waiting.chain.revision, !known.isAbsence {
            return Envelope(
                key: known.key, revision: known.revision, summary: known.summary, data: known.bytes
            ).encoded()
        }
        switch try self.waiting.read(waiting.chain, key: waiting.key, at: location) {
        case .found(let envelope): return envelope.encoded()
        case .absent: return nil
        // A damaged file is found again by the next reader, who sets it aside.
        case .damaged: return nil
        }
    }
}
