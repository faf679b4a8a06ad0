// Reading one stream from its first byte to its last: every checksum, every content hash, every sequence number.
// Changes nothing.

package import StoreFiles

/// A check of every byte of a stream.
package struct StreamCheck {
    let folder: Directory
    let manifest: Manifest

    /// A check of the stream in `folder`.
    package init(folder: Directory, manifest: Manifest) {
        self.folder = folder
        self.manifest = manifest
    }

    /// The size of a sound stream.
    package struct Finding {
        /// The number of its changes.
        package let changes: Int
        /// The sequence number of its last change.
        package let lastSequence: UInt64
    }

    /// The size of the stream; throws at the first thing that is wrong.
    package func run() throws(StoreError) -> Finding {
        var layout = StreamLayout(dataTypes: manifest.dataTypes, compactions: manifest.compactions)
        let hashes = StreamHashes(manifest.key)
        for segment in manifest.segments {
            let name = Manifest.segmentName(segment.number)
            guard let file = try OpenFile.open(name, in: folder) else {
                throw .corrupt(path: folder.path(of: name), .missing)
            }
            try check(segment, file, hashes, &layout)
        }
        return Finding(changes: layout.rowCount, lastSequence: layout.lastSequence)
    }

    private func check(
        _ segment: Manifest.Segment, _ file: OpenFile, _ hashes: StreamHashes, _ layout: inout StreamLayout
    ) throws(StoreError) {
        guard try file.byteCount() >= segment.bytes else { throw .corrupt(path: file.path, .missing) }
        var scanner = FrameScanner(
            WindowReader(file, end: segment.bytes), incarnation: manifest.incarnation, segment: segment.number)
        guard try scanner.hasHeader() else { throw .corrupt(path: file.path, .malformed(offset: 0)) }
        while true {
            switch try scanner.next() {
            case .end: return
            case .broken: throw .corrupt(path: file.path, .malformed(offset: scanner.offset))
            case .frame(let header, let position):
                guard try scanner.rows(of: header, at: position) != nil,
                    try scanner.isBodyIntact(of: header, at: position)
                else { throw .corrupt(path: file.path, .checksumMismatch) }
                do throws(LayoutConflict) { try layout.apply(header, at: position) } catch {
                    throw .corrupt(path: file.path, .malformed(offset: position.offset))
                }
                if header.rowCount > 0 { try checkContents(header, position, hashes) }
            }
        }
    }

    private func checkContents(
        _ header: FrameHeader, _ position: FramePosition, _ hashes: StreamHashes
    ) throws(StoreError) {
        let run = FrameRun(
            position: position, bytes: header.frameBytes, firstSequence: header.firstSequence,
            endSequence: header.firstSequence + UInt64(header.span), rowCount: Int(header.rowCount))
        try RunReader(folder, manifest.incarnation, run).forEachRowWithPayload(hashes) { _, _, _ in }
    }
}
