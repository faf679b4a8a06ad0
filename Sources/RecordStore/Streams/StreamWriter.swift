// Appending to one stream: a frame is encoded, written, made durable, and only then taken into the layout that
// readers see. After a failure the indexes are dropped and built again from what is on disk.

import Glibc
import StoreFiles
import Synchronization

struct StreamWriter: Sendable {
    let folder: Directory
    let files: DurableFiles
    var manifest: Manifest
    var file: OpenFile
    var end: Int
    var ordinal: UInt32
    var builder = FrameBuilder()
    var indexes: [Int: TypeIndex] = [:]
    // Set when bytes of a failed append could not be cut off; opening the stream again does that.
    var needsReopening = false

    init(_ loaded: StreamLoader.Loaded, folder: Directory, files: DurableFiles) {
        self.folder = folder
        self.files = files
        manifest = loaded.manifest
        file = loaded.activeFile
        end = loaded.activeEnd
        ordinal = loaded.activeOrdinal
    }

    var indexBytes: Int { indexes.values.reduce(0) { $0 + $1.byteCount } }
    var byteCount: Int { manifest.segments.dropLast().reduce(end) { $0 + $1.bytes } }

    /// The manifest as it would be saved now.
    var currentManifest: Manifest {
        var current = manifest
        current.segments[current.segments.count - 1].bytes = end
        return current
    }

    // MARK: Appending

    /// Appends a batch, for readers to see or to a generation.
    mutating func append(
        _ batch: RecordBatch, generation: UInt32?, with companion: CompanionBatch?, to stream: RecordStream
    ) throws(StoreError) -> AppendOutcome {
        try prepare()
        let type = try dataType(batch.dataType, stream)
        let companionType = try prepare(companion, besides: type, stream)
        let isGenerationOpen = try check(generation, type, batch.dataType, stream)
        var outcome = AppendOutcome()
        var index = try takeIndex(type, stream)
        builder.clear()
        Self.encode(
            batch, into: &index, &builder, staged: generation != nil, marksSeen: isGenerationOpen, stream.hashes,
            &outcome)
        // An index that is ahead of the disk is worth nothing, so it is put back only after the write.
        if builder.isEmpty && batch.checkpoint == nil {
            indexes[type] = index
            if let companion, companionType != nil {
                _ = try append(companion.batch, generation: nil, with: nil, to: stream)
            }
            return outcome
        }
        let held = try hold(companion, as: companionType, in: stream)
        try write(
            generation == nil ? .page : .stagedPage, dataType: type, checkpoint: batch.checkpoint, after: held,
            to: stream)
        indexes[type] = index
        return outcome
    }

    mutating func prepare() throws(StoreError) {
        try files.gate.check()
        if needsReopening { throw .io(errno: EIO, call: "append", path: folder.path) }
    }

    /// Throws when the generation is not the open one; says whether any is open.
    func check(
        _ generation: UInt32?, _ type: Int, _ name: String, _ stream: RecordStream
    ) throws(StoreError) -> Bool {
        let open = stream.layout.withLock { $0.dataTypes[type].generation?.number }
        if let generation, open != generation { throw .generationNotOpen(dataType: name) }
        return open != nil
    }

