// Walking the folders of a collection page by page. Reads directories, and files only where a name does not tell the
// id.

struct DocumentListing {
    let folders: DocumentFolders
    let collection: String

    func page(shard: UInt16?, after position: Documents.ListPosition?, limit: Int) throws(StoreError)
        -> Documents.KeyPage
    {
        var keys: [DocumentKey] = []
        for number in try shards(shard, from: position?.shard ?? 0) {
            let name = DocumentLocation.shardName(number)
            for fileName in try folders.documentNames(collection, shard: name) {
                if let position, position.shard == number, fileName <= position.fileName { continue }
                if let id = try folders.id(ofFileName: fileName, collection: collection, shard: name) {
                    keys.append(DocumentKey(collection: collection, id: id))
                }
                if keys.count == limit {
                    return Documents.KeyPage(keys: keys, next: .init(shard: number, fileName: fileName))
                }
            }
        }
        return Documents.KeyPage(keys: keys, next: nil)
    }

    /// The numbers of the folders that exist and are still to be read, in order.
    private func shards(_ only: UInt16?, from first: UInt16) throws(StoreError) -> [UInt16] {
        if let only { return only < first ? [] : [only] }
        guard let directory = try folders.collection(collection) else { return [] }
        do throws(CallFailure) {
            return try directory.names().filter(DocumentLocation.isShardName).compactMap { UInt16($0, radix: 16) }
                .filter { $0 >= first }.sorted()
        } catch { throw error.asStoreError }
    }
}
