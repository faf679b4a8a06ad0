// Rewriting a stream with only the newest change of every record, in steps of a bounded size while others read and write it.
// Sequence numbers stay, so that every cursor stays valid; what a reader between the changes left out would have seen is kept in
// two numbers a change. The old segments serve until the manifest names the new ones.

import Glibc
import StoreFiles
import Synchronization

/// The result of a compaction.
public struct CompactionOutcome: Equatable, Sendable {
    /// The changes before and after.
    public let changesBefore: Int, changesAfter: Int
    /// The bytes on disk before and after.
    public let bytesBefore: Int, bytesAfter: Int
}

/// Writes the compacted segments of one stream.
///
/// First come the changes that were there when it began, each record's newest one; then, as they are, the frames that were
/// appended meanwhile. Memory: 53 bytes a record and one step.
struct Compaction: Sendable {
    /// The stream at the moment when the compaction began, without an open generation.
    struct Start: Sendable {
        var manifest: Manifest
        var layout: StreamLayout
        /// The end of the frames that are compacted.
        var end: FramePosition
        var ordinal: UInt32
        /// The numbers of segments that only this compaction uses.
        var segments: Range<UInt64>
    }

    private enum Phase {
        /// Learning which change of each record is the newest.
        case histories
        case changes
        case rest
        case done
    }

    private let stream: RecordStream
    private let folder: Directory
    private let files: DurableFiles
    private let start: Start
    private let runs: [(dataType: Int, run: FrameRun)]
    private var phase = Phase.histories
    private var nextRun = 0
    private var histories: [HistoryTable]
    /// The frames that were appended meanwhile are followed up to here.
    private var followed: FramePosition
    private var followedOrdinal: UInt32

    private(set) var manifest: Manifest
    private(set) var layout: StreamLayout
    private(set) var file: OpenFile?
    private(set) var end = 0
    private(set) var ordinal: UInt32 = 0
    private var builder = FrameBuilder()
    private var made: [UInt64] = []

    /// The state of the frame that is being built.
    private var frameType = 0
    private var frameFirst: UInt64 = 0
    private var frameLast: UInt64 = 0

    /// The rows and bytes after which a frame is full.
    private static let frameRowsMax = 256
    private static let frameBytesMax = 64 << 10

    init(_ stream: RecordStream, _ start: Start, folder: Directory, files: DurableFiles) {
        self.stream = stream
        self.folder = folder
        self.files = files
        self.start = start
        followed = start.end
        followedOrdinal = start.ordinal
        runs = start.layout.runs(after: 0, dataType: nil, rowCount: .max, includesReserved: true).found
        histories = start.layout.dataTypes.map { HistoryTable(capacityFor: $0.recordCount) }
        manifest = start.manifest
        manifest.segments = []
        manifest.nextSegment = start.segments.lowerBound
        manifest.compactions += 1
        layout = StreamLayout(dataTypes: manifest.dataTypes, compactions: manifest.compactions)
    }

    // MARK: Steps

    /// Does a part of the work.
    ///
    /// - Parameter bytesMax: about how many bytes are read.
    /// - Returns: the bytes that were read; nil when what was there at the start is written.
    mutating func step(bytesMax: Int) throws(StoreError) -> Int? {
        if file == nil { try begin() }
        var bytes = 0
        while bytes < bytesMax, phase == .histories || phase == .changes {
            guard nextRun < runs.count else {
                try endPass()
                continue
            }
            let (type, run) = runs[nextRun]
            nextRun += 1
            bytes += run.bytes
            if phase == .histories { try learn(run, type) } else { try copy(run, type) }
        }
        if phase == .rest {
            for (type, state) in start.layout.dataTypes.enumerated() { try carryOver(state, type) }
            guard layout.nextSequence == start.layout.nextSequence else {
                throw .corrupt(path: folder.path, .missing)
            }
            histories = []
            phase = .done
        }
        return phase == .done && bytes == 0 ? nil : bytes
    }

    private mutating func endPass() throws(StoreError) {
        nextRun = 0
        if phase == .histories {
            phase = .changes
        } else {
            if builder.rowCount > 0 { try flush() }
            phase = .rest
        }
    }

    private mutating func learn(_ run: FrameRun, _ type: Int) throws(StoreError) {
        let hashes = stream.hashes
        try RunReader(stream.folder, stream.incarnation, run).forEachRow { row, bytes in
            histories[type].add(row, hashes.id(bytes.span.extracting(row.id)))
        }
    }

