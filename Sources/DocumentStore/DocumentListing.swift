// Walking the folders of a collection page by page, with what still waits in the journal. Reads directories, and files
// only where a name does not tell the id.

import Cryptography
import DocumentJournal
import StoreFiles
import Synchronization

struct DocumentListing: Sendable {
    let waiting: WaitingDocuments
    let journal: Journal
    let collection: String

    private var folders: DocumentFolders { waiting.folders }

    func page(
        shard: UInt16?, after position: Documents.ListPosition?, limit: Int
    ) throws(StoreError) -> Documents.KeyPage {
        var keys: [DocumentKey] = []
        for number in try shards(shard, from: position?.shard ?? 0) {
            let waiting = try waiting(in: number)
            let name = DocumentLocation.shardName(number)
            let names = Set(try folders.documentNames(collection, shard: name)).union(waiting.keys)
            for fileName in names.sorted() {
                if let position, position.shard == number, fileName <= position.fileName { continue }
                if let known = waiting[fileName] {
                    if !known.isDeletion { keys.append(known.key) }
                } else if let id = try folders.id(ofFileName: fileName, collection: collection, shard: name) {
                    keys.append(DocumentKey(collection: collection, id: id))
                }
                if keys.count == limit {
                    return Documents.KeyPage(keys: keys, next: .init(shard: number, fileName: fileName))
                }
            }
        }
        return Documents.KeyPage(keys: keys, next: nil)
    }

    /// The keys of one folder that have these hashes.
    func keys(withHashes hashes: Set<UInt64>, shard number: UInt16) throws(StoreError) -> [DocumentKey] {
        var keys = Set(
            journal.ledger.withLock { $0.documents(in: .init(collection: collection, number: number)) }.compactMap {
                !$0.isDeletion && hashes.contains($0.key.hash) ? $0.key : nil
            })
        if keys.count == hashes.count { return Array(keys) }
        guard let directory = try folders.shard(collection, DocumentLocation.shardName(number)) else {
            return Array(keys)
        }
        for name in try folders.documentNames(in: directory) {
            var key = DocumentLocation.plainID(ofFileName: name).map { DocumentKey(collection: collection, id: $0) }
            if key == nil { key = try folders.head(of: name, in: directory)?.key }
            guard let key, hashes.contains(key.hash) else { continue }
            keys.insert(key)
            if keys.count == hashes.count { break }
        }
        return Array(keys)
    }

    /// The heads of the documents of one folder.
    func heads(shard number: UInt16) throws(StoreError) -> [Documents.Head] {
        let folder = JournalLedger.Shard(collection: collection, number: number)
        // The journal is looked at first: a document that comes into place meanwhile is found twice, not missed.
        var heads: [String: Documents.Head] = [:]
        var deleted: Set<String> = []
        for (key, chain) in journal.ledger.withLock({ $0.waiting(in: folder) }) {
            let name = try DocumentLocation(key).fileName
            guard !chain.isDeletion else {
                deleted.insert(name)
                continue
            }
            let summary = try? waiting.summary(chain, key: key)
            heads[name] = Documents.Head(key: key, revision: chain.revision, summary: summary ?? nil)
        }
        let name = DocumentLocation.shardName(number)
        guard let directory = try folders.shard(collection, name) else { return Array(heads.values) }
        for fileName in try folders.documentNames(in: directory) where heads[fileName] == nil {
            if deleted.contains(fileName) { continue }
            if let head = try folders.head(of: fileName, in: directory) {
                heads[fileName] = Documents.Head(key: head.key, revision: head.revision, summary: head.summary)
            } else if let id = DocumentLocation.plainID(ofFileName: fileName) {
                let key = DocumentKey(collection: collection, id: id)
                heads[fileName] = Documents.Head(key: key, revision: 0, summary: nil)
            }
        }
        return Array(heads.values)
    }

    /// The documents of one folder that wait in the journal, by file name.
    private func waiting(
        in shard: UInt16
    ) throws(StoreError) -> [String: (key: DocumentKey, isDeletion: Bool)] {
        let folder = JournalLedger.Shard(collection: collection, number: shard)
        var found: [String: (key: DocumentKey, isDeletion: Bool)] = [:]
        for (key, isDeletion) in journal.ledger.withLock({ $0.documents(in: folder) }) {
            found[try DocumentLocation(key).fileName] = (key, isDeletion)
        }
        return found
    }

    /// The numbers of the folders that exist or will, and are still to be read, in order.
    func shards(_ only: UInt16?, from first: UInt16) throws(StoreError) -> [UInt16] {
        if let only { return only < first ? [] : [only] }
        var numbers = Set(journal.ledger.withLock { $0.shards(of: collection) })
        if let directory = try folders.collection(collection) {
            let names: [String]
            do throws(CallFailure) { names = try directory.names() } catch { throw error.asStoreError }
            for name in names where DocumentLocation.isShardName(name) {
                if let number = UInt16(name, radix: 16) { numbers.insert(number) }
            }
        }
        return numbers.filter { $0 >= first }.sorted()
    }
}
