// Reading documents that wait in the journal: a whole one, or changes of what is in the file. Blocks; knows no cache.

package import DocumentJournal
package import StoreFiles

/// A reader of documents whose newest state is in the journal.
package struct WaitingDocuments: Sendable {
    let folders: DocumentFolders
    /// Whether changes whose beginning is lost are left out instead of refused.
    var salvages = false

    /// The document that `chain` stands for; nil when it is deleted.
    package func envelope(_ chain: PendingChain, key: DocumentKey) throws(StoreError) -> Envelope? {
        let location = try DocumentLocation(key)
        switch try read(chain, key: key, at: location) {
        case .found(let envelope): return envelope
        case .absent: return nil
        case .damaged(let why): throw .corrupt(path: location.path, why)
        }
    }

    func read(_ chain: PendingChain, key: DocumentKey, at location: DocumentLocation) throws(StoreError)
        -> StoredDocument
    {
        if chain.isDeletion { return .absent }
        var entries = chain.entries[...]
        var document: Envelope
        if chain.startsFromFile {
            switch try folders.read(key, at: location) {
            case .found(let envelope): document = envelope
            case .absent: return .damaged(.missing)
            case .damaged(let why): return .damaged(why)
            }
            // A checkpoint that was cut short may have placed some of them.
            entries = entries.drop { $0.revision <= document.revision }
        } else {
            switch try whole(entries.removeFirst(), key: key, path: location.path) {
            case .found(let envelope): document = envelope
            case let other: return other
            }
        }
        for pending in entries {
            guard pending.revision == document.revision + 1, try apply(pending, to: &document) else {
                return salvages ? .found(document) : .damaged(.missing)
            }
        }
        return .found(document)
    }

    /// The summary that belongs to the last revision of `chain`; nil for none.
    func summary(_ chain: PendingChain, key: DocumentKey) throws(StoreError) -> [UInt8]? {
        for pending in chain.entries.reversed() {
            let (bytes, entry) = try pending.segment.entry(pending)
            if entry.kind == .file { return (try? Envelope.Head(parsing: Array(bytes[entry.body])))?.summary }
            if !entry.hasSameSummary { return entry.summary.map { Array(bytes[$0]) } }
        }
        let location = try DocumentLocation(key)
        guard let shard = try folders.shard(location.collection, location.shard) else { return nil }
        return try folders.head(of: location.fileName, in: shard)?.summary
    }

    /// The document of an entry that holds all of it.
    private func whole(_ pending: PendingDocument, key: DocumentKey, path: String) throws(StoreError) -> StoredDocument
    {
        let (bytes, entry) = try pending.segment.entry(pending)
        if entry.kind == .file { return try DocumentFolders.parse(Array(bytes[entry.body]), key: key, path: path) }
        return .found(
            Envelope(
                key: key, revision: pending.revision, summary: entry.summary.map { Array(bytes[$0]) },
                data: Array(bytes[entry.body])))
    }

    /// Applies a change.
    ///
    /// - Returns: whether it is one of this document.
    private func apply(_ pending: PendingDocument, to document: inout Envelope) throws(StoreError) -> Bool {
        let (bytes, entry) = try pending.segment.entry(pending)
        guard let (change, inserted) = entry.change(in: bytes),
            let data = change.applied(to: document.data, inserting: inserted)
        else { return false }
        document.data = data
        document.revision = pending.revision
        if !entry.hasSameSummary { document.summary = entry.summary.map { Array(bytes[$0]) } }
        return true
    }
}
