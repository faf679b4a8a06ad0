// What the journal holds that is not yet in its own file, and which segments can go. A state machine without files:
// entries in, places out. Shared by writers, readers and the checkpoint.

package import StoreFiles

/// The place of a waiting document in the journal.
package struct PendingDocument: Sendable {
    /// The revision of the document.
    package var revision: UInt64
    /// The number of its entry; numbers grow by one with every entry ever written.
    package var number: UInt64
    /// The entry's place in the segment; the segment's file stays readable as long as it is referred to.
    package var segment: JournalSegment
    /// The offset of the entry.
    package var offset: Int
    /// The size of the entry.
    package var byteCount: Int
    /// What the entry says of the document.
    package var kind: JournalEntry.Kind
}

/// The entries of one waiting document that its present state is made of, oldest first.
package struct PendingChain: Sendable {
    /// The changes before the last entry, and what they start from unless that is the document's file.
    package private(set) var earlier: [PendingDocument] = []
    /// The newest entry.
    package private(set) var last: PendingDocument
    /// The bytes of the entries that are changes.
    package private(set) var changedBytes: Int

    init(_ first: PendingDocument) {
        last = first
        changedBytes = first.kind == .change ? first.byteCount : 0
    }

    /// Every entry, oldest first.
    package var entries: [PendingDocument] { earlier + [last] }
    /// The revision of the document.
    package var revision: UInt64 { last.revision }
    /// Whether the document is deleted.
    package var isDeletion: Bool { last.kind == .deletion }
    /// Whether the first entry is a change of what is in the document's file.
    package var startsFromFile: Bool { (earlier.first ?? last).kind == .change }

    /// Takes in a newer entry.
    ///
    /// A change of a revision that is not there, which only a journal that was salvaged has, does not count.
    ///
    /// - Returns: whether the entry counts.
    fileprivate mutating func add(_ document: PendingDocument) -> Bool {
        guard document.kind == .change else {
            self = PendingChain(document)
            return true
        }
        guard document.revision == last.revision + 1, last.kind != .deletion else { return false }
        earlier.append(last)
        last = document
        changedBytes += document.byteCount
        return true
    }

    /// Forgets the entries up to `number`, whose outcome is in the document's file; the last one must be newer.
    fileprivate mutating func trim(through number: UInt64) {
        let count = earlier.prefix { $0.number <= number }.count
        changedBytes -= earlier.prefix(count).reduce(0) { $0 + ($1.kind == .change ? $1.byteCount : 0) }
        earlier.removeFirst(count)
    }
}

/// The documents in the journal that are not yet in their own files.
package struct JournalLedger {
    /// The folder that a document is kept in.
    package struct Shard: Hashable {
        /// The collection.
        package let collection: String
        /// The number of the folder in the collection.
        package let number: UInt16

        /// The folder of a document.
        package init(_ location: DocumentLocation) {
            collection = location.collection
            number = location.shardNumber
        }

        /// The folder of a document; throws ``StoreError/invalidName(_:)`` for a key out of bounds.
        package init(of key: DocumentKey) throws(StoreError) {
            collection = key.collection
            number = try DocumentLocation.shardNumber(of: key)
        }

        /// A folder by its number.
        package init(collection: String, number: UInt16) {
            self.collection = collection
            self.number = number
        }
    }

    private struct SegmentState {
        let segment: JournalSegment
        var lastNumber: UInt64
        var bytes: Int
    }

    private var pending: [Shard: [DocumentKey: PendingChain]] = [:]
    private var segments: [SegmentState] = []
    /// The number of documents that wait.
    package private(set) var pendingCount = 0
    /// The number of the last entry.
    package private(set) var lastNumber: UInt64 = 0
    /// The bytes of entries in segments that are still there.
    package private(set) var bytes = 0

    /// Takes in a durable entry.
    ///
    /// - Returns: whether it counts; only in a journal that was salvaged it may not.
    @discardableResult
    package mutating func add(_ document: PendingDocument, of key: DocumentKey, in shard: Shard) -> Bool {
        // Taken out and put back: a change in place costs allocations at every level.
        var documents = pending.removeValue(forKey: shard) ?? [:]
        var counts = true
        if var chain = documents.removeValue(forKey: key) {
            counts = chain.add(document)
            documents.updateValue(chain, forKey: key)
        } else {
            documents.updateValue(PendingChain(document), forKey: key)
            pendingCount += 1
        }
        pending.updateValue(documents, forKey: shard)
        lastNumber = document.number
        bytes += document.byteCount
        if segments.last?.segment !== document.segment {
            segments.append(SegmentState(segment: document.segment, lastNumber: document.number, bytes: 0))
        }
        segments[segments.count - 1].lastNumber = document.number
        segments[segments.count - 1].bytes += document.byteCount
        return counts
    }

    /// Whether a segment holds any entry.
    package func hasEntries(in segment: JournalSegment) -> Bool {
        segments.last?.segment === segment
    }

    /// The entries of a document; nil when none waits.
    package func find(_ key: DocumentKey, in shard: Shard) -> PendingChain? {
        pending[shard]?[key]
    }

    /// The documents of one folder that wait in the journal; the value says whether they are deleted.
    package func documents(in shard: Shard) -> [(key: DocumentKey, isDeletion: Bool)] {
        (pending[shard] ?? [:]).map { ($0.key, $0.value.isDeletion) }
    }

    /// The entries of one folder that wait in the journal.
    package func waiting(in shard: Shard) -> [(key: DocumentKey, chain: PendingChain)] {
        (pending[shard] ?? [:]).map { ($0.key, $0.value) }
    }

    /// The collections that documents wait for.
    package var collections: Set<String> { Set(pending.keys.map(\.collection)) }

    /// The folders of a collection that documents wait for.
    package func shards(of collection: String) -> [UInt16] {
        pending.keys.filter { $0.collection == collection }.map(\.number)
    }

    /// Everything that waits, folder after folder.
    package var waiting: [(shard: Shard, key: DocumentKey, chain: PendingChain)] {
        pending.flatMap { shard, documents in documents.map { (shard, $0.key, $0.value) } }
    }

    /// Forgets what a checkpoint brought into place, but for changes made since.
    package mutating func placed(_ key: DocumentKey, in shard: Shard, through number: UInt64) {
        guard let chain = pending[shard]?[key] else { return }
        if chain.last.number > number {
            pending[shard]?[key]?.trim(through: number)
            return
        }
        pending[shard]?[key] = nil
        pendingCount -= 1
        if pending[shard]?.isEmpty == true { pending[shard] = nil }
    }

    /// Gives up the segments that hold nothing after `number`, oldest first, but for the one being written to.
    ///
    /// Only to be called once every entry up to `number` is durable in its place.
    package mutating func releaseSegments(through number: UInt64, except active: JournalSegment?) -> [JournalSegment] {
        var released: [JournalSegment] = []
        while let first = segments.first, first.lastNumber <= number, first.segment !== active {
            released.append(first.segment)
            bytes -= first.bytes
            segments.removeFirst()
        }
        return released
    }
}
