// Where copies of documents, streams and the audit log go: a folder, or an archive. Nothing is synced until the end.

import Audit
import DocumentStore
import Glibc
import RecordStore
import StoreFiles
import Synchronization

/// The files of a folder or of an archive, written one after the other.
protocol CopyOutput: Sendable {
    /// Writes a whole file; a later one of the same path replaces it.
    func write(_ bytes: [UInt8], to path: [String]) throws(StoreError)
    /// Copies the first bytes of a file.
    func copy(_ source: OpenFile, bytes: Int, to path: [String]) throws(StoreError)
    /// Takes a file back that may have been written.
    ///
    /// - Returns: false when it is known that it was not written.
    func remove(_ path: [String]) throws(StoreError) -> Bool
}

/// Copies to somewhere, in a format.
struct CopyTarget {
    let output: any CopyOutput
    var format = DataFormat.current
    /// The documents that are copied; nil for a restore.
    var documents: Documents?
    /// For an earlier format: makes the bytes of each document.
    var conversion: DocumentConversion?

    /// The file that marks a complete backup.
    static let markName = "backup"

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

    /// Copies the audit log.
    func copyAudit(_ source: AuditFolder, _ extents: [AuditFolder.Extent]) throws(StoreError) {
        for extent in extents {
            // A file that was dropped meanwhile has a line that says so.
            guard let file = try OpenFile.open(extent.file.name, in: source.source) else { continue }
            let bytes: Int
            if let known = extent.bytes { bytes = known } else { bytes = try file.byteCount() }
            try output.copy(file, bytes: bytes, to: [AuditFolder.name, extent.file.name])
        }
    }
}

/// A folder that copies go to.
final class FolderOutput: CopyOutput {
    let root: Directory
    let files: DurableFiles
    /// The folder of the last file: many files of one folder come in a row.
    private let last = Mutex<(path: [String], folder: Directory)?>(nil)

    init(root: Directory, files: DurableFiles) {
        self.root = root
        self.files = files
    }

    func write(_ bytes: [UInt8], to path: [String]) throws(StoreError) {
        let (folder, name) = try place(path)
        let temporary = try files.writeTemporary(bytes, in: folder, synced: false)
        try files.move(temporary, to: name, in: folder)
    }

    func copy(_ source: OpenFile, bytes: Int, to path: [String]) throws(StoreError) {
        let target = try create(path)
        var offset = 0
        try source.forEachPart(bytes) { part throws(StoreError) in
            try write(part, to: target, at: offset)
            offset += part.count
        }
    }

    func remove(_ path: [String]) throws(StoreError) -> Bool {
        let (folder, name) = try place(path)
        do throws(CallFailure) {
            return try folder.fileSystem.unlink(name, in: folder.fd, path: folder.path(of: name))
        } catch { throw files.gate.error(for: error) }
    }

    /// Makes an empty file, for ``write(_:to:at:)``.
    func create(_ path: [String]) throws(StoreError) -> OpenFile {
        let (folder, name) = try place(path)
        let (fileSystem, path) = (folder.fileSystem, folder.path(of: name))
        do throws(CallFailure) {
            let fd = try fileSystem.open(
                name, in: folder.fd, flags: O_WRONLY | O_CREAT | O_TRUNC, mode: 0o600, path: path)
            let file = OpenFile(fileSystem: fileSystem, fd: fd, path: path)
            try fileSystem.setMode(0o600, of: fd, path: path)
            return file
        } catch { throw files.gate.error(for: error) }
    }

    func write(_ bytes: Span<UInt8>, to file: OpenFile, at offset: Int) throws(StoreError) {
        do throws(CallFailure) {
            try file.fileSystem.write(bytes, to: file.fd, at: offset, path: file.path)
        } catch { throw files.gate.error(for: error) }
    }

    /// The folder of a path, and the name in it.
    func place(_ path: [String]) throws(StoreError) -> (folder: Directory, name: String) {
        let names = Array(path.dropLast())
        if let last = last.withLock({ $0 }), last.path == names { return (last.folder, path.last ?? "") }
        var folder = root
        for name in names { folder = try files.makeDirectory(name, in: folder, synced: false) }
        last.withLock { $0 = (names, folder) }
        return (folder, path.last ?? "")
    }

    /// Removes a folder with everything in it.
    func forget(_ path: [String]) throws(StoreError) {
        let (parent, name) = try place(path)
        last.withLock { $0 = nil }
        do throws(CallFailure) { try parent.removeTree(name) } catch { throw error.asStoreError }
    }

    /// Makes everything durable.
    func sync() throws(StoreError) {
        do throws(CallFailure) { try root.fileSystem.syncfs(root.fd, path: root.path) } catch {
            throw files.gate.unknownOutcome(error)
        }
    }
}

extension ArchiveWriter: CopyOutput {
    func write(_ bytes: [UInt8], to path: [String]) throws(StoreError) {
        let entry = TarEntry(path: path, byteCount: bytes.count)
        try begin(entry)
        try append(bytes.span)
        try endFile(entry)
    }

    func copy(_ source: OpenFile, bytes: Int, to path: [String]) throws(StoreError) {
        let entry = TarEntry(path: path, byteCount: bytes)
        try begin(entry)
        try source.forEachPart(bytes) { part throws(StoreError) in try append(part) }
        try endFile(entry)
    }

    /// An archive cannot take a file back: an empty one behind it says that it is gone.
    func remove(_ path: [String]) throws(StoreError) -> Bool {
        try write([], to: path)
        return true
    }
}

extension OpenFile {
    /// Reads the first bytes of the file part by part.
    fileprivate func forEachPart(
        _ bytes: Int, _ body: (Span<UInt8>) throws(StoreError) -> Void
    ) throws(StoreError) {
        var reader = WindowReader(self, end: bytes)
        var offset = 0
        while offset < bytes {
            let count = min(StorageLimits.copyBytes, bytes - offset)
            guard let index = try reader.fill(offset, count) else { throw .corrupt(path: path, .missing) }
            try body(reader.buffer.span.extracting(index..<index + count))
            offset += count
        }
    }
}
