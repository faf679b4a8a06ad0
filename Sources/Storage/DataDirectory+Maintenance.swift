// Check, backup and restore as the command line calls them: walking the directory part by part, so that a host that
// serves meanwhile never waits for more than the part it asks for.

import Audit
import DocumentJournal
import DocumentStore
import Glibc
import RecordStore
public import StoreFiles
import Synchronization

extension DataDirectory {
    /// Verifies every document and every stream: formats, checksums, places, sequence numbers.
    ///
    /// - Parameter repairs: whether damaged documents and streams are moved to the folder `quarantine` of the data
    ///   directory, after which their keys are free again, and what a dead process left half made is removed. What a
    ///   newer version of the program wrote is reported and left alone.
    public func check(repairs: Bool = false) async throws(StoreError) -> CheckReport {
        if repairs { try gate.check() }
        let walk = walk
        let check = DataCheck(
            walk: walk, files: files, journal: documents.journal, waiting: documents.waitingDocuments, repairs: repairs)
        var report = CheckReport()
        for damage in journalDamage {
            var problem = CheckReport.Problem(
                path: damage.path, message: "\(damage.path) was damaged; what could be read of it was kept",
                isRepaired: true, copy: damage.copy)
            problem.lost = .init(documents: damage.segment.keys, bytes: damage.segment.unread)
            report.problems.append(problem)
        }
        let waiting = documents.journal.ledger.withLock { $0.collections }
        let stored = try await threads.run { () throws(StoreError) in try walk.collections() }
        for collection in waiting.union(stored).sorted() {
            for shard in try await threads.run({ () throws(StoreError) in try check.shards(of: collection) }) {
                let before = report
                report = try await threads.run { () throws(StoreError) in
                    var after = before
                    try check.checkDocuments(in: shard, collection: collection, &after)
                    return after
                }
            }
        }
        for key in report.unreadable where repairs { try await documents.forgetUnreadable(key) }
        try await forEachStream { (folder) async throws(StoreError) in
            let before = report
            let after = try await self.records.settled(folder, forgets: repairs) { opened throws(StoreError) in
                var after = before
                try check.checkStream(folder, opened, &after)
                return after
            }
            report = after ?? before
        }
        try await checkAudit(&report)
        return report
    }

    /// Verifies the audit log, which no repair changes.
    private func checkAudit(_ report: inout CheckReport) async throws(StoreError) {
        let advice = "it stays as it is; to begin another, stop the host and move the folder \(AuditFolder.name) away"
        func note(_ path: String, _ message: String) {
            report.problems.append(.init(path: path, message: "\(message); \(advice)", isRepaired: false))
        }
        do throws(StoreError) { report.audit = try await audit.check() } catch {
            guard case .corrupt(let path, _) = error else { throw error }
            return note(path, "\(error)")
        }
        for found in report.audit.found { note(found.path, "the audit log breaks: \(found)") }
        let others = report.audit.breaks - report.audit.found.count
        if others > 0 { note(AuditFolder.name, "the audit log breaks at \(others) more lines") }
        if let last = report.audit.missingThrough {
            note(AuditFolder.name, "the first \(last) lines of the audit log are missing")
        }
    }

    /// Copies every sound document and stream to an empty or new directory; durable and marked as complete on return.
    ///
    /// Writes go on meanwhile. Each document and each stream is copied whole, as it is at some moment during the
    /// backup. Keys and plugins are not the store's and not in it.
    ///
    /// - Parameters:
    ///   - format: an earlier format makes a backup that an earlier version restores.
    ///   - conversion: for an earlier format: makes the bytes of each document.
    public func backup(
        to path: String, format: DataFormat = .current, conversion: DocumentConversion? = nil
    ) async throws(StoreError) -> BackupOutcome {
        let output = FolderOutput(
            root: try Self.openRoot(path, fileSystem: FileSystem()), files: DurableFiles())
        guard try walk.names(output.root).isEmpty else { throw .notEmpty(path: path) }
        let outcome = try await copy(
            to: CopyTarget(output: output, format: format, documents: documents, conversion: conversion))
        try await threads.run { () throws(StoreError) in
            try output.sync()
            try output.files.replace(CopyTarget.markName, with: BackupMark(outcome).encoded(), in: output.root)
        }
        return outcome
    }