    private static func encode(
        _ batch: RecordBatch, into index: inout TypeIndex, _ builder: inout FrameBuilder, staged: Bool,
        marksSeen: Bool, _ hashes: StreamHashes, _ outcome: inout AppendOutcome
    ) {
        var key = 0
        var payload = 0
        for row in batch.rows {
            let id = key..<key + row.idBytes
            let source = id.upperBound..<id.upperBound + row.sourceBytes
            let content = payload..<payload + row.payloadBytes
            key = source.upperBound
            payload = content.upperBound
            let hash = hashes.id(batch.keys.span.extracting(id))
            if row.kind == .sighting {
                if marksSeen, index.meet(hash) { builder.addSeen(hash) }
                continue
            }
            var contentHash: UInt64 = 0
            let verdict: TypeIndex.Verdict
            if row.kind == .deletion {
                verdict = staged ? index.stageDelete(hash) : index.delete(hash)
            } else {
                let compared = content.lowerBound..<content.upperBound - row.volatileBytes
                contentHash = hashes.content(
                    payload: batch.payloads.span.extracting(compared), source: batch.keys.span.extracting(source))
                verdict =
                    staged
                    ? index.stageUpsert(hash, content: contentHash)
                    : index.upsert(hash, content: contentHash, marksSeen: marksSeen)
            }
            switch verdict {
            case .unchanged: outcome.unchanged += 1
            case .unchangedAndSeen:
                outcome.unchanged += 1
                builder.addSeen(hash)
            case .change(let kind):
                outcome.count(kind)
                builder.add(
                    kind, id: batch.keys[id], source: batch.keys[source], timestamp: row.timestamp,
                    contentHash: contentHash, payload: batch.payloads[content],
                    marks: RowMarks(volatileBytes: row.volatileBytes))
            }
        }
    }

    // MARK: Companions

    /// A durable frame that counts only with the next one.
    struct HeldFrame {
        var header: FrameHeader
        var position: FramePosition
        var dataType: Int
        var index: TypeIndex
    }

    /// The data type of a companion; nil when there is nothing to append.
    mutating func prepare(
        _ companion: CompanionBatch?, besides type: Int, _ stream: RecordStream
    ) throws(StoreError) -> Int? {
        guard let companion else { return nil }
        let companionType = try dataType(companion.batch.dataType, stream)
        let (isOpen, last) = stream.layout.withLock {
            ($0.dataTypes[companionType].generation != nil, $0.dataTypes[companionType].lastSequence)
        }
        guard companionType != type, !isOpen else {
            throw .invalidName("a companion of the data type \"\(companion.batch.dataType)\" itself")
        }
        if let expected = companion.expectedLastSequence, expected != last {
            throw .conflict(expected: .revision(expected), found: last)
        }
        return companion.batch.count > 0 || companion.batch.checkpoint != nil ? companionType : nil
    }

    /// Writes a companion, durable on return, to count once the next frame is durable too.
    mutating func hold(
        _ companion: CompanionBatch?, as type: Int?, in stream: RecordStream
    ) throws(StoreError) -> HeldFrame? {
        guard let companion, let type else { return nil }
        var index = try takeIndex(type, stream)
        var outcome = AppendOutcome()
        var companionBuilder = FrameBuilder()
        Self.encode(
            companion.batch, into: &index, &companionBuilder, staged: false, marksSeen: false, stream.hashes, &outcome)
        if companionBuilder.isEmpty && companion.batch.checkpoint == nil {
            indexes[type] = index
            return nil
        }
        try noteMarks(in: companionBuilder)
        if end >= RecordLimits.segmentBytesMax { try roll() }
        let place = stream.layout.withLock { $0.nextFrame(.page, dataType: type) }
        var header = FrameHeader(
            kind: .page, dataType: UInt16(type), incarnation: manifest.incarnation, segment: activeNumber,
            ordinal: ordinal, firstSequence: place.firstSequence)
        header.flags = .isFollowed
        header.span = UInt32(companionBuilder.rowCount)
        header = companionBuilder.finish(header, checkpoint: companion.batch.checkpoint)
        // Durable before the other is begun: of two frames written at once either might be torn.
        try writeFrame(companionBuilder.frame)
        let position = FramePosition(segment: activeNumber, offset: end)
        end += companionBuilder.frame.count
        ordinal += 1
        return HeldFrame(header: header, position: position, dataType: type, index: index)
    }

    private mutating func cutOff(_ held: HeldFrame) {
        end = held.position.offset
        ordinal -= 1
        // Otherwise opening the stream again does it.
        if needsReopening { return }
        do throws(CallFailure) { try file.fileSystem.truncate(file.fd, to: end, path: file.path) } catch {
            needsReopening = true
        }
    }

