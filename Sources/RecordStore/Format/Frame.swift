// The frame: what one append writes, durable or absent as a whole. Header, checkpoint, rows, seen hashes, payloads;
// all numbers little endian. The header binds the frame to its stream, segment and place, so that neither stale bytes
// nor a payload that looks like a frame can be taken for one.

import StoreFiles

/// The fixed part of a frame, 80 bytes.
///
///     0 magic  4 kind  5 flags  6 data type (16)  8 incarnation (64)  16 segment (64)  24 ordinal  28 rows
///     32 first sequence (64)  40 sequences spanned  44 records gained  48 generation  52 checkpoint bytes  56 row bytes
///     60 seen hashes  64 payload bytes  68 CRC of checkpoint, rows and hashes  72 CRC of payloads  76 CRC of the header
struct FrameHeader: Equatable, Sendable {
    static let byteCount = 80
    static let magic: UInt32 = 0x3152_4849
    static let seenHashBytes = 16

    enum Kind: UInt8, Sendable {
        /// Changes that readers see at once.
        case page = 1
        /// A generation begins.
        case begin = 2
        /// Changes of a generation, numbered from 0 within it.
        case stagedPage = 3
        /// A generation's changes get their sequence numbers and are seen from here on.
        case commit = 4
        /// A generation is given up.
        case abandon = 5
    }

    struct Flags: OptionSet, Sendable {
        let rawValue: UInt8
        static let hasCheckpoint = Flags(rawValue: 1)
        /// The rows have gaps between their sequence numbers: compaction left out older changes.
        static let isSparse = Flags(rawValue: 2)
        /// The frame counts only with the next one, which was appended in the same step.
        static let isFollowed = Flags(rawValue: 4)
    }

    var kind: Kind
    var flags: Flags = []
    var dataType: UInt16
    var incarnation: UInt64
    var segment: UInt64
    var ordinal: UInt32
    var rowCount: UInt32 = 0
    var firstSequence: UInt64
    var span: UInt32 = 0
    var gain: Int32 = 0
    var generation: UInt32 = 0
    var checkpointBytes: UInt32 = 0
    var rowBytes: UInt32 = 0
    var seenCount: UInt32 = 0
    var bodyBytes: UInt32 = 0
    var metaChecksum: UInt32 = 0
    var bodyChecksum: UInt32 = 0

    /// The bytes between header and payloads.
    var metaBytes: Int { Int(checkpointBytes) + Int(rowBytes) + Int(seenCount) * Self.seenHashBytes }
    /// The bytes of the changes in it.
    var contentBytes: Int { Int(rowBytes) + Int(bodyBytes) }
    /// The bytes of the whole frame.
    var frameBytes: Int { Self.byteCount + metaBytes + Int(bodyBytes) }

    func store(in bytes: inout [UInt8], at start: Int) {
        bytes.store(littleEndian: Self.magic, at: start)
        bytes[start + 4] = kind.rawValue
        bytes[start + 5] = flags.rawValue
        bytes.store(littleEndian: dataType, at: start + 6)
        bytes.store(littleEndian: incarnation, at: start + 8)
        bytes.store(littleEndian: segment, at: start + 16)
        bytes.store(littleEndian: ordinal, at: start + 24)
        bytes.store(littleEndian: rowCount, at: start + 28)
        bytes.store(littleEndian: firstSequence, at: start + 32)
        bytes.store(littleEndian: span, at: start + 40)
        bytes.store(littleEndian: gain, at: start + 44)
        bytes.store(littleEndian: generation, at: start + 48)
        bytes.store(littleEndian: checkpointBytes, at: start + 52)
        bytes.store(littleEndian: rowBytes, at: start + 56)
        bytes.store(littleEndian: seenCount, at: start + 60)
        bytes.store(littleEndian: bodyBytes, at: start + 64)
        bytes.store(littleEndian: metaChecksum, at: start + 68)
        bytes.store(littleEndian: bodyChecksum, at: start + 72)
        bytes.store(littleEndian: CRC32C.checksum(of: bytes.span.extracting(start..<start + 76)), at: start + 76)
    }

