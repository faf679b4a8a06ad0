// Generations of a stream: begun, abandoned, and made visible whole, with the deletion of what they did not meet. How frames are
// written is the writer's.

import StoreFiles
import Synchronization

extension StreamWriter {
    mutating func begin(_ name: String, checkpoint: [UInt8]?, in stream: RecordStream) throws(StoreError) -> UInt32 {
        try prepare()
        let type = try dataType(name, stream)
        builder.clear()
        try write(.begin, dataType: type, checkpoint: checkpoint, to: stream)
        // What an earlier generation met and changed counts no longer.
        indexes[type]?.abandon()
        return stream.layout.withLock { $0.dataTypes[type].generationCount }
    }

    /// Throws while a generation of the data type is open.
    func checkNoGeneration(of name: String, _ stream: RecordStream) throws(StoreError) {
        let isOpen = stream.layout.withLock { layout in
            layout.index(of: name).map { layout.dataTypes[$0].generation != nil } ?? false
        }
        if isOpen { throw .generationOpen(dataType: name) }
    }

    mutating func abandon(_ generation: Generation, in stream: RecordStream) throws(StoreError) {
        try prepare()
        guard let type = stream.layout.withLock({ $0.index(of: generation.dataType) }) else {
            throw .generationNotOpen(dataType: generation.dataType)
        }
        _ = try check(generation.number, type, generation.dataType, stream)
        builder.clear()
        try write(.abandon, dataType: type, checkpoint: nil, to: stream)
        indexes[type]?.abandon()
    }

    /// Stages the deletion of every record the generation has not met, then makes the generation visible.
    ///
    /// - Parameter keepsUnmet: leaves them instead.
    mutating func commit(
        _ generation: Generation, checkpoint: [UInt8]?, timestamp: Int64, keepsUnmet: Bool,
        with companion: CompanionBatch?, in stream: RecordStream
    ) throws(StoreError) -> AppendOutcome {
        try prepare()
        guard let type = stream.layout.withLock({ $0.index(of: generation.dataType) }) else {
            throw .generationNotOpen(dataType: generation.dataType)
        }
        _ = try check(generation.number, type, generation.dataType, stream)
        let companionType = try prepare(companion, besides: type, stream)
        var outcome = AppendOutcome()
        var index = try takeIndex(type, stream)
        if !keepsUnmet, index.unseenCount > 0 {
            outcome.deleted = try stageDeletions(of: &index, type, timestamp: timestamp, stream)
        }
        builder.clear()
        let held = try hold(companion, as: companionType, in: stream)
        try write(.commit, dataType: type, checkpoint: checkpoint, after: held, to: stream)
        index.commit()
        indexes[type] = index
        return outcome
    }

    private mutating func stageDeletions(
        of index: inout TypeIndex, _ type: Int, timestamp: Int64, _ stream: RecordStream
    ) throws(StoreError) -> Int {
        let runs = stream.layout.withLock { $0.dataTypes[type].runs }
        var count = 0
        for run in runs where index.unseenCount > 0 {
            var unseen: [(hash: RecordHash, id: [UInt8], source: [UInt8])] = []
            try RunReader(stream.folder, stream.incarnation, run).forEachRow { row, rowBytes in
                let hash = stream.hashes.id(rowBytes.span.extracting(row.id))
                if row.kind != .deleted, index.isUnseen(hash, content: row.contentHash) {
                    unseen.append((hash, Array(rowBytes[row.id]), Array(rowBytes[row.source])))
                }
            }
            for record in unseen where index.stageDelete(record.hash) == .change(.deleted) {
                builder.add(
                    .deleted, id: record.id[...], source: record.source[...], timestamp: timestamp, contentHash: 0,
                    payload: [])
                count += 1
                // One frame at a time is being written, ever: only the last one in a segment can be torn.
                if builder.rowCount == RecordLimits.deletionsPerFrameMax {
                    try write(.stagedPage, dataType: type, checkpoint: nil, to: stream)
                }
            }
        }
        if !builder.isEmpty { try write(.stagedPage, dataType: type, checkpoint: nil, to: stream) }
        return count
    }
}