    // MARK: Data types and indexes

    mutating func dataType(_ name: String, _ stream: RecordStream) throws(StoreError) -> Int {
        if let known = stream.layout.withLock({ $0.index(of: name) }) { return known }
        guard manifest.dataTypes.count < RecordLimits.dataTypesMax else {
            throw .invalidName("one data type more than \(RecordLimits.dataTypesMax): \"\(name)\"")
        }
        var changed = manifest
        changed.dataTypes.append(name)
        changed.segments[changed.segments.count - 1].bytes = end
        try Self.save(changed, in: folder, files: files)
        manifest = changed
        return stream.layout.withLock { $0.addDataType(name) }
    }

    /// Takes the index of a data type out of the writer, so that it is changed in place; built from disk when there
    /// is none.
    mutating func takeIndex(_ type: Int, _ stream: RecordStream) throws(StoreError) -> TypeIndex {
        if let index = indexes.removeValue(forKey: type) { return index }
        let state = stream.layout.withLock { $0.dataTypes[type] }
        var index = TypeIndex(recordCount: state.recordCount)
        let hashes = stream.hashes
        for run in state.runs {
            try RunReader(stream.folder, stream.incarnation, run).forEachRow { row, bytes in
                let isDuringGeneration = state.generation.map { row.sequence >= $0.beganAtSequence } ?? false
                index.replay(
                    row.kind, hashes.id(bytes.span.extracting(row.id)), content: row.contentHash,
                    marksSeen: isDuringGeneration)
            }
        }
        for run in state.generation?.directRuns ?? [] {
            try RunReader(stream.folder, stream.incarnation, run).forEachSeen { index.replaySeen($0) }
        }
        for run in state.generation?.runs ?? [] {
            let reader = RunReader(stream.folder, stream.incarnation, run)
            try reader.forEachRow { row, bytes in
                index.replayStaged(row.kind, hashes.id(bytes.span.extracting(row.id)), content: row.contentHash)
            }
            try reader.forEachSeen { index.replaySeen($0) }
        }
        return index
    }

    mutating func dropIndexes() { indexes.removeAll() }

    // MARK: Writing

    /// Writes the built frame, durable on return, and takes it into the layout.
    ///
    /// - Parameter held: a frame that lies before this one and counts only with it; cut off again when this fails.
    mutating func write(
        _ kind: FrameHeader.Kind, dataType: Int, checkpoint: [UInt8]?, after held: HeldFrame? = nil,
        to stream: RecordStream
    ) throws(StoreError) {
        defer { builder.forgetFrame() }
        try noteMarks(in: builder)
        // Both lie in one segment, where the recovery meets one right after the other.
        if held == nil, end >= RecordLimits.segmentBytesMax { try roll() }
        let place = stream.layout.withLock { $0.nextFrame(kind, dataType: dataType) }
        var header = FrameHeader(
            kind: kind, dataType: UInt16(dataType), incarnation: manifest.incarnation, segment: activeNumber,
            ordinal: ordinal, firstSequence: place.firstSequence)
        header.generation = place.generation
        header.span = UInt32(builder.rowCount)
        if let held, kind != .stagedPage { header.firstSequence += UInt64(held.header.rowCount) }
        let written = builder.finish(header, checkpoint: checkpoint)
        do throws(StoreError) { try writeFrame(builder.frame) } catch {
            if let held { cutOff(held) }
            throw error
        }
        let position = FramePosition(segment: activeNumber, offset: end)
        end += builder.frame.count
        ordinal += 1
        do throws(LayoutConflict) {
            try stream.layout.withLock { layout throws(LayoutConflict) in
                if let held { try layout.apply(held.header, at: held.position) }
                try layout.apply(written, at: position)
            }
        } catch { fatalError("a frame this stream made does not fit it") }
        if let held { indexes[held.dataType] = held.index }
    }

