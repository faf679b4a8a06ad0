// A page of records on its way into a stream. The rows and their bytes lie in three flat buffers, so that a page
// costs a handful of allocations however many records it has.

import StoreFiles

/// The upserts and deletions of one data type that are appended together: one frame on disk, durable or absent as a
/// whole.
public struct RecordBatch: Sendable {
    enum RowKind: Sendable { case upsert, deletion, sighting }

    struct Row: Sendable {
        var kind: RowKind
        var idBytes: Int
        var sourceBytes: Int
        var payloadBytes: Int
        var volatileBytes = 0
        var timestamp: Int64
    }

    /// The data type of all records of the batch.
    public let dataType: String
    /// The caller's place in the source, stored in the same frame as the records; nil keeps the one before.
    public var checkpoint: [UInt8]?

    private(set) var rows: [Row] = []
    private(set) var keys: [UInt8] = []
    private(set) var payloads: [UInt8] = []
    // Ids that were empty or too long are reported when the batch is appended, where errors are expected.
    private(set) var invalidReason: String?

    /// An empty batch.
    public init(dataType: String, checkpoint: [UInt8]? = nil) {
        self.dataType = dataType
        self.checkpoint = checkpoint
    }

    /// The records in the batch.
    public var count: Int { rows.count }

    /// The bytes of ids, sources and payloads in the batch; at most ``RecordLimits/batchBytesMax`` can be appended.
    public var byteCount: Int { keys.count + payloads.count }

    /// Adds a record with its new content.
    ///
    /// Of two entries with the same id the later one counts. The timestamp is not part of the content: a record whose
    /// payload and source are the stored ones is unchanged, with any time.
    ///
    /// - Parameter volatileBytes: the bytes at the end of the payload that are not compared either: what is stored
    ///   keeps them until the rest changes.
    public mutating func upsert(
        id: [UInt8], sourceID: [UInt8] = [], timestampMilliseconds: Int64, payload: [UInt8], volatileBytes: Int = 0
    ) {
        upsert(id: id, sourceID: sourceID, timestampMilliseconds: timestampMilliseconds) { $0 += payload }
        rows[rows.count - 1].volatileBytes = max(0, min(volatileBytes, payload.count))
    }

    /// Adds a record whose content `write` appends to a buffer that already holds other records.
    ///
    /// What `write` throws leaves the batch as it was.
    public mutating func upsert<Failure: Error>(
        id: [UInt8], sourceID: [UInt8] = [], timestampMilliseconds: Int64,
        write: (inout [UInt8]) throws(Failure) -> Void
    ) throws(Failure) {
        let start = payloads.count
        do throws(Failure) {
            try write(&payloads)
        } catch {
            payloads.removeSubrange(start...)
            throw error
        }
        append(id, sourceID, timestampMilliseconds, payloadBytes: payloads.count - start, .upsert)
    }

    /// Adds the deletion of a record.
    public mutating func delete(id: [UInt8], sourceID: [UInt8] = [], timestampMilliseconds: Int64) {
        append(id, sourceID, timestampMilliseconds, payloadBytes: 0, .deletion)
    }

    /// Adds that a record was met whose content is not known: it stays as it is, and an open generation of the data type does not
    /// delete it.
    public mutating func meet(id: [UInt8]) {
        append(id, [], 0, payloadBytes: 0, .sighting)
    }

    /// Empties the batch for the next page, keeping its memory.
    public mutating func removeAll() {
        rows.removeAll(keepingCapacity: true)
        keys.removeAll(keepingCapacity: true)
        payloads.removeAll(keepingCapacity: true)
        checkpoint = nil
        invalidReason = nil
    }

    private mutating func append(
        _ id: [UInt8], _ sourceID: [UInt8], _ timestamp: Int64, payloadBytes: Int, _ kind: RowKind
    ) {
        if !(1...StoreLimits.idBytesMax).contains(id.count) { invalidReason = "a record id of \(id.count) bytes" }
        if sourceID.count > StoreLimits.idBytesMax { invalidReason = "a source id of \(sourceID.count) bytes" }
        keys += id
        keys += sourceID
        rows.append(
            Row(
                kind: kind, idBytes: id.count, sourceBytes: sourceID.count, payloadBytes: payloadBytes,
                timestamp: timestamp))
    }

    /// Throws when the batch cannot be stored.
    func validate() throws(StoreError) {
        try Self.validate(dataType: dataType)
        try Self.validate(checkpoint: checkpoint)
        if let invalidReason { throw .invalidName(invalidReason) }
        if rows.count > RecordLimits.batchRecordsMax {
            throw .tooLarge(bytes: byteCount, bytesMax: RecordLimits.batchBytesMax)
        }
        if byteCount > RecordLimits.batchBytesMax {
            throw .tooLarge(bytes: byteCount, bytesMax: RecordLimits.batchBytesMax)
        }
    }

    /// Whether a data type is the caller's own bookkeeping: its name begins with `~`, and a read of all data types
    /// leaves it out.
    public static func isReserved(_ dataType: String) -> Bool { dataType.utf8.first == 0x7e }

    static func validate(dataType: String) throws(StoreError) {
        let bytes = Array(dataType.utf8)
        guard (1...RecordLimits.dataTypeBytesMax).contains(bytes.count), bytes.allSatisfy({ $0 > 0x20 && $0 != 0x7f })
        else {
            throw .invalidName("the data type \"\(dataType)\"")
        }
    }

    static func validate(checkpoint: [UInt8]?) throws(StoreError) {
        if let checkpoint, checkpoint.count > RecordLimits.checkpointBytesMax {
            throw .tooLarge(bytes: checkpoint.count, bytesMax: RecordLimits.checkpointBytesMax)
        }
    }
}

/// A batch of another data type that is appended in one step with a page or a commit: readers see both or neither,
/// and after a crash both are there or neither is.
public struct CompanionBatch: Sendable {
    /// The batch; visible at once.
    public var batch: RecordBatch
    /// The newest change of the batch's data type as the caller knows it; nil when that does not matter.
    ///
    /// When there is a newer one, nothing is appended and ``StoreError/conflict(expected:found:)`` is thrown.
    public var expectedLastSequence: UInt64?

    /// A companion.
    public init(_ batch: RecordBatch, expectedLastSequence: UInt64? = nil) {
        self.batch = batch
        self.expectedLastSequence = expectedLastSequence
    }
}
