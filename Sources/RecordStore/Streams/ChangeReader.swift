// One page of changes for a reader: looks the places up, reads them without any lock, and looks again when compaction
// moved them.

import StoreFiles
import Synchronization

struct ChangeReader {
    let stream: RecordStream

    func page(
        after cursor: RecordCursor, dataType: String?, since: Int64? = nil, limit: Int
    ) throws(StoreError) -> ChangePage {
        let start = try stream.sequence(of: cursor, dataType: dataType)
        return try Self.lookingAgain { () throws(StoreError) in
            try attempt(after: start, cursor, dataType: dataType, since: since, limit: limit)
        }
    }

    /// Reads again when a compaction took the segments away between looking the places up and reading them.
    static func lookingAgain<Value>(_ read: () throws(StoreError) -> Value) throws(StoreError) -> Value {
        var attemptsLeft = RecordLimits.readAttemptsMax
        while true {
            attemptsLeft -= 1
            do throws(StoreError) { return try read() } catch {
                guard attemptsLeft > 0, RunReader.isGone(error) else { throw error }
            }
        }
    }

    private struct Plan {
        var runs: [(name: String, run: FrameRun)]
        var isComplete: Bool
        var last: UInt64
        var compactions: UInt64
    }

    private func attempt(
        after start: UInt64, _ cursor: RecordCursor, dataType: String?, since: Int64?, limit: Int
    ) throws(StoreError) -> ChangePage {
        let plan = stream.layout.withLock { layout -> Plan in
            var index: Int?
            if let dataType {
                index = layout.index(of: dataType)
                if index == nil {
                    return Plan(runs: [], isComplete: true, last: layout.lastSequence, compactions: layout.compactions)
                }
            }
            // One row more than asked for shows whether there is another page. Where older ones are passed over, a page
            // looks at a bounded number of them.
            let rowCount = since == nil ? limit + 1 : max(limit + 1, RecordLimits.changesLookedAtMax)
            let (runs, isComplete) = layout.runs(after: start, dataType: index, rowCount: rowCount)
            return Plan(
                runs: runs.map { (layout.dataTypes[$0.dataType].name, $0.run) }, isComplete: isComplete,
                last: layout.lastSequence, compactions: layout.compactions)
        }
        // A reader that was here before the last compaction has seen what that left out, up to where it was.
        let base = cursor.compactions == plan.compactions ? min(cursor.base, start) : start
        var changes: [RecordChange] = []
        changes.reserveCapacity(limit)
        var payloadBytes = 0
        var hasMore = false
        var reached = start
        for (name, run) in plan.runs where !hasMore {
            try RunReader(stream.folder, stream.incarnation, run).forEachChange(
                after: start, since: since, base: base, dataType: name, hashes: stream.hashes
            ) { change in
                if changes.count == limit || payloadBytes >= RecordLimits.changePageBytesMax {
                    hasMore = true
                    return false
                }
                payloadBytes += change.payload.count
                reached = change.sequence
                changes.append(change)
                return true
            }
        }
        if !hasMore, !plan.isComplete, let last = plan.runs.last {
            // Deletions of records this reader never saw, or changes of another time, were left out, and the places
            // looked up did not fill the page.
            hasMore = true
            reached = last.run.endSequence - 1
        }
        return ChangePage(
            changes: changes,
            next: stream.cursor(
                hasMore ? reached : plan.last, base: base, compactions: plan.compactions, dataType: dataType),
            hasMore: hasMore)
    }
}

extension StreamState {
    init(of stream: RecordStream) throws(StoreError) {
        self = try ChangeReader.lookingAgain { () throws(StoreError) in try Self.attempt(stream) }
    }

    private static func attempt(_ stream: RecordStream) throws(StoreError) -> StreamState {
        let layout = stream.layout.withLock { $0 }
        let bytes = stream.writer.withLock { $0.byteCount }
        var states: [DataTypeState] = []
        for type in layout.dataTypes {
            states.append(
                DataTypeState(
                    dataType: type.name, recordCount: type.recordCount,
                    checkpoint: try checkpoint(at: type.checkpoint, stream),
                    generation: type.generation.map {
                        Generation(stream: stream.id, dataType: type.name, number: $0.number)
                    },
                    generationCheckpoint: try checkpoint(at: type.generation?.checkpoint, stream)))
        }
        return StreamState(dataTypes: states, lastSequence: layout.lastSequence, bytes: bytes)
    }

    private static func checkpoint(at position: FramePosition?, _ stream: RecordStream) throws(StoreError) -> [UInt8]? {
        guard let position else { return nil }
        return try RunReader(stream.folder, stream.incarnation, FrameRun(frameAt: position)).checkpoint()
    }
}
