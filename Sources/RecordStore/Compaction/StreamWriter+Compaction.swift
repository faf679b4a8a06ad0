// The two ends of a compaction: where it begins, and how it takes the place of what it was made of. The work between them is in
// Compaction and holds no lock of the stream.

import StoreFiles
import Synchronization

extension StreamWriter {
    /// Begins a compaction; nil while a generation is open.
    ///
    /// Its segments have numbers that nothing else uses, also after a crash.
    mutating func beginCompaction(_ stream: RecordStream) throws(StoreError) -> Compaction? {
        try prepare()
        let layout = stream.layout.withLock { $0 }
        if layout.hasOpenGeneration { return nil }
        var changed = currentManifest
        let first = changed.nextSegment
        changed.nextSegment += RecordLimits.compactionSegmentsMax
        try Self.save(changed, in: folder, files: files)
        manifest = changed
        return Compaction(
            stream,
            Compaction.Start(
                manifest: changed, layout: layout, end: FramePosition(segment: activeNumber, offset: end),
                ordinal: ordinal, segments: first..<changed.nextSegment), folder: folder, files: files)
    }

    /// Puts a compaction in the place of what it was made of, with what was appended in the meantime.
    mutating func adopt(_ compaction: inout Compaction, _ stream: RecordStream) throws(StoreError) -> CompactionOutcome
    {
        try prepare()
        let before = (changes: stream.layout.withLock { $0.rowCount }, bytes: byteCount)
        _ = try compaction.follow(currentManifest)
        try compaction.sync()
        let layout = compaction.layout
        guard let compacted = compaction.file, layout.nextSequence == stream.layout.withLock({ $0.nextSequence }) else {
            throw .corrupt(path: folder.path, .missing)
        }
        var changed = manifest
        changed.segments = compaction.manifest.segments
        changed.compactions = compaction.manifest.compactions
        compaction.keep()
        do throws(StoreError) { try Self.save(changed, in: folder, files: files) } catch {
            // Which manifest is in place is unknown only when the store is read-only. Opening the stream again takes away
            // what it does not name.
            needsReopening = true
            throw error
        }
        let old = manifest.segments
        manifest = changed
        file = compacted
        end = compaction.end
        ordinal = compaction.ordinal
        stream.layout.withLock { $0 = layout }
        // Readers that have just looked their places up find these gone, and look again.
        for segment in old {
            let name = Manifest.segmentName(segment.number)
            _ = try? folder.fileSystem.unlink(name, in: folder.fd, path: folder.path(of: name))
        }
        return CompactionOutcome(
            changesBefore: before.changes, changesAfter: layout.rowCount, bytesBefore: before.bytes,
            bytesAfter: byteCount)
    }
}