    /// The header at `start`, or nil when there is none that is whole.
    init?(_ bytes: Span<UInt8>, at start: Int) {
        guard bytes.count - start >= Self.byteCount, bytes.load(start, as: UInt32.self) == Self.magic,
            CRC32C.checksum(of: bytes.extracting(start..<start + 76)) == bytes.load(start + 76, as: UInt32.self),
            let kind = Kind(rawValue: bytes[start + 4])
        else { return nil }
        self.kind = kind
        flags = Flags(rawValue: bytes[start + 5])
        dataType = bytes.load(start + 6, as: UInt16.self)
        incarnation = bytes.load(start + 8, as: UInt64.self)
        segment = bytes.load(start + 16, as: UInt64.self)
        ordinal = bytes.load(start + 24, as: UInt32.self)
        rowCount = bytes.load(start + 28, as: UInt32.self)
        firstSequence = bytes.load(start + 32, as: UInt64.self)
        span = bytes.load(start + 40, as: UInt32.self)
        gain = bytes.load(start + 44, as: Int32.self)
        generation = bytes.load(start + 48, as: UInt32.self)
        checkpointBytes = bytes.load(start + 52, as: UInt32.self)
        rowBytes = bytes.load(start + 56, as: UInt32.self)
        seenCount = bytes.load(start + 60, as: UInt32.self)
        bodyBytes = bytes.load(start + 64, as: UInt32.self)
        metaChecksum = bytes.load(start + 68, as: UInt32.self)
        bodyChecksum = bytes.load(start + 72, as: UInt32.self)
    }

    init(kind: Kind, dataType: UInt16, incarnation: UInt64, segment: UInt64, ordinal: UInt32, firstSequence: UInt64) {
        self.kind = kind
        self.dataType = dataType
        self.incarnation = incarnation
        self.segment = segment
        self.ordinal = ordinal
        self.firstSequence = firstSequence
    }
}

/// One change inside a frame, without its bytes.
struct FrameRow: Equatable, Sendable {
    /// What compaction keeps of the changes it leaves out.
    struct History: Equatable, Sendable {
        /// The sequence at which the record was last added.
        var added: UInt64
        /// The sequence at which the record was ever known first.
        var known: UInt64
    }

    var kind: RecordChange.Kind
    var sequence: UInt64
    var history: History?
    var contentHash: UInt64
    var timestamp: Int64
    /// The ranges of id, source and payload in the buffers that they are read from.
    var id: Range<Int>
    var source: Range<Int>
    var payload: Range<Int>
    var marks = RowMarks()
    /// The CRC of the payload's volatile end, which the content hash leaves out.
    var volatileChecksum: UInt32 = 0
}

/// What a row says beside its content.
struct RowMarks: Equatable, Sendable {
    /// The bytes at the end of the payload that are not compared.
    var volatileBytes = 0
    /// Whether the record went out of the reader's sight at its source.
    var isOutOfReach = false

    var isEmpty: Bool { self == RowMarks() }
}

/// The first byte of a row: the kind of the change, and which parts the row has.
private enum RowTag {
    static let kind: UInt8 = 3
    static let hasHistory: UInt8 = 4
    static let hasVolatile: UInt8 = 8
    static let isOutOfReach: UInt8 = 16
    static let end: UInt8 = 32

    @inline(__always)
    static func bits(of marks: RowMarks) -> UInt8 {
        (marks.volatileBytes > 0 ? hasVolatile : 0) | (marks.isOutOfReach ? isOutOfReach : 0)
    }
}

/// Builds one frame in buffers that are kept unless they have grown large: every open stream has a builder.
struct FrameBuilder: Sendable {
    private var rows: [UInt8] = []
    private var seen: [UInt8] = []
    private var body: [UInt8] = []
    private(set) var rowCount = 0
    private(set) var seenCount = 0
    private var gain: Int32 = 0
    private var lastSequence: UInt64 = 0
    /// Whether a row has marks, which the first form of a stream did not have.
    private(set) var hasMarks = false

    /// The finished frame.
    private(set) var frame: [UInt8] = []

    var isEmpty: Bool { rowCount == 0 && seenCount == 0 }
    var bodyBytes: Int { body.count }
    var capacityBytes: Int { [rows, seen, body, frame].reduce(0) { $0 + $1.capacity } }

    mutating func clear() {
        Self.empty(&rows)
        Self.empty(&seen)
        Self.empty(&body)
        rowCount = 0
        seenCount = 0
        gain = 0
        lastSequence = 0
        hasMarks = false
    }

    mutating func forgetFrame() { Self.empty(&frame) }