    /// Notes in the manifest that the stream has rows with marks, before the first one is written: an earlier host
    /// then refuses the stream by its form, instead of calling it damaged.
    private mutating func noteMarks(in builder: FrameBuilder) throws(StoreError) {
        guard builder.hasMarks, manifest.schema < Manifest.schemaOfMarks else { return }
        var changed = currentManifest
        changed.schema = Manifest.schemaOfMarks
        try Self.save(changed, in: folder, files: files)
        manifest = changed
    }

    var activeNumber: UInt64 { manifest.segments[manifest.segments.count - 1].number }

    private mutating func writeFrame(_ frame: [UInt8]) throws(StoreError) {
        do throws(CallFailure) {
            try file.fileSystem.write(frame.span, to: file.fd, at: end, path: file.path)
        } catch {
            let reason = files.gate.error(for: error)
            // Stale bytes after the end would be met by a shorter frame that is written there next.
            do throws(CallFailure) { try file.fileSystem.truncate(file.fd, to: end, path: file.path) } catch {
                needsReopening = true
            }
            throw reason
        }
        do throws(CallFailure) { try file.fileSystem.fdatasync(file.fd, path: file.path) } catch {
            needsReopening = true
            throw files.gate.unknownOutcome(error)
        }
    }

    /// Goes on in a new segment.
    private mutating func roll() throws(StoreError) {
        var changed = manifest
        changed.segments[changed.segments.count - 1].bytes = end
        let next = try Self.makeSegment(&changed, folder: folder, files: files)
        try Self.save(changed, in: folder, files: files)
        manifest = changed
        file = next
        end = Segment.headerBytes
        ordinal = 0
    }

    /// Notes in the manifest how much is durable, so that damage to it differs from a torn end.
    mutating func settle() throws(StoreError) {
        guard manifest.segments[manifest.segments.count - 1].bytes != end else { return }
        var changed = manifest
        changed.segments[changed.segments.count - 1].bytes = end
        try Self.save(changed, in: folder, files: files)
        manifest = changed
    }

    // MARK: Files

    /// Makes an empty segment and names it in `manifest`, which is not saved yet.
    ///
    /// The file's name becomes durable with it.
    static func makeSegment(
        _ manifest: inout Manifest, folder: Directory, files: DurableFiles
    ) throws(StoreError) -> OpenFile {
        let number = manifest.nextSegment
        let name = Manifest.segmentName(number)
        let path = folder.path(of: name)
        let fileSystem = folder.fileSystem
        do throws(CallFailure) {
            let fd = try fileSystem.open(
                name, in: folder.fd, flags: O_RDWR | O_CREAT | O_TRUNC, mode: 0o600, path: path)
            let file = OpenFile(fileSystem: fileSystem, fd: fd, path: path)
            try fileSystem.setMode(0o600, of: fd, path: path)
            let header = Segment.header(incarnation: manifest.incarnation, number: number)
            try fileSystem.write(header.span, to: fd, at: 0, path: path)
            try fileSystem.fdatasync(fd, path: path)
            manifest.nextSegment += 1
            manifest.segments.append(Manifest.Segment(number: number, bytes: Segment.headerBytes))
            return file
        } catch {
            _ = try? fileSystem.unlink(name, in: folder.fd, path: path)
            throw files.gate.error(for: error)
        }
    }

    /// Replaces the manifest; throws ``StoreError/tooLarge(bytes:bytesMax:)`` for one that could not be read again.
    static func save(_ manifest: Manifest, in folder: Directory, files: DurableFiles) throws(StoreError) {
        let (encoded, bytesMax) = (manifest.encoded(), RecordLimits.manifestBytesMax)
        guard encoded.count <= bytesMax else { throw .tooLarge(bytes: encoded.count, bytesMax: bytesMax) }
        try files.replace(Manifest.fileName, with: encoded, in: folder)
    }
}

extension AppendOutcome {
    fileprivate mutating func count(_ kind: RecordChange.Kind) {
        switch kind {
        case .added: added += 1
        case .updated: updated += 1
        case .deleted: deleted += 1
        }
    }
}
