// Putting a backup in place. The mark that it is under way comes first and goes last, so that a directory that was
// restored in part is never taken for a whole one.

import Audit
import CLinux
import Glibc
import RecordStore
import StoreFiles

/// The file that marks a backup as complete, and what is in it.
struct BackupMark: Equatable {
    private static let firstLine = "integration-host backup 1\n"

    var documents: Int
    var streams: Int
    /// The files of an archive before this one; nil for a folder.
    var files: Int?

    init(_ outcome: BackupOutcome, files: Int? = nil) {
        documents = outcome.documents
        streams = outcome.streams
        self.files = files
    }

    func encoded() -> [UInt8] {
        let counts = "documents \(documents)\nstreams \(streams)\n" + (files.map { "files \($0)\n" } ?? "")
        return Array((Self.firstLine + counts).utf8)
    }

    init?(parsing bytes: [UInt8]) {
        var reader = ByteReader(bytes)
        do throws(ByteReader.Mismatch) {
            try reader.expect("integration-host backup 1\ndocuments ")
            documents = Int(clamping: try reader.decimal())
            try reader.expect("\nstreams ")
            streams = Int(clamping: try reader.decimal())
            try reader.expect("\n")
            if reader.skip("files ") {
                files = Int(clamping: try reader.decimal())
                try reader.expect("\n")
            }
        } catch { return nil }
        guard reader.offset == bytes.count else { return nil }
    }
}

struct Restore {
    /// Says that a restore was begun and not finished.
    static let markName = ".restoring"

    let fileSystem: FileSystem

    func run(from backup: String, to path: String) throws(StoreError) -> BackupOutcome {
        let source = DataWalk(root: try Self.openBackup(backup), temporaryNames: TemporaryNames())
        guard let mark = try Self.readMark(source.root) else {
            throw .corrupt(path: backup + "/" + CopyTarget.markName, .missing)
        }
        return try run(to: path) { (target) throws(StoreError) in
            var copy = DataCopy(source: source, target: CopyTarget(output: target))
            try Self.copy(source, with: &copy, target.files)
            guard copy.outcome.documents >= mark.documents, copy.outcome.streams >= mark.streams else {
                throw .corrupt(path: backup + "/" + (copy.outcome.skipped.first ?? CopyTarget.markName), .missing)
            }
            return copy.outcome
        }
    }

    /// Fills an empty data directory; what an earlier restore left in it goes first.
    ///
    /// - Parameter fill: copies everything; the directory opens only if it does not throw.
    func run(
        to path: String, _ fill: (FolderOutput) throws(StoreError) -> BackupOutcome
    ) throws(StoreError) -> BackupOutcome {
        let files = DurableFiles()
        let root = try DataDirectory.openRoot(path, fileSystem: fileSystem)
        let lock = try DataDirectoryLock(in: root)
        defer { lock.release(isClean: files.gate.currentReason == nil) }
        let target = DataWalk(root: root, temporaryNames: files.temporaryNames)
        if try target.names(root).contains(Self.markName) {
            try removeParts(target)
        } else if try !isEmpty(target) {
            throw .notEmpty(path: path)
        }
        try files.replace(Self.markName, with: Array("a backup is being restored\n".utf8), in: root)
        let output = FolderOutput(root: root, files: files)
        let outcome = try fill(output)
        try output.sync()
        try Installation.markRestored(root, files)
        try files.remove(Self.markName, in: root)
        return outcome
    }

    /// Copies everything of a backup in a folder.
    static func copy(
        _ source: DataWalk, with copy: inout DataCopy, _ files: DurableFiles
    ) throws(StoreError) {
        for collection in try source.collections() {
            for shard in try source.shards(of: collection) { try copy.copyDocuments(in: shard, isRestore: true) }
        }
        for shard in try source.shards(of: StreamFolder.rootName) {
            for folder in try source.streams(in: shard) {
                let loader = StreamLoader(folder: folder, files: files)
                guard let manifest = try loader.readManifest() else { continue }
                try copy.copyStream(folder, .success(manifest), isRestore: true)
            }
        }
        if let audit = try AuditFolder.open(in: source.root) {
            try copy.target.copyAudit(audit, try audit.files().map { .init(file: $0, bytes: nil) })
        }
    }

    static func openBackup(_ path: String) throws(StoreError) -> Directory {
        do throws(CallFailure) {
            let fileSystem = FileSystem()
            let fd = try fileSystem.open(
                path, in: AT_FDCWD, flags: O_RDONLY | O_DIRECTORY, followsLink: true, path: path)
            return Directory(fileSystem: fileSystem, fd: fd, path: "")
        } catch { throw error.asStoreError }
    }

    static func readMark(_ backup: Directory) throws(StoreError) -> BackupMark? {
        do throws(CallFailure) {
            guard case .bytes(let bytes) = try backup.read(CopyTarget.markName, bytesMax: 4096) else { return nil }
            return BackupMark(parsing: bytes)
        } catch { throw error.asStoreError }
    }

    private func isEmpty(_ target: DataWalk) throws(StoreError) -> Bool {
        guard try target.collections().isEmpty, try target.shards(of: StreamFolder.rootName).isEmpty else {
            return false
        }
        if let audit = try AuditFolder.open(in: target.root), try !audit.files().isEmpty { return false }
        guard let journal = try target.subdirectory("journal", of: target.root) else { return true }
        return try target.names(journal).isEmpty
    }

    /// Removes what an earlier restore had copied.
    private func removeParts(_ target: DataWalk) throws(StoreError) {
        for parent in try target.collections() + [StreamFolder.rootName, AuditFolder.name] {
            do throws(CallFailure) { try target.root.removeTree(parent) } catch { throw error.asStoreError }
        }
    }
}