    private static func empty(_ buffer: inout [UInt8]) {
        buffer.removeAll(keepingCapacity: buffer.capacity <= RecordLimits.frameBufferBytesKept)
    }

    /// Adds a change whose sequence number follows from its place.
    @inline(__always)
    mutating func add(
        _ kind: RecordChange.Kind, id: ArraySlice<UInt8>, source: ArraySlice<UInt8>, timestamp: Int64,
        contentHash: UInt64, payload: ArraySlice<UInt8>, marks: RowMarks = RowMarks()
    ) {
        rows.append(kind.rawValue | RowTag.bits(of: marks))
        finishRow(
            kind, id: id, source: source, timestamp: timestamp, contentHash: contentHash, payload: payload,
            marks: marks)
        gain += kind == .added ? 1 : kind == .deleted ? -1 : 0
    }

    /// Adds a change with its own sequence number, for compaction.
    mutating func add(
        _ kind: RecordChange.Kind, sequence: UInt64, history: FrameRow.History?, id: ArraySlice<UInt8>,
        source: ArraySlice<UInt8>, timestamp: Int64, contentHash: UInt64, payload: ArraySlice<UInt8>, marks: RowMarks
    ) {
        rows.append(kind.rawValue | (history == nil ? 0 : RowTag.hasHistory) | RowTag.bits(of: marks))
        rows.append(variable: rowCount == 0 ? 0 : sequence - lastSequence)
        lastSequence = sequence
        if let history {
            rows.append(variable: history.added)
            rows.append(variable: history.known)
        }
        finishRow(
            kind, id: id, source: source, timestamp: timestamp, contentHash: contentHash, payload: payload,
            marks: marks)
        // What was added before and left out counts here.
        gain += kind == .deleted ? 0 : 1
    }

    @inline(__always)
    private mutating func finishRow(
        _ kind: RecordChange.Kind, id: ArraySlice<UInt8>, source: ArraySlice<UInt8>, timestamp: Int64,
        contentHash: UInt64, payload: ArraySlice<UInt8>, marks: RowMarks
    ) {
        rows.append(littleEndian: timestamp)
        rows.append(variable: UInt64(id.count))
        rows.append(variable: UInt64(source.count))
        if kind != .deleted {
            rows.append(littleEndian: contentHash)
            rows.append(variable: UInt64(payload.count))
            if marks.volatileBytes > 0 {
                rows.append(variable: UInt64(marks.volatileBytes))
                let volatile = payload.suffix(marks.volatileBytes)
                rows.append(littleEndian: CRC32C.checksum(of: volatile.span))
            }
            body += payload
        }
        if !marks.isEmpty { hasMarks = true }
        rows += id
        rows += source
        rowCount += 1
    }

    @inline(__always)
    mutating func addSeen(_ hash: RecordHash) {
        seen.append(littleEndian: hash.high)
        seen.append(littleEndian: hash.low)
        seenCount += 1
    }

    /// Puts the frame together in `frame` and clears the rest.
    mutating func finish(_ header: FrameHeader, checkpoint: [UInt8]?) -> FrameHeader {
        var header = header
        if checkpoint != nil { header.flags.insert(.hasCheckpoint) }
        header.checkpointBytes = UInt32(checkpoint?.count ?? 0)
        header.rowCount = UInt32(rowCount)
        header.gain = gain
        header.rowBytes = UInt32(rows.count)
        header.seenCount = UInt32(seenCount)
        header.bodyBytes = UInt32(body.count)
        frame.removeAll(keepingCapacity: true)
        frame.reserveCapacity(header.frameBytes)
        for _ in 0..<FrameHeader.byteCount / 8 { frame.append(littleEndian: 0 as UInt64) }
        if let checkpoint { frame += checkpoint }
        frame += rows
        frame += seen
        let bodyStart = frame.count
        frame += body
        header.metaChecksum = CRC32C.checksum(of: frame.span.extracting(FrameHeader.byteCount..<bodyStart))
        header.bodyChecksum = CRC32C.checksum(of: frame.span.extracting(bodyStart..<frame.count))
        header.store(in: &frame, at: 0)
        clear()
        return header
    }
}

/// Reads the rows of a frame whose checkpoint, rows and hashes are in memory.
struct FrameRows {
    private let header: FrameHeader
    let bytes: [UInt8]
    private let metaStart: Int

