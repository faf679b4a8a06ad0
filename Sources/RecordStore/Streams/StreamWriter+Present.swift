// The records of a stream as they are now, without the changes that led there. Reads only.

import StoreFiles
import Synchronization

extension StreamWriter {
    /// The records of one data type as they are now, in the order of their last change.
    mutating func current(
        _ name: String, after sequence: UInt64, limit: Int, withPayloads: Bool,
        where isWanted: RecordFilter?, in stream: RecordStream
    ) throws(StoreError) -> RecordPage {
        let found = stream.layout.withLock { layout -> (Int, UInt64, [FrameRun])? in
            guard let type = layout.index(of: name) else { return nil }
            let runs = layout.runs(after: sequence, dataType: type, rowCount: .max).found
            return (type, layout.dataTypes[type].lastSequence, runs.map(\.run))
        }
        guard let (type, last, runs) = found else { return RecordPage(records: [], next: nil, lastSequence: 0) }
        let index = try takeIndex(type, stream)
        defer { indexes[type] = index }
        let hashes = stream.hashes
        var records: [RecordChange] = []
        var bytes = 0
        for run in runs where records.count <= limit && bytes < RecordLimits.changePageBytesMax {
            try RunReader(stream.folder, stream.incarnation, run).forEachRowWithPayload(
                hashes, readsPayloads: withPayloads,
                where: { row, bytes in
                    guard row.sequence > sequence, row.kind != .deleted,
                        isWanted?(bytes[row.id], bytes[row.source]) ?? true
                    else { return false }
                    let entry = index.committed.find(hashes.id(bytes.span.extracting(row.id)))
                    return entry?.isLive == true && entry?.content == row.contentHash
                }
            ) { row, rowBytes, payload in
                guard records.count <= limit else { return }
                bytes += payload.count
                records.append(
                    RecordChange(
                        sequence: row.sequence, kind: row.kind, dataType: name, id: Array(rowBytes[row.id]),
                        sourceID: Array(rowBytes[row.source]), timestampMilliseconds: row.timestamp,
                        contentHash: row.contentHash, payload: payload, isOutOfReach: row.marks.isOutOfReach))
            }
        }
        // One more than asked for shows whether there is another page.
        let isCut = records.count > limit
        if isCut { records.removeLast(records.count - limit) }
        let hasMore = isCut || bytes >= RecordLimits.changePageBytesMax
        return RecordPage(records: records, next: hasMore ? records.last?.sequence : nil, lastSequence: last)
    }
}
