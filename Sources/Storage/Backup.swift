// Copying a data directory while it is in use, and putting a copy back. Documents and streams are each copied whole,
// one after the other; what they are together is not a snapshot of one instant.

import Audit
import CLinux
import DocumentJournal
import DocumentStore
import Glibc
import RecordStore
public import StoreFiles

/// The contents of a backup, or of a restore.
public struct BackupOutcome: Equatable, Sendable {
    /// The documents copied.
    public internal(set) var documents = 0
    /// The streams copied.
    public internal(set) var streams = 0
    /// The bytes copied.
    public internal(set) var bytes = 0
    /// The damaged files and folders that were left out.
    public internal(set) var skipped: [String] = []
    /// The streams that were left out because the format cannot hold them.
    public internal(set) var omittedStreams = 0
}

/// A format of copied documents.
public enum DataFormat: String, CaseIterable, Sendable {
    /// What this version writes.
    case current
    /// What version 0.1.0 reads: documents without summaries, and streams without marks.
    case firstVersion = "0.1"
}

/// Makes the bytes of a document of an earlier format, which may have several documents in one; nil for one that it does not have.
public typealias DocumentConversion =
    @Sendable (
        _ collection: String, _ data: [UInt8],
        _ read: (_ collection: String, _ id: [UInt8]) throws(StoreError) -> [UInt8]?
    ) throws(StoreError) -> [UInt8]?

/// A directory tree that copies go to: nothing in it is synced until the end.
struct CopyTarget {
    let root: Directory
    let files: DurableFiles
    var format = DataFormat.current
    /// The documents that are copied; nil for a restore.
    var documents: Documents?
    /// For an earlier format: makes the bytes of each document.
    var conversion: DocumentConversion?

    /// The file that marks a complete backup.
    static let markName = "backup"

    func folder(_ path: [String]) throws(StoreError) -> Directory {
        var folder = root
        for name in path { folder = try files.makeDirectory(name, in: folder, synced: false) }
        return folder
    }

    /// The file of a document in the format of the copy; nil when that has no such document.
    ///
    /// - Parameter current: the file in the format of this version, when it is at hand.
    func file(of envelope: Envelope, _ current: [UInt8]?) throws(StoreError) -> [UInt8]? {
        switch format {
        case .current: return current ?? envelope.encoded()
        case .firstVersion:
            guard let data = try converted(envelope) else { return nil }
            return Envelope(key: envelope.key, revision: envelope.revision, data: data).encoded()
        }
    }

    private func converted(_ envelope: Envelope) throws(StoreError) -> [UInt8]? {
        guard let conversion else { return envelope.data }
        return try conversion(envelope.key.collection, envelope.data) { (collection, id) throws(StoreError) in
            try documents?.envelope(DocumentKey(collection: collection, id: id))?.data
        }
    }

    func write(_ bytes: [UInt8], as name: String, in folder: Directory) throws(StoreError) {
        let temporary = try files.writeTemporary(bytes, in: folder, synced: false)
        try files.move(temporary, to: name, in: folder)
    }

    /// Copies the first bytes of a file.
    func copy(_ source: OpenFile, bytes: Int, as name: String, in folder: Directory) throws(StoreError) {
        let path = folder.path(of: name)
        let fileSystem = folder.fileSystem
        let target: OpenFile
        do throws(CallFailure) {
            let fd = try fileSystem.open(
                name, in: folder.fd, flags: O_WRONLY | O_CREAT | O_TRUNC, mode: 0o600, path: path)
            target = OpenFile(fileSystem: fileSystem, fd: fd, path: path)
            try fileSystem.setMode(0o600, of: fd, path: path)
        } catch { throw files.gate.error(for: error) }
        var reader = WindowReader(source, end: bytes)
        var offset = 0
        while offset < bytes {
            let count = min(StorageLimits.copyBytes, bytes - offset)
            guard let index = try reader.fill(offset, count) else { throw .corrupt(path: source.path, .missing) }
            do throws(CallFailure) {
                let part = reader.buffer.span.extracting(index..<index + count)
                try fileSystem.write(part, to: target.fd, at: offset, path: path)
            } catch { throw files.gate.error(for: error) }
            offset += count
        }
    }