    /// Writes a backup as an archive, sealed when the output has a recipient; complete, and on a disk durable, on return.
    ///
    /// Writes go on meanwhile, as in ``backup(to:format:conversion:)``.
    public func backup(to output: ArchiveOutput) async throws(StoreError) -> BackupOutcome {
        let writer = try ArchiveWriter(output)
        let outcome = try await copy(to: CopyTarget(output: writer, documents: documents))
        try await threads.run { () throws(StoreError) in
            let mark = BackupMark(outcome, files: writer.files)
            try writer.write(mark.encoded(), to: [CopyTarget.markName])
            try writer.finish()
        }
        return outcome
    }

    /// Copies everything that is sound; neither durable nor marked as complete on return.
    private func copy(to target: CopyTarget) async throws(StoreError) -> BackupOutcome {
        do throws(StoreError) { try await documents.flush() } catch {
            // A store that can no longer write is the one that needs a backup most; what waits is copied from the
            // journal.
            guard case .readOnly = error else { throw error }
        }
        let walk = walk
        var copy = DataCopy(source: walk, target: target)
        for collection in try await threads.run({ () throws(StoreError) in try walk.collections() }) {
            for shard in try await threads.run({ () throws(StoreError) in try walk.shards(of: collection) }) {
                let before = copy
                copy = try await threads.run { () throws(StoreError) in
                    var after = before
                    try after.copyDocuments(in: shard)
                    return after
                }
            }
        }
        copy = try await copyingWaiting(copy)
        for collection in try await threads.run({ () throws(StoreError) in try walk.collections() })
        where collection.hasSuffix(Documents.archiveSuffix) {
            copy = try await copyingArchive(collection, copy)
        }
        try await forEachStream { (folder) async throws(StoreError) in
            let before = copy
            let after = try await self.records.settled(folder, forgets: false) { opened throws(StoreError) in
                var after = before
                try after.copyStream(folder, opened, isRestore: false)
                return after
            }
            copy = after ?? before
        }
        let (done, audit) = (copy, audit)
        try await threads.run { () throws(StoreError) in
            // Last, so that what the copied documents say has its lines.
            if done.target.format == .current, let (folder, extents) = try audit.extents() {
                try done.target.copyAudit(folder, extents)
            }
        }
        return done.outcome
    }

    /// Puts a backup into a data directory that holds no documents and no streams; durable on return.
    ///
    /// Blocks the calling thread. A restore that is cut short leaves a directory that does not open, and can be begun
    /// again. Cursors given out before the backup stay valid; later ones are refused, since they would skip what
    /// happens next.
    public static func restore(from backup: String, to path: String) throws(StoreError) -> BackupOutcome {
        try Restore(fileSystem: FileSystem()).run(from: backup, to: path)
    }

    /// Puts the backup of an archive into a data directory, as ``restore(from:to:)-(String,_)`` does that of a folder.
    public static func restore(from archive: ArchiveInput, to path: String) throws(StoreError) -> BackupOutcome {
        try Restore(fileSystem: FileSystem()).run(to: path) { (target) throws(StoreError) in
            var intake = ArchiveIntake(target: target, keeps: true)
            return try intake.run(archive)
        }
    }

    private func copyingWaiting(_ copy: DataCopy) async throws(StoreError) -> DataCopy {
        let (journal, waiting) = (documents.journal, documents.waitingDocuments)
        return try await threads.run { () throws(StoreError) in
            var after = copy
            try after.copyWaiting(journal.ledger.withLock { $0.waiting }, waiting)
            return after
        }
    }

    /// Copies the documents of a collection again, as they are now: so the copy has what the documents that were copied before have
    /// given away.
    private func copyingArchive(_ collection: String, _ copy: DataCopy) async throws(StoreError) -> DataCopy {
        var after = copy
        var position: Documents.ListPosition?
        repeat {
            let page = try await documents.list(collection, after: position)
            for key in page.keys {
                let before = after
                after = try await threads.run { () throws(StoreError) in
                    var after = before
                    try after.copyDocument(key)
                    return after
                }
            }
            position = page.next
        } while position != nil
        return after
    }

    var walk: DataWalk { DataWalk(root: root, temporaryNames: files.temporaryNames) }

    private func forEachStream(_ body: (Directory) async throws(StoreError) -> Void) async throws(StoreError) {
        let walk = walk
        for shard in try await threads.run({ () throws(StoreError) in try walk.shards(of: StreamFolder.rootName) }) {
            for folder in try await threads.run({ () throws(StoreError) in try walk.streams(in: shard) }) {
                try await body(folder)
            }
        }
    }
}
