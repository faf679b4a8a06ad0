// Finding everything the store owns in a data directory by the names on disk: documents, copies set aside, leftovers,
// streams. Reads directories only.

import DocumentStore
import Glibc
import RecordStore
import StoreFiles

/// The kind of a name in a document folder.
enum DocumentFolderEntry {
    case document
    /// A copy of a damaged document.
    case setAside
    /// A temporary file of a process that died.
    case leftover
    /// Not the store's.
    case other
}

struct DataWalk: Sendable {
    let root: Directory
    let temporaryNames: TemporaryNames

    /// The collections that have document folders, sorted.
    func collections() throws(StoreError) -> [String] {
        var found: [String] = []
        for name in try names(root).sorted() {
            guard (try? DocumentLocation.validate(collection: name)) != nil, let folder = try? root.subdirectory(name)
            else { continue }
            if try names(folder).contains(where: DocumentLocation.isShardName) { found.append(name) }
        }
        return found
    }

    /// The names of the folders of a collection.
    func shardNames(of collection: String) throws(StoreError) -> [String] {
        guard let folder = try subdirectory(collection, of: root) else { return [] }
        return try names(folder).filter(DocumentLocation.isShardName)
    }

    /// The folders of a collection or of the records, sorted by name.
    func shards(of parent: String) throws(StoreError) -> [Directory] {
        guard let folder = try subdirectory(parent, of: root) else { return [] }
        var shards: [Directory] = []
        for name in try names(folder).filter(DocumentLocation.isShardName).sorted() {
            if let shard = try subdirectory(name, of: folder) { shards.append(shard) }
        }
        return shards
    }

    /// The folders of the streams in one shard.
    func streams(in shard: Directory) throws(StoreError) -> [Directory] {
        var streams: [Directory] = []
        for name in try names(shard).sorted() where StreamFolder.isStreamName(name) {
            if let folder = try subdirectory(name, of: shard) { streams.append(folder) }
        }
        return streams
    }

    func kind(of name: String) -> DocumentFolderEntry {
        if DocumentLocation.isDocumentName(name) { return .document }
        if Quarantine.original(of: name) != nil { return .setAside }
        return temporaryNames.isLeftover(name) ? .leftover : .other
    }

    func names(_ directory: Directory) throws(StoreError) -> [String] {
        do throws(CallFailure) { return try directory.names() } catch { throw error.asStoreError }
    }

    func subdirectory(_ name: String, of parent: Directory) throws(StoreError) -> Directory? {
        do throws(CallFailure) { return try parent.subdirectory(name) } catch {
            if error.errno == ENOTDIR { return nil }
            throw error.asStoreError
        }
    }
}
