// The files of documents: where they are, how one is read, put in place, taken away or set aside. Everything here
// blocks and runs on I/O threads. Knows neither revisions to expect nor caches.

import Cryptography
package import StoreFiles
import Synchronization

/// The contents of a document's file.
enum StoredDocument: Sendable {
    case found(Envelope)
    case absent
    case damaged(Corruption)
}

/// The files of the documents of a data directory.
package final class DocumentFolders: Sendable {
    let root: Directory
    let files: DurableFiles
    private let quarantine = Quarantine()
    private let collections = Mutex<[String: Directory]>([:])

    /// The documents below `root`.
    package init(root: Directory, files: DurableFiles) {
        self.root = root
        self.files = files
    }

    /// Reads and checks one document.
    ///
    /// A copy that was set aside blocks the key: a damaged document must not become a new, empty one.
    func read(_ key: DocumentKey, at location: DocumentLocation) throws(StoreError) -> StoredDocument {
        guard let shard = try shard(location.collection, location.shard) else { return .absent }
        switch try contents(location.fileName, in: shard) {
        case .absent:
            if let copy = try quarantine.copy(of: location.fileName, in: shard) {
                throw .corrupt(path: location.path, .quarantined(copy: copy))
            }
            return .absent
        case .notARegularFile: return .damaged(.notARegularFile)
        case .oversized: return .damaged(.oversized)
        case .bytes(let bytes): return try Self.parse(bytes, key: key, path: location.path)
        }
    }

    static func parse(_ bytes: [UInt8], key: DocumentKey, path: String) throws(StoreError) -> StoredDocument {
        do throws(Envelope.Failure) {
            let envelope = try Envelope(parsing: bytes)
            return envelope.key == key ? .found(envelope) : .damaged(.wrongDocument)
        } catch {
            switch error {
            case .corrupt(let why): return .damaged(why)
            case .newerSchema(let found): throw .newerSchema(path: path, found: found, supported: Envelope.schema)
            }
        }
    }

    private func contents(_ name: String, in directory: Directory) throws(StoreError) -> Directory.Contents {
        do throws(CallFailure) {
            return try directory.read(name, bytesMax: DocumentLimits.documentBytesMax + DocumentLimits.envelopeBytesMax)
        } catch { throw error.asStoreError }
    }

    /// Removes a document's file; durable only after a sync.
    func takeAway(_ location: DocumentLocation, from shard: Directory) throws(StoreError) {
        do throws(CallFailure) {
            try shard.fileSystem.unlink(location.fileName, in: shard.fd, path: location.path)
        } catch { throw files.gate.error(for: error) }
    }

    /// Renames a damaged file so that its bytes are kept and can be looked at.
    ///
    /// - Returns: the error to throw.
    func setAside(at location: DocumentLocation, because why: Corruption) throws(StoreError) -> StoreError {
        if let shard = try shard(location.collection, location.shard), files.gate.currentReason == nil {
            try quarantine.setAside(location.fileName, in: shard, gate: files.gate)
        }
        return .corrupt(path: location.path, why)
    }

    /// Removes the copies that were set aside for a document, which unblocks its key; durable on return.
    func discardSetAside(at location: DocumentLocation) throws(StoreError) {
        guard let shard = try shard(location.collection, location.shard) else { return }
        try files.gate.check()
        try quarantine.discard(location.fileName, in: shard, gate: files.gate)
    }

    // MARK: Folders

    func collection(_ name: String) throws(StoreError) -> Directory? {
        if let known = collections.withLock({ $0[name] }) { return known }
        do throws(CallFailure) {
            guard let found = try root.subdirectory(name) else { return nil }
            collections.withLock { $0[name] = found }
            return found
        } catch { throw error.asStoreError }
    }

    func shard(_ collection: String, _ name: String) throws(StoreError) -> Directory? {
        guard let parent = try self.collection(collection) else { return nil }
        do throws(CallFailure) { return try parent.subdirectory(name) } catch { throw error.asStoreError }
    }

    /// The folder of a document, made when it is missing.
    ///
    /// - Returns: the folder, and its parent when that must be synced for the folder to last.
    func makeShard(_ location: DocumentLocation) throws(StoreError) -> (folder: Directory, unsynced: Directory?) {
        try files.gate.check()
        let parent: Directory
        if let known = try collection(location.collection) {
            parent = known
        } else {
            parent = try files.makeDirectory(location.collection, in: root)
            collections.withLock { $0[location.collection] = parent }
        }
        do throws(CallFailure) {
            let (folder, isNew) = try parent.makeSubdirectory(location.shard)
            return (folder, isNew ? parent : nil)
        } catch { throw files.gate.error(for: error) }
    }

    /// The file names of the documents in one shard, sorted.
    func documentNames(_ collection: String, shard name: String) throws(StoreError) -> [String] {
        guard let shard = try shard(collection, name) else { return [] }
        return try documentNames(in: shard).sorted()
    }

    /// The file names of the documents in one shard, in no order.
    func documentNames(in shard: Directory) throws(StoreError) -> [String] {
        do throws(CallFailure) {
            return try shard.names().filter(DocumentLocation.isDocumentName)
        } catch { throw error.asStoreError }
    }

    /// The head of the document in a file, or nil when it is no sound one or has gone.
    func head(of name: String, in shard: Directory) throws(StoreError) -> Envelope.Head? {
        guard let file = try? OpenFile.open(name, in: shard) else { return nil }
        var bytes = [UInt8](repeating: 0, count: DocumentLimits.headBytes)
        for wanted in [DocumentLimits.headBytes, DocumentLimits.envelopeBytesMax] {
            if bytes.count < wanted { bytes = [UInt8](repeating: 0, count: wanted) }
            let count: Int
            do throws(CallFailure) {
                var span = bytes.mutableSpan
                count = try file.fileSystem.read(into: &span, from: file.fd, at: 0, path: file.path)
            } catch { throw error.asStoreError }
            if count < wanted { bytes.removeLast(wanted - count) }
            if let head = try? Envelope.Head(parsing: bytes) { return head }
            if count < wanted { return nil }
        }
        return nil
    }

    /// The id of the document in a file, or nil when only a sound file could tell and it is none.
    func id(ofFileName name: String, collection: String, shard: String) throws(StoreError) -> [UInt8]? {
        if let id = DocumentLocation.plainID(ofFileName: name) { return id }
        guard let directory = try self.shard(collection, shard),
            case .bytes(let bytes) = try contents(name, in: directory),
            let envelope = try? Envelope(parsing: bytes)
        else { return nil }
        return envelope.key.id
    }
}