    private mutating func copy(_ run: FrameRun, _ type: Int) throws(StoreError) {
        if builder.rowCount > 0 && frameType != type { try flush() }
        var rows: [(row: FrameRow, bytes: [UInt8], payload: [UInt8])] = []
        let hashes = stream.hashes
        let known = histories[type]
        try RunReader(stream.folder, stream.incarnation, run).forEachRowWithPayload(
            hashes,
            where: { row, bytes in known.find(hashes.id(bytes.span.extracting(row.id)))?.newest == row.sequence }
        ) { row, bytes, payload in rows.append((row, bytes, payload)) }
        for (row, bytes, payload) in rows {
            try add(row, bytes, payload, type, known.find(hashes.id(bytes.span.extracting(row.id))))
        }
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
            timestamp: row.timestamp, contentHash: row.contentHash, payload: payload[...], marks: row.marks)
    }

    private mutating func flush() throws(StoreError) {
        var header = nextHeader(.page, frameType)
        header.firstSequence = frameFirst
        header.span = UInt32(frameLast - frameFirst + 1)
        header.flags = .isSparse
        try write(header, checkpoint: nil)
    }

    /// Carries over what is not a change: the last checkpoint, and the number of the last generation, which is never used again.
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

    // MARK: What was appended meanwhile

    /// Copies the frames that were appended since the start, or since the last call, up to the end of `manifest`.
    ///
    /// - Returns: the bytes that were copied.
    mutating func follow(_ manifest: Manifest) throws(StoreError) -> Int {
        for name in manifest.dataTypes.dropFirst(layout.dataTypes.count) { _ = layout.addDataType(name) }
        var bytes = 0
        for segment in manifest.segments.drop(while: { $0.number != followed.segment }) {
            if segment.number != followed.segment {
                followed = FramePosition(segment: segment.number, offset: Segment.headerBytes)
                followedOrdinal = 0
            }
            bytes += try follow(segment)
        }
        return bytes
    }

    private mutating func follow(_ segment: Manifest.Segment) throws(StoreError) -> Int {
        let name = Manifest.segmentName(segment.number)
        guard let source = try OpenFile.open(name, in: folder) else {
            throw .corrupt(path: folder.path(of: name), .missing)
        }
        var scanner = FrameScanner(
            WindowReader(source, end: segment.bytes), incarnation: manifest.incarnation, segment: segment.number,
            offset: followed.offset, ordinal: followedOrdinal)
        var bytes = 0
        while true {
            switch try scanner.next() {
            case .end: return bytes
            case .broken: throw .corrupt(path: source.path, .malformed(offset: scanner.offset))
            case .frame(var header, let position):
                guard let index = try scanner.reader.fill(position.offset, header.frameBytes) else {
                    throw .corrupt(path: source.path, .missing)
                }
                var frame = Array(scanner.reader.buffer[index..<index + header.frameBytes])
                // Both are durable already.
                header.flags.remove(.isFollowed)
                try place(&header)
                header.store(in: &frame, at: 0)
                try put(header, frame)
                bytes += frame.count
                followed.offset = scanner.offset
                followedOrdinal = scanner.ordinal
            }
        }
    }

    // MARK: Files

    /// Makes everything durable that was written so far.
    mutating func sync() throws(StoreError) {
        guard let file else { return }
        try sync(file)
        manifest.segments[manifest.segments.count - 1].bytes = end
    }

    /// Leaves what was written alone: a manifest may name it.
    mutating func keep() { made = [] }

    /// Takes away what was written.
    func discard() {
        for number in made {
            let name = Manifest.segmentName(number)
            _ = try? folder.fileSystem.unlink(name, in: folder.fd, path: folder.path(of: name))
        }
    }

    private mutating func begin() throws(StoreError) {
        try sync()
        guard manifest.nextSegment < start.segments.upperBound else {
            throw .tooLarge(bytes: made.count, bytesMax: start.segments.count)
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

    /// Gives a frame its place behind the last one.
    private mutating func place(_ header: inout FrameHeader) throws(StoreError) {
        if end >= RecordLimits.segmentBytesMax { try begin() }
        header.segment = manifest.nextSegment - 1
        header.ordinal = ordinal
    }

    private mutating func write(_ header: FrameHeader, checkpoint: [UInt8]?) throws(StoreError) {
        var header = header
        try place(&header)
        header = builder.finish(header, checkpoint: checkpoint)
        try put(header, builder.frame)
    }

    private mutating func put(_ header: FrameHeader, _ frame: [UInt8]) throws(StoreError) {
        guard let file else { return }
        do throws(CallFailure) {
            try file.fileSystem.write(frame.span, to: file.fd, at: end, path: file.path)
        } catch { throw files.gate.error(for: error) }
        do throws(LayoutConflict) {
            try layout.apply(header, at: FramePosition(segment: header.segment, offset: end))
        } catch { throw .corrupt(path: file.path, .malformed(offset: end)) }
        end += frame.count
        ordinal += 1
    }

    private func sync(_ file: OpenFile) throws(StoreError) {
        // No reader relies on these bytes yet, but a disk that fails to sync is not to be written to.
        do throws(CallFailure) { try file.fileSystem.fdatasync(file.fd, path: file.path) } catch {
            throw error.isNoSpace ? error.asStoreError : files.gate.unknownOutcome(error)
        }
    }
}
