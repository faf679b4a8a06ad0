// Reads a backup from its first byte to its last and says whether it could be restored. Changes nothing in it. Of an archive, one stream
// at a time and the audit log are written to a scratch folder to be checked.

import Audit
import Glibc
import RecordStore
public import StoreFiles

extension DataDirectory {
    /// Verifies a backup in a folder: every document, every stream and the audit log.
    ///
    /// - Returns: what is sound, and in `skipped` what is not.
    public static func verify(backup path: String) throws(StoreError) -> BackupOutcome {
        let root = try Restore.openBackup(path)
        let walk = DataWalk(root: root, temporaryNames: TemporaryNames())
        guard let mark = try Restore.readMark(root) else { throw .backup(.cutShort) }
        var copy = DataCopy(source: walk, target: CopyTarget(output: NoOutput()))
        try Restore.copy(walk, with: &copy, DurableFiles())
        var outcome = copy.outcome
        guard outcome.documents >= mark.documents, outcome.streams >= mark.streams else {
            throw .backup(.damaged(outcome.skipped.first ?? "files of it are missing"))
        }
        try checkAudit(in: root, &outcome)
        return outcome
    }

    /// Verifies a backup in an archive.
    ///
    /// - Parameter scratch: an empty folder with room for the largest stream and the audit log; emptied on return.
    public static func verify(archive: ArchiveInput, scratch: String) throws(StoreError) -> BackupOutcome {
        let root = try openRoot(scratch, fileSystem: FileSystem())
        defer { for name in (try? root.names()) ?? [] { try? root.removeTree(name) } }
        var intake = ArchiveIntake(target: FolderOutput(root: root, files: DurableFiles()), keeps: false)
        var outcome = try intake.run(archive)
        try checkAudit(in: root, &outcome)
        return outcome
    }

    private static func checkAudit(in root: Directory, _ outcome: inout BackupOutcome) throws(StoreError) {
        guard let folder = try AuditFolder.open(in: root) else { return }
        outcome.skipped += try folder.check().map { "\(AuditFolder.name): \($0)" }
    }
}

/// Takes copies and keeps nothing.
private struct NoOutput: CopyOutput {
    func write(_ bytes: [UInt8], to path: [String]) {}
    func copy(_ source: OpenFile, bytes: Int, to path: [String]) {}
    func remove(_ path: [String]) -> Bool { true }
}
