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

    /// Stages the fate of every record that the generation has not met, then makes the generation visible.
    mutating func commit(
        _ generation: Generation, checkpoint: [UInt8]?, timestamp: Int64, unmet policy: UnmetPolicy,
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
        if index.unseenCount > 0 {
            switch policy {
            case .all(.kept): break
            case .all(.deleted): outcome.deleted = try stageDeletions(of: &index, type, timestamp: timestamp, stream)
            case .all(let fate):
                try settle(&index, type, by: { _ in fate }, timestamp: timestamp, stream, &outcome)
            case .each(let decide):
                try settle(&index, type, by: decide, timestamp: timestamp, stream, &outcome)
            }
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
                try flushStaged(type, stream, isLast: false)
            }
        }
        try flushStaged(type, stream, isLast: true)
        return count
    }

    /// Stages what `decide` says of each record that the generation has not met.
    private mutating func settle(
        _ index: inout TypeIndex, _ type: Int, by decide: (UnmetRecord) -> UnmetFate, timestamp: Int64,
        _ stream: RecordStream, _ outcome: inout AppendOutcome
    ) throws(StoreError) {
        let runs = stream.layout.withLock { $0.dataTypes[type].runs }
        for run in runs where index.unseenCount > 0 {
            // Read before anything of the run is staged, because staging changes which rows count.
            for (record, marks, content) in try Self.unmet(in: run, index, stream) {
                let hash = stream.hashes.id(record.id.span)
                switch decide(record) {
                case .kept: continue
                case .deleted:
                    guard index.stageDelete(hash) == .change(.deleted) else { continue }
                    builder.add(
                        .deleted, id: record.id[...], source: record.sourceID[...], timestamp: timestamp,
                        contentHash: 0, payload: [])
                    outcome.deleted += 1
                case .outOfReach:
                    guard !record.isOutOfReach else { continue }
                    let marked = StreamHashes.outOfReach(content)
                    guard index.stageUpsert(hash, content: marked) == .change(.updated) else { continue }
                    builder.add(
                        .updated, id: record.id[...], source: record.sourceID[...], timestamp: timestamp,
                        contentHash: marked, payload: record.payload[...],
                        marks: RowMarks(volatileBytes: marks.volatileBytes, isOutOfReach: true))
                    outcome.updated += 1
                }
                try flushStaged(type, stream, isLast: false)
            }
        }
        try flushStaged(type, stream, isLast: true)
    }

    /// Adds what the generation has not met to `result`.
    mutating func survey<Result>(
        _ generation: Generation, into result: inout Result, _ body: (inout Result, UnmetRecord) -> Void,
        in stream: RecordStream
    ) throws(StoreError) {
        try prepare()
        guard let type = stream.layout.withLock({ $0.index(of: generation.dataType) }) else {
            throw .generationNotOpen(dataType: generation.dataType)
        }
        _ = try check(generation.number, type, generation.dataType, stream)
        let index = try takeIndex(type, stream)
        indexes[type] = index
        guard index.unseenCount > 0 else { return }
        for run in stream.layout.withLock({ $0.dataTypes[type].runs }) {
            for (record, _, _) in try Self.unmet(in: run, index, stream) { body(&result, record) }
        }
    }

    /// The number of records that readers see and the generation has not met.
    mutating func unmetCount(_ generation: Generation, in stream: RecordStream) throws(StoreError) -> Int {
        try prepare()
        guard let type = stream.layout.withLock({ $0.index(of: generation.dataType) }) else {
            throw .generationNotOpen(dataType: generation.dataType)
        }
        _ = try check(generation.number, type, generation.dataType, stream)
        let index = try takeIndex(type, stream)
        indexes[type] = index
        return index.unseenCount
    }

    /// The rows of a run that readers see and the generation has not met.
    private static func unmet(
        in run: FrameRun, _ index: TypeIndex, _ stream: RecordStream
    ) throws(StoreError) -> [(record: UnmetRecord, marks: RowMarks, content: UInt64)] {
        let hashes = stream.hashes
        var found: [(record: UnmetRecord, marks: RowMarks, content: UInt64)] = []
        try RunReader(stream.folder, stream.incarnation, run).forEachRowWithPayload(
            hashes,
            where: { row, bytes in
                row.kind != .deleted
                    && index.isUnseen(hashes.id(bytes.span.extracting(row.id)), content: row.contentHash)
            }
        ) { row, bytes, payload in
            let record = UnmetRecord(
                id: Array(bytes[row.id]), sourceID: Array(bytes[row.source]), payload: payload,
                isOutOfReach: row.marks.isOutOfReach)
            found.append((record, row.marks, row.contentHash))
        }
        return found
    }

    /// Writes the staged rows when they fill a frame, or are the last.
    ///
    /// One frame at a time is being written, ever: only the last one in a segment can be torn.
    private mutating func flushStaged(_ type: Int, _ stream: RecordStream, isLast: Bool) throws(StoreError) {
        let isFull =
            builder.rowCount >= RecordLimits.deletionsPerFrameMax
            || builder.bodyBytes >= RecordLimits.changePageBytesMax
        guard isFull || isLast && !builder.isEmpty else { return }
        try write(.stagedPage, dataType: type, checkpoint: nil, to: stream)
    }
}