    /// Copies the audit log.
    func copyAudit(_ source: AuditFolder, _ extents: [AuditFolder.Extent]) throws(StoreError) {
        let folder = try folder([AuditFolder.name])
        for extent in extents {
            // A file that was dropped meanwhile has a line that says so.
            guard let file = try OpenFile.open(extent.file.name, in: source.source) else { continue }
            let bytes: Int
            if let known = extent.bytes { bytes = known } else { bytes = try file.byteCount() }
            try copy(file, bytes: bytes, as: extent.file.name, in: folder)
        }
    }

    /// Makes everything durable.
    func sync() throws(StoreError) {
        do throws(CallFailure) { try root.fileSystem.syncfs(root.fd, path: root.path) } catch {
            throw files.gate.unknownOutcome(error)
        }
    }
}

/// Copies what is sound from one tree to another.
struct DataCopy {
    let source: DataWalk
    let target: CopyTarget
    var outcome = BackupOutcome()

    init(source: DataWalk, target: CopyTarget) {
        self.source = source
        self.target = target
    }

    /// Copies the documents of one folder.
    mutating func copyDocuments(in shard: Directory) throws(StoreError) {
        let path = shard.path.split(separator: "/").suffix(2).map(String.init)
        var folder: Directory?
        for name in try source.names(shard).sorted() where source.kind(of: name) == .document {
            let contents: Directory.Contents
            do throws(CallFailure) {
                contents = try shard.read(
                    name, bytesMax: DocumentLimits.documentBytesMax + DocumentLimits.envelopeBytesMax)
            } catch { throw error.asStoreError }
            if case .absent = contents { continue }
            guard case .bytes(let bytes) = contents, let envelope = try? Envelope(parsing: bytes),
                (try? DocumentLocation(envelope.key))?.path == (path + [name]).joined(separator: "/")
            else {
                outcome.skipped.append(shard.path(of: name))
                continue
            }
            guard let file = try target.file(of: envelope, bytes) else { continue }
            let made: Directory
            if let folder { made = folder } else { made = try target.folder(path) }
            folder = made
            try target.write(file, as: name, in: made)
            outcome.documents += 1
            outcome.bytes += file.count
        }
    }

    /// Copies documents that are not in their own files yet; one that has come into its file meanwhile is whole there too.
    mutating func copyWaiting(
        _ documents: [(shard: JournalLedger.Shard, key: DocumentKey, chain: PendingChain)],
        _ waiting: WaitingDocuments
    ) throws(StoreError) {
        for (_, key, chain) in documents {
            let location = try DocumentLocation(key)
            let folder = try target.folder([location.collection, location.shard])
            if let envelope = try waiting.envelope(chain, key: key) {
                guard let file = try target.file(of: envelope, nil) else { continue }
                try target.write(file, as: location.fileName, in: folder)
                outcome.bytes += file.count
            } else {
                try target.files.remove(location.fileName, in: folder)
            }
        }
    }

    /// Copies one document as it is now, in the place of an earlier copy; that stays where the document cannot be read any more.
    mutating func copyDocument(_ key: DocumentKey) throws(StoreError) {
        guard let envelope = try? target.documents?.envelope(key), let file = try target.file(of: envelope, nil)
        else { return }
        let location = try DocumentLocation(key)
        let folder = try target.folder([location.collection, location.shard])
        try target.write(file, as: location.fileName, in: folder)
    }

    /// Copies one stream, which has no writer meanwhile.
    mutating func copyStream(
        _ folder: Directory, _ opened: Result<Manifest, StoreError>, isRestore: Bool
    ) throws(StoreError) {
        do throws(StoreError) {
            var manifest = try opened.get()
            guard target.format == .current || manifest.isOfFirstForm else {
                outcome.omittedStreams += 1
                return
            }
            let found = try StreamCheck(folder: folder, manifest: manifest).run()
            let copy = try target.folder(folder.path.split(separator: "/").suffix(3).map(String.init))
            for segment in manifest.segments {
                let name = Manifest.segmentName(segment.number)
                guard let file = try OpenFile.open(name, in: folder) else {
                    throw StoreError.corrupt(path: folder.path(of: name), .missing)
                }
                try target.copy(file, bytes: segment.bytes, as: name, in: copy)
                outcome.bytes += segment.bytes
            }
            // A cursor from after the backup would stand for other changes once the stream has grown again.
            if isRestore { manifest.beginEpoch(after: found.lastSequence) }
            try target.write(manifest.encoded(), as: Manifest.fileName, in: copy)
            outcome.streams += 1
        } catch {
            guard case .corrupt = error else { throw error }
            outcome.skipped.append(folder.path)
        }
    }
}