    /// - Parameter metaStart: where in `bytes` the checkpoint begins.
    init(_ header: FrameHeader, in bytes: [UInt8], at metaStart: Int) {
        self.header = header
        self.bytes = bytes
        self.metaStart = metaStart
    }

    var isIntact: Bool {
        metaStart + header.metaBytes <= bytes.count
            && CRC32C.checksum(of: bytes.span.extracting(metaStart..<metaStart + header.metaBytes))
                == header.metaChecksum
    }

    var checkpoint: [UInt8]? {
        header.flags.contains(.hasCheckpoint) ? Array(bytes[metaStart..<metaStart + Int(header.checkpointBytes)]) : nil
    }

    /// Calls `body` for every row; payload ranges are relative to the first payload byte.
    ///
    /// - Parameter firstSequence: the sequence of the first row; differs from the header's once a generation is
    ///   committed.
    @inline(__always)
    func forEach(
        firstSequence: UInt64, _ body: (FrameRow) throws(StoreError) -> Void
    ) throws(FrameRows.Failure) {
        let start = metaStart + Int(header.checkpointBytes)
        var reader = FieldReader(bytes, start..<start + Int(header.rowBytes))
        var sequence = firstSequence
        var payloadStart = 0
        for index in 0..<Int(header.rowCount) {
            let row: FrameRow
            do throws(FieldReader.Truncated) {
                row = try Self.next(
                    &reader, isSparse: header.flags.contains(.isSparse), isFirst: index == 0, &sequence, &payloadStart)
            } catch { throw .malformed }
            do throws(StoreError) { try body(row) } catch { throw .other(error) }
            if !header.flags.contains(.isSparse) { sequence += 1 }
        }
        guard reader.isAtEnd, payloadStart == Int(header.bodyBytes) else { throw .malformed }
    }

    enum Failure: Error {
        case malformed
        case other(StoreError)
    }

    @inline(__always)
    private static func next(
        _ reader: inout FieldReader, isSparse: Bool, isFirst: Bool, _ sequence: inout UInt64, _ payloadStart: inout Int
    ) throws(FieldReader.Truncated) -> FrameRow {
        let tag = try reader.number(UInt8.self)
        guard let kind = RecordChange.Kind(rawValue: tag & RowTag.kind), tag < RowTag.end else {
            throw FieldReader.Truncated()
        }
        if isSparse { sequence &+= try reader.variable() }
        var history: FrameRow.History?
        if tag & RowTag.hasHistory != 0 {
            history = FrameRow.History(added: try reader.variable(), known: try reader.variable())
        }
        let timestamp = try reader.number(Int64.self)
        let idBytes = try reader.variable()
        let sourceBytes = try reader.variable()
        var contentHash: UInt64 = 0
        var payload = payloadStart..<payloadStart
        var marks = RowMarks(isOutOfReach: tag & RowTag.isOutOfReach != 0)
        var volatileChecksum: UInt32 = 0
        if kind != .deleted {
            contentHash = try reader.number(UInt64.self)
            let count = try reader.variable()
            guard count <= UInt64(RecordLimits.batchBytesMax) else { throw FieldReader.Truncated() }
            payload = payloadStart..<payloadStart + Int(count)
            payloadStart = payload.upperBound
            if tag & RowTag.hasVolatile != 0 {
                let bytes = try reader.variable()
                guard bytes <= count else { throw FieldReader.Truncated() }
                marks.volatileBytes = Int(bytes)
                volatileChecksum = try reader.number(UInt32.self)
            }
        }
        return FrameRow(
            kind: kind, sequence: sequence, history: history, contentHash: contentHash, timestamp: timestamp,
            id: try reader.range(idBytes), source: try reader.range(sourceBytes), payload: payload, marks: marks,
            volatileChecksum: volatileChecksum)
    }

    /// Calls `body` for every hash of a record that was seen unchanged.
    func forEachSeen(_ body: (RecordHash) -> Void) {
        let start = metaStart + Int(header.checkpointBytes) + Int(header.rowBytes)
        for index in 0..<Int(header.seenCount) {
            let offset = start + index * FrameHeader.seenHashBytes
            body(
                RecordHash(
                    high: bytes.span.load(offset, as: UInt64.self), low: bytes.span.load(offset + 8, as: UInt64.self)))
        }
    }
}
