// The records that were missing in a full read which lacked very many at once. They are kept under a data type of their
// own beside the records, until the next full read confirms or denies it. Readers never see them.

import Cryptography
import ProviderSDK
import RecordStore
import StoreFiles

/// The marks of one data type in a stream.
struct MissingMarks: Sendable {
    /// The data type that holds the marks of all others.
    static let storedDataType = "~missing"

    let records: Records
    let stream: StreamID
    let dataType: String

    /// Loads the marks that the sync `syncID` has set.
    func load(of syncID: String) async throws(StoreError) -> Set<UInt64> {
        var marks: Set<UInt64> = []
        let label = Self.label(dataType, syncID)
        try await forEach { (id, source) in
            if source == label { marks.insert(Self.number(id)) }
        }
        return marks
    }

    /// Sets the marks of these records, durable on return.
    func set(_ ids: [[UInt8]], by syncID: String, at now: Timestamp) async throws(StoreError) {
        let label = Self.label(dataType, syncID)
        for start in stride(from: 0, to: ids.count, by: RecordLimits.batchRecordsMax) {
            var batch = RecordBatch(dataType: Self.storedDataType)
            for id in ids[start..<min(ids.count, start + RecordLimits.batchRecordsMax)] {
                batch.upsert(
                    id: Self.mark(id, of: dataType), sourceID: label, timestampMilliseconds: now.milliseconds,
                    payload: [])
            }
            _ = try await records.append(batch, to: stream)
        }
    }

    /// Removes the marks of other syncs than `syncID`.
    func clear(except syncID: String, at now: Timestamp) async throws(StoreError) {
        let label = Self.label(dataType, syncID)
        let prefix = Self.label(dataType, "")
        var old: [[UInt8]] = []
        try await forEach { (id, source) in
            if source.starts(with: prefix), source != label { old.append(id) }
        }
        for start in stride(from: 0, to: old.count, by: RecordLimits.batchRecordsMax) {
            var batch = RecordBatch(dataType: Self.storedDataType)
            for id in old[start..<min(old.count, start + RecordLimits.batchRecordsMax)] {
                batch.delete(id: id, timestampMilliseconds: now.milliseconds)
            }
            _ = try await records.append(batch, to: stream)
        }
    }

    private func forEach(_ body: ([UInt8], [UInt8]) -> Void) async throws(StoreError) {
        var position: UInt64? = 0
        while let after = position {
            let page = try await records.current(
                stream, dataType: Self.storedDataType, after: after, limit: RecordLimits.recordPageMax,
                withPayloads: false)
            for record in page.records { body(record.id, record.sourceID) }
            position = page.next
        }
    }

    /// The id of a record's mark.
    static func mark(_ id: [UInt8], of dataType: String) -> [UInt8] {
        Array(SHA256.digest(Array(dataType.utf8) + [0] + id).bytes.prefix(16))
    }

    /// A mark as a number; two of a data type hardly ever share one.
    static func number(_ mark: [UInt8]) -> UInt64 { mark.prefix(8).reduce(0) { $0 << 8 | UInt64($1) } }

    private static func label(_ dataType: String, _ syncID: String) -> [UInt8] { Array("\(dataType) \(syncID)".utf8) }
}
