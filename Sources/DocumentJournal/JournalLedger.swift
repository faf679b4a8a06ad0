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
    /// Whether the entry deletes the document.
    package var isDeletion: Bool
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

    private var pending: [Shard: [DocumentKey: PendingDocument]] = [:]
    private var segments: [SegmentState] = []
    /// The number of documents that wait.
    package private(set) var pendingCount = 0
    /// The number of the last entry.
    package private(set) var lastNumber: UInt64 = 0
    /// The bytes of entries in segments that are still there.
    package private(set) var bytes = 0

    /// Takes in a durable entry.
    package mutating func add(_ document: PendingDocument, of key: DocumentKey, in shard: Shard) {
        if pending[shard, default: [:]].updateValue(document, forKey: key) == nil { pendingCount += 1 }
        lastNumber = document.number
        bytes += document.byteCount
        if segments.last?.segment !== document.segment {
            segments.append(SegmentState(segment: document.segment, lastNumber: document.number, bytes: 0))
        }
        segments[segments.count - 1].lastNumber = document.number
        segments[segments.count - 1].bytes += document.byteCount
    }

    /// Whether a segment holds any entry.
    package func hasEntries(in segment: JournalSegment) -> Bool {
        segments.last?.segment === segment
    }

    /// The entry of a document; nil when none waits.
    package func find(_ key: DocumentKey, in shard: Shard) -> PendingDocument? {
        pending[shard]?[key]
    }

    /// The documents of one folder that wait in the journal; the value says whether they are deleted.
    package func documents(in shard: Shard) -> [(key: DocumentKey, isDeletion: Bool)] {
        (pending[shard] ?? [:]).map { ($0.key, $0.value.isDeletion) }
    }

    /// The entries of one folder that wait in the journal.
    package func waiting(in shard: Shard) -> [(key: DocumentKey, document: PendingDocument)] {
        (pending[shard] ?? [:]).map { ($0.key, $0.value) }
    }

    /// The collections that documents wait for.
    package var collections: Set<String> { Set(pending.keys.map(\.collection)) }

    /// The folders of a collection that documents wait for.
    package func shards(of collection: String) -> [UInt16] {
        pending.keys.filter { $0.collection == collection }.map(\.number)
    }

    /// Everything that waits, folder after folder.
    package var waiting: [(shard: Shard, key: DocumentKey, document: PendingDocument)] {
        pending.flatMap { shard, documents in documents.map { (shard, $0.key, $0.value) } }
    }

    /// Everything that waits, folder by folder.
    package func snapshot() -> [(shard: Shard, documents: [(key: DocumentKey, document: PendingDocument)])] {
        pending.map { ($0.key, $0.value.map { ($0.key, $0.value) }) }
    }

    /// Forgets what a checkpoint brought into place, unless it changed since.
    package mutating func remove(_ documents: [(key: DocumentKey, document: PendingDocument)], from shard: Shard) {
        for (key, document) in documents where pending[shard]?[key]?.number == document.number {
            pending[shard]?[key] = nil
            pendingCount -= 1
        }
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
