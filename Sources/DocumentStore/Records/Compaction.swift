// Writing a stream anew with only the newest change of every record. Sequence numbers stay, so that every cursor
// stays valid; what a reader between the changes left out would have seen is kept in two numbers a change. The old
// segments serve until the manifest names the new ones.

import Glibc
import Synchronization

/// What a compaction did.
public struct CompactionOutcome: Equatable, Sendable {
    /// The changes before and after.
    public let changesBefore: Int, changesAfter: Int
    /// The bytes on disk before and after.
    public let bytesBefore: Int, bytesAfter: Int
}

/// Writes the compacted segments of one stream.
struct Compaction {
    let stream: RecordStream
    let folder: Directory
    let files: DurableFiles

    /// The stream as it is once the manifest is saved.
    struct Result {
        var manifest: Manifest
        var layout: StreamLayout
        var file: OpenFile
        var end: Int
        var ordinal: UInt32
    }

    private var manifest: Manifest
    private var layout: StreamLayout
    private var file: OpenFile?
    private var end = 0
    private var ordinal: UInt32 = 0
    private var builder = FrameBuilder()
    private var made: [UInt64] = []

    /// The state of the frame that is being built.
    private var frameType = 0
    private var frameFirst: UInt64 = 0
    private var frameLast: UInt64 = 0

    /// The rows and bytes after which a frame is full.
    private static let frameRowsMax = 256
    private static let frameBytesMax = 64 << 10

    init(_ stream: RecordStream, manifest: Manifest, folder: Directory, files: DurableFiles) {
        self.stream = stream
        self.folder = folder
        self.files = files
        self.manifest = manifest
        self.manifest.segments = []
        self.manifest.compactions += 1
        layout = StreamLayout(dataTypes: manifest.dataTypes, compactions: manifest.compactions + 1)
    }

    /// Writes everything; durable on return, but not named in a manifest yet.
    ///
    /// A failure leaves nothing behind.
    mutating func run() throws(StoreError) -> Result {
        do throws(StoreError) {
            try begin()
            let old = stream.layout.withLock { $0 }
            try copy(old)
            for (type, state) in old.dataTypes.enumerated() { try carryOver(state, type) }
            guard let file, layout.nextSequence == old.nextSequence else {
                throw StoreError.corrupt(path: folder.path, .missing)
            }
            try sync(file)
            manifest.segments[manifest.segments.count - 1].bytes = end
            return Result(manifest: manifest, layout: layout, file: file, end: end, ordinal: ordinal)
        } catch {
            for number in made {
                let name = Manifest.segmentName(number)
                _ = try? folder.fileSystem.unlink(name, in: folder.fd, path: folder.path(of: name))
            }
            throw error
        }
    }

    // MARK: Rows

    private mutating func copy(_ old: StreamLayout) throws(StoreError) {
        let runs = old.runs(after: 0, dataType: nil, rowCount: .max, includesReserved: true).found
        let histories = try histories(old, runs)
        for (type, run) in runs {
            if builder.rowCount > 0 && frameType != type { try flush() }
            var rows: [(row: FrameRow, bytes: [UInt8], payload: [UInt8])] = []
            let hashes = stream.hashes
            try RunReader(stream.folder, stream.incarnation, run).forEachRowWithPayload(hashes) { row, bytes, payload in
                let hash = hashes.id(bytes.span.extracting(row.id))
                guard histories[type].find(hash)?.newest == row.sequence else { return }
                rows.append((row, bytes, payload))
            }
            for (row, bytes, payload) in rows {
                let history = histories[type].find(hashes.id(bytes.span.extracting(row.id)))
                try add(row, bytes, payload, type, history)
            }
        }
        if builder.rowCount > 0 { try flush() }
    }

    private func histories(
        _ old: StreamLayout, _ runs: [(dataType: Int, run: FrameRun)]
    ) throws(StoreError) -> [HistoryTable] {
        var histories = old.dataTypes.map { HistoryTable(capacityFor: $0.recordCount) }
        let hashes = stream.hashes
        for (type, run) in runs {
            try RunReader(stream.folder, stream.incarnation, run).forEachRow { row, bytes in
                histories[type].add(row, hashes.id(bytes.span.extracting(row.id)))
            }
        }
        return histories
    }

