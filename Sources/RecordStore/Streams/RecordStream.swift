// One open stream: its layout, shared with readers, and its writer, which has one user at a time. Everything here
// blocks.

import StoreFiles
import Synchronization

final class RecordStream: Sendable {
    let id: StreamID
    let folder: Directory
    let incarnation: UInt64
    let hashes: StreamHashes
    /// Held for moments: readers look up places in it, the writer adds to it once frames are durable.
    let layout: Mutex<StreamLayout>
    /// Held while a write goes on; the lock of the stream keeps it uncontended.
    let writer: Mutex<StreamWriter>
    /// Cursors of these epochs are good up to the sequence given.
    let epochs: [Manifest.FormerEpoch]
    let epoch: UInt64
    /// Set when the stream is about to be erased: a compaction of it ends at its next step.
    let isEnding = Atomic<Bool>(false)

    init(_ loaded: StreamLoader.Loaded, folder: Directory, files: DurableFiles) {
        id = loaded.manifest.id
        self.folder = folder
        incarnation = loaded.manifest.incarnation
        hashes = StreamHashes(loaded.manifest.key)
        epoch = loaded.manifest.epoch
        epochs = loaded.manifest.formerEpochs
        layout = Mutex(loaded.layout)
        writer = Mutex(StreamWriter(loaded, folder: folder, files: files))
    }

    /// Opens the stream in `folder`, or makes a new one when there is none.
    static func open(_ id: StreamID, in folder: Directory, files: DurableFiles) throws(StoreError) -> RecordStream {
        let loader = StreamLoader(folder: folder, files: files)
        if let loaded = try loader.load(id) { return RecordStream(loaded, folder: folder, files: files) }
        try files.gate.check()
        var manifest = Manifest(id: id)
        let file = try StreamWriter.makeSegment(&manifest, folder: folder, files: files)
        try StreamWriter.save(manifest, in: folder, files: files)
        let loaded = StreamLoader.Loaded(
            manifest: manifest, layout: StreamLayout(dataTypes: []), activeFile: file, activeEnd: Segment.headerBytes,
            activeOrdinal: 0)
        return RecordStream(loaded, folder: folder, files: files)
    }

    /// The cursor of a place for readers of `dataType`, or with nil of all.
    func cursor(_ sequence: UInt64, base: UInt64, compactions: UInt64, dataType: String?) -> RecordCursor {
        let place = RecordCursor(epoch: epoch, sequence: sequence, base: base, compactions: compactions, check: 0)
        return RecordCursor(
            epoch: epoch, sequence: sequence, base: base, compactions: compactions,
            check: hashes.check(place, dataType: dataType))
    }

    /// The sequence that a cursor stands for, if it was given to readers of `dataType`.
    func sequence(of cursor: RecordCursor, dataType: String?) throws(StoreError) -> UInt64 {
        if cursor == .start { return 0 }
        guard cursor.check == hashes.check(cursor, dataType: dataType) else { throw .invalidCursor }
        if cursor.epoch == epoch {
            guard cursor.sequence <= layout.withLock({ $0.lastSequence }) else { throw .invalidCursor }
            return cursor.sequence
        }
        guard let former = epochs.first(where: { $0.epoch == cursor.epoch }),
            cursor.sequence <= former.lastSequence
        else { throw .invalidCursor }
        return cursor.sequence
    }
}
