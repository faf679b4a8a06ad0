// Reading the frames of a run: rows for the index, changes for readers. Checks what it reads; keeps nothing.

import StoreFiles

/// Reads one run of frames of a stream.
struct RunReader {
    private let folder: Directory
    private let incarnation: UInt64
    private let run: FrameRun

    init(_ folder: Directory, _ incarnation: UInt64, _ run: FrameRun) {
        self.folder = folder
        self.incarnation = incarnation
        self.run = run
    }

    /// A segment that compaction removed meanwhile; the reader looks its places up again.
    static func isGone(_ error: StoreError) -> Bool {
        if case .corrupt(_, .missing) = error { true } else { false }
    }

    private func open() throws(StoreError) -> OpenFile {
        let name = Manifest.segmentName(run.position.segment)
        guard let file = try OpenFile.open(name, in: folder) else {
            throw .corrupt(path: folder.path(of: name), .missing)
        }
        return file
    }

    /// Calls `body` for every frame of the run with its header, rows, first sequence, and the index of its payloads.
    private func forEachFrame(
        _ body: (inout WindowReader, FrameHeader, FrameRows, UInt64, Int) throws(StoreError) -> Bool
    ) throws(StoreError) {
        let file = try open()
        let end = run.position.offset + run.bytes
        var reader = WindowReader(file, end: end)
        var offset = run.position.offset
        var sequence = run.firstSequence
        while offset < end {
            guard let start = try reader.fill(offset, FrameHeader.byteCount),
                let header = FrameHeader(reader.buffer.span, at: start), header.incarnation == incarnation,
                header.segment == run.position.segment,
                let meta = try reader.fill(offset + FrameHeader.byteCount, header.metaBytes)
            else { throw .corrupt(path: file.path, .malformed(offset: offset)) }
            let rows = FrameRows(header, in: reader.buffer, at: meta)
            guard rows.isIntact else { throw .corrupt(path: file.path, .checksumMismatch) }
            if header.flags.contains(.isSparse) { sequence = header.firstSequence }
            let bodyStart = offset + FrameHeader.byteCount + header.metaBytes
            if try !body(&reader, header, rows, sequence, bodyStart) { return }
            sequence += UInt64(header.span)
            offset += header.frameBytes
        }
    }

    /// Calls `body` for every row with the bytes that its id and source are in.
    func forEachRow(_ body: (FrameRow, [UInt8]) throws(StoreError) -> Void) throws(StoreError) {
        try forEachFrame { reader, _, rows, sequence, _ throws(StoreError) in
            try Self.walk(rows, sequence, reader.file.path) { row throws(StoreError) in try body(row, rows.bytes) }
            return true
        }
    }

    /// Calls `body` for every row with the bytes that its id and source are in, and its payload, which has been
    /// checked.
    ///
    /// - Parameters:
    ///   - readsPayloads: whether the payloads are read; they are empty otherwise.
    ///   - isWanted: the rows that are read at all.
    func forEachRowWithPayload(
        _ hashes: StreamHashes, readsPayloads: Bool = true,
        where isWanted: (FrameRow, [UInt8]) -> Bool = { _, _ in true },
        _ body: (FrameRow, [UInt8], [UInt8]) throws(StoreError) -> Void
    ) throws(StoreError) {
        try forEachFrame { reader, _, rows, first, bodyStart throws(StoreError) in
            var found: [FrameRow] = []
            try Self.walk(rows, first, reader.file.path) { row throws(StoreError) in
                if isWanted(row, rows.bytes) { found.append(row) }
            }
            for row in found {
                let payload = readsPayloads ? try Self.payload(of: row, rows, &reader, bodyStart, hashes) : []
                try body(row, rows.bytes, payload)
            }
            return true
        }
    }

    private static func payload(
        of row: FrameRow, _ rows: FrameRows, _ reader: inout WindowReader, _ bodyStart: Int, _ hashes: StreamHashes
    ) throws(StoreError) -> [UInt8] {
        if row.kind == .deleted { return [] }
        guard let start = try reader.fill(bodyStart + row.payload.lowerBound, row.payload.count) else {
            throw .corrupt(path: reader.file.path, .missing)
        }
        let payload = Array(reader.buffer[start..<start + row.payload.count])
        // The payloads of a frame have a checksum together; the one of each record spares reading the others.
        let compared = payload.count - row.marks.volatileBytes
        var content = hashes.content(
            payload: payload.span.extracting(0..<compared), source: rows.bytes.span.extracting(row.source))
        if row.marks.isOutOfReach { content = StreamHashes.outOfReach(content) }
        guard content == row.contentHash,
            row.marks.volatileBytes == 0
                || CRC32C.checksum(of: payload.span.extracting(compared..<payload.count)) == row.volatileChecksum
        else { throw .corrupt(path: reader.file.path, .checksumMismatch) }
        return payload
    }

    func forEachSeen(_ body: (RecordHash) -> Void) throws(StoreError) {
        try forEachFrame { _, _, rows, _, _ throws(StoreError) in
            rows.forEachSeen(body)
            return true
        }
    }

    /// The checkpoint of the run's first frame.
    func checkpoint() throws(StoreError) -> [UInt8]? {
        var checkpoint: [UInt8]?
        try forEachFrame { _, _, rows, _, _ throws(StoreError) in
            checkpoint = rows.checkpoint
            return false
        }
        return checkpoint
    }

    /// Calls `body` for the changes after a sequence, with their payloads, until it returns false.
    ///
    /// - Parameter since: only changes whose time is not before this; nil for all.
    func forEachChange(
        after sequence: UInt64, since: Int64?, base: UInt64, dataType: String, hashes: StreamHashes,
        _ body: (RecordChange) -> Bool
    ) throws(StoreError) {
        try forEachFrame { reader, header, rows, first, bodyStart throws(StoreError) in
            if first + UInt64(header.span) <= sequence + 1 { return true }
            var wanted: [FrameRow] = []
            try Self.walk(rows, first, reader.file.path) { row throws(StoreError) in
                if row.sequence > sequence, since.map({ row.timestamp >= $0 }) ?? true { wanted.append(row) }
            }
            for row in wanted {
                guard let kind = Self.kind(of: row, base: base) else { continue }
                let payload = try Self.payload(of: row, rows, &reader, bodyStart, hashes)
                let change = RecordChange(
                    sequence: row.sequence, kind: kind, dataType: dataType, id: Array(rows.bytes[row.id]),
                    sourceID: Array(rows.bytes[row.source]), timestampMilliseconds: row.timestamp,
                    contentHash: row.contentHash, payload: payload, isOutOfReach: row.marks.isOutOfReach)
                if !body(change) { return false }
            }
            return true
        }
    }

    /// What a change is to a reader who has seen everything up to `base`, and after that only what compaction left;
    /// nil where it is the end of a record that the reader never saw.
    static func kind(of row: FrameRow, base: UInt64) -> RecordChange.Kind? {
        guard let history = row.history else { return row.kind }
        switch row.kind {
        case .added: return .added
        case .updated: return base < history.added ? .added : .updated
        case .deleted: return base < history.known ? nil : .deleted
        }
    }

    private static func walk(
        _ rows: FrameRows, _ sequence: UInt64, _ path: String, _ body: (FrameRow) throws(StoreError) -> Void
    ) throws(StoreError) {
        do throws(FrameRows.Failure) { try rows.forEach(firstSequence: sequence, body) } catch {
            switch error {
            case .malformed: throw .corrupt(path: path, .checksumMismatch)
            case .other(let error): throw error
            }
        }
    }
}