    private mutating func add(
        _ row: FrameRow, _ bytes: [UInt8], _ payload: [UInt8], _ type: Int, _ entry: HistoryTable.Entry?
    ) throws(StoreError) {
        let isFull = builder.rowCount >= Self.frameRowsMax || builder.bodyBytes >= Self.frameBytesMax
        if builder.rowCount > 0 && (isFull || row.sequence - frameFirst >= UInt64(UInt32.max)) { try flush() }
        if builder.rowCount == 0 {
            frameType = type
            frameFirst = row.sequence
        }
        frameLast = row.sequence
        var history = entry.map { FrameRow.History(added: $0.added, known: $0.known) }
        if row.kind == .added, history?.known == row.sequence { history = nil }
        builder.add(
            row.kind, sequence: row.sequence, history: history, id: bytes[row.id], source: bytes[row.source],
            timestamp: row.timestamp, contentHash: row.contentHash, payload: payload[...])
    }

    private mutating func flush() throws(StoreError) {
        var header = nextHeader(.page, frameType)
        header.firstSequence = frameFirst
        header.span = UInt32(frameLast - frameFirst + 1)
        header.flags = .isSparse
        try write(header, checkpoint: nil)
    }

    /// Carries over what is not a change: the last checkpoint, and the number of the last generation, which is never
    /// used again.
    private mutating func carryOver(_ state: StreamLayout.DataType, _ type: Int) throws(StoreError) {
        if let position = state.checkpoint {
            let checkpoint = try RunReader(stream.folder, stream.incarnation, .init(frameAt: position)).checkpoint()
            try write(nextHeader(.page, type), checkpoint: checkpoint)
        }
        if state.generationCount > 0 {
            var header = nextHeader(.begin, type)
            header.generation = state.generationCount
            try write(header, checkpoint: nil)
            header = nextHeader(.abandon, type)
            header.generation = state.generationCount
            try write(header, checkpoint: nil)
        }
    }

    // MARK: Files

    private mutating func begin() throws(StoreError) {
        if let file {
            try sync(file)
            manifest.segments[manifest.segments.count - 1].bytes = end
        }
        made.append(manifest.nextSegment)
        file = try StreamWriter.makeSegment(&manifest, folder: folder, files: files)
        end = Segment.headerBytes
        ordinal = 0
    }

    private func nextHeader(_ kind: FrameHeader.Kind, _ type: Int) -> FrameHeader {
        FrameHeader(
            kind: kind, dataType: UInt16(type), incarnation: manifest.incarnation, segment: 0, ordinal: 0,
            firstSequence: layout.nextSequence)
    }

    private mutating func write(_ header: FrameHeader, checkpoint: [UInt8]?) throws(StoreError) {
        if end >= StoreLimits.segmentBytesMax { try begin() }
        guard let file else { return }
        var header = header
        header.segment = manifest.nextSegment - 1
        header.ordinal = ordinal
        header = builder.finish(header, checkpoint: checkpoint)
        do throws(CallFailure) {
            try file.fileSystem.write(builder.frame.span, to: file.fd, at: end, path: file.path)
        } catch { throw files.gate.error(for: error) }
        do throws(LayoutConflict) {
            try layout.apply(header, at: FramePosition(segment: header.segment, offset: end))
        } catch { throw .corrupt(path: file.path, .malformed(offset: end)) }
        end += builder.frame.count
        ordinal += 1
    }

    private func sync(_ file: OpenFile) throws(StoreError) {
        // Nobody relies on these bytes yet, but a disk that fails to sync is not to be written to.
        do throws(CallFailure) { try file.fileSystem.fdatasync(file.fd, path: file.path) } catch {
            throw error.isNoSpace ? error.asStoreError : files.gate.unknownOutcome(error)
        }
    }
}
