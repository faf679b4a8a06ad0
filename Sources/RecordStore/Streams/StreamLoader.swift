// Opening a stream: manifest, segments, and the decision what a broken end means. The frames that were acknowledged
// are all there or the stream is damaged; only the one frame that was being written when the process died may be cut
// off.

import Glibc
package import StoreFiles

/// A reader of the stream in a folder.
package struct StreamLoader {
    let folder: Directory
    let files: DurableFiles

    /// A reader of the stream in `folder`.
    package init(folder: Directory, files: DurableFiles) {
        self.folder = folder
        self.files = files
    }

    /// A stream as found on disk, ready to be appended to.
    struct Loaded {
        var manifest: Manifest
        var layout: StreamLayout
        var activeFile: OpenFile
        var activeEnd: Int
        var activeOrdinal: UInt32
    }

    /// Reads the stream in this folder; nil when its making was cut short.
    func load(_ stream: StreamID) throws(StoreError) -> Loaded? {
        guard let manifest = try readManifest() else { return nil }
        guard manifest.id == stream else {
            throw .corrupt(path: folder.path(of: Manifest.fileName), .wrongDocument)
        }
        removeLeftovers(manifest)
        var layout = StreamLayout(dataTypes: manifest.dataTypes, compactions: manifest.compactions)
        for segment in manifest.segments.dropLast() {
            try scanSealed(segment, manifest, &layout)
        }
        guard let last = manifest.segments.last else {
            throw .corrupt(path: folder.path(of: Manifest.fileName), .missing)
        }
        return try scanActive(last, manifest, layout)
    }

    /// The manifest of the stream; nil when its making was cut short.
    package func readManifest() throws(StoreError) -> Manifest? {
        let path = folder.path(of: Manifest.fileName)
        let contents: Directory.Contents
        do throws(CallFailure) {
            contents = try folder.read(Manifest.fileName, bytesMax: RecordLimits.manifestBytesMax)
        } catch { throw error.asStoreError }
        switch contents {
        case .absent: return nil
        case .notARegularFile: throw .corrupt(path: path, .notARegularFile)
        case .oversized: throw .corrupt(path: path, .oversized)
        case .bytes(let bytes):
            do throws(Manifest.Failure) { return try Manifest(parsing: bytes) } catch {
                switch error {
                case .corrupt(let why): throw .corrupt(path: path, why)
                case .newerSchema(let found):
                    throw .newerSchema(path: path, found: found, supported: Manifest.schemaMax)
                }
            }
        }
    }

    /// Takes away temporary files and segments that the manifest does not name: a roll or a compaction that was cut
    /// short.
    private func removeLeftovers(_ manifest: Manifest) {
        let known = Set(manifest.segments.map { Manifest.segmentName($0.number) })
        for name in (try? folder.names()) ?? []
        where files.temporaryNames.isLeftover(name) || (name.hasSuffix(".seg") && !known.contains(name)) {
            _ = try? folder.fileSystem.unlink(name, in: folder.fd, path: folder.path(of: name))
        }
    }

    private func open(_ segment: Manifest.Segment, isWritable: Bool) throws(StoreError) -> OpenFile {
        let name = Manifest.segmentName(segment.number)
        guard let file = try OpenFile.open(name, in: folder, isWritable: isWritable) else {
            throw .corrupt(path: folder.path(of: name), .missing)
        }
        return file
    }

    private func scanSealed(
        _ segment: Manifest.Segment, _ manifest: Manifest, _ layout: inout StreamLayout
    ) throws(StoreError) {
        let file = try open(segment, isWritable: false)
        var scanner = FrameScanner(
            WindowReader(file, end: segment.bytes), incarnation: manifest.incarnation, segment: segment.number)
        guard try scanner.hasHeader() else { throw .corrupt(path: file.path, .malformed(offset: 0)) }
        while true {
            switch try scanner.next() {
            case .end: return
            case .broken: throw .corrupt(path: file.path, .malformed(offset: scanner.offset))
            case .frame(let header, let position): try apply(header, position, to: &layout, file.path)
            }
        }
    }

    private func apply(
        _ header: FrameHeader, _ position: FramePosition, to layout: inout StreamLayout, _ path: String
    ) throws(StoreError) {
        do throws(LayoutConflict) { try layout.apply(header, at: position) } catch {
            throw .corrupt(path: path, .malformed(offset: position.offset))
        }
    }

    private func scanActive(
        _ segment: Manifest.Segment, _ manifest: Manifest, _ before: StreamLayout
    ) throws(StoreError) -> Loaded {
        let file = try open(segment, isWritable: true)
        let size = try file.byteCount()
        var layout = before
        var scanner = FrameScanner(
            WindowReader(file, end: size), incarnation: manifest.incarnation, segment: segment.number)
        guard try scanner.hasHeader() else { throw .corrupt(path: file.path, .malformed(offset: 0)) }
        var end = Segment.headerBytes
        var ordinal: UInt32 = 0
        var lastStart = end
        var held: (header: FrameHeader, position: FramePosition)?
        scan: while true {
            switch try scanner.next() {
            case .end:
                // A frame that counts only with the next one was never acknowledged without it.
                if held != nil { try refuseUnlessTorn(&scanner, at: end, segment, file.path) }
                break scan
            case .broken:
                try refuseUnlessTorn(&scanner, at: end, segment, file.path)
                break scan
            case .frame(let header, let position):
                // Below the length in the manifest everything was durable once. Above it a frame may be torn, but
                // only the last: whether this is the last one is known when the content is bad and nothing follows.
                if position.offset >= segment.bytes, try !isIntact(header, position, &scanner) {
                    scanner = FrameScanner(
                        scanner.reader, incarnation: manifest.incarnation, segment: segment.number,
                        offset: position.offset, ordinal: header.ordinal)
                    try refuseUnlessTorn(&scanner, at: end, segment, file.path)
                    break scan
                }
                if header.flags.contains(.isFollowed) {
                    held = (header, position)
                    continue
                }
                if let before = held { try apply(before.header, before.position, to: &layout, file.path) }
                held = nil
                try apply(header, position, to: &layout, file.path)
                lastStart = position.offset
                end = scanner.offset
                ordinal = scanner.ordinal
            }
        }
        if end < size { try cutOff(file, at: end) }
        if end > segment.bytes { try writeAgain(file, lastStart..<end) }
        return Loaded(manifest: manifest, layout: layout, activeFile: file, activeEnd: end, activeOrdinal: ordinal)
    }

    private func isIntact(
        _ header: FrameHeader, _ position: FramePosition, _ scanner: inout FrameScanner
    ) throws(StoreError) -> Bool {
        guard try scanner.rows(of: header, at: position) != nil else { return false }
        return try scanner.isBodyIntact(of: header, at: position)
    }

    /// A torn frame is the last thing in the file and was never acknowledged; anything else is damage.
    private func refuseUnlessTorn(
        _ scanner: inout FrameScanner, at end: Int, _ segment: Manifest.Segment, _ path: String
    ) throws(StoreError) {
        if end < segment.bytes { throw .corrupt(path: path, .missing) }
        if try scanner.hasLaterFrame() { throw .corrupt(path: path, .malformed(offset: end)) }
    }

    /// Makes the last frame durable that a dead process left: after a failed sync its pages count as clean, though
    /// the disk has others, and a later sync would leave a hole before the frames it acknowledges.
    private func writeAgain(_ file: OpenFile, _ range: Range<Int>) throws(StoreError) {
        if files.gate.currentReason != nil { return }
        var reader = WindowReader(file, end: range.upperBound)
        guard let index = try reader.fill(range.lowerBound, range.count) else { return }
        let bytes = reader.buffer.span.extracting(index..<index + range.count)
        do throws(CallFailure) {
            try file.fileSystem.write(bytes, to: file.fd, at: range.lowerBound, path: file.path)
        } catch { throw files.gate.error(for: error) }
        do throws(CallFailure) { try file.fileSystem.fdatasync(file.fd, path: file.path) } catch {
            throw files.gate.unknownOutcome(error)
        }
    }

    private func cutOff(_ file: OpenFile, at end: Int) throws(StoreError) {
        // A store that is read-only stays so until it is opened again: nothing will be appended after these bytes.
        if files.gate.currentReason != nil { return }
        do throws(CallFailure) { try file.fileSystem.truncate(file.fd, to: end, path: file.path) } catch {
            throw files.gate.error(for: error)
        }
        do throws(CallFailure) { try file.fileSystem.fdatasync(file.fd, path: file.path) } catch {
            throw files.gate.unknownOutcome(error)
        }
    }
}
