// Copying a data directory while it is in use, and putting a copy back. Documents and streams are each copied whole,
// one after the other; what they are together is not a snapshot of one instant.

import Audit
import CLinux
import DocumentJournal
import DocumentStore
import Glibc
import RecordStore
public import StoreFiles

/// The contents of a backup, or of a restore.
public struct BackupOutcome: Equatable, Sendable {
    /// The documents copied.
    public internal(set) var documents = 0
    /// The streams copied.
    public internal(set) var streams = 0
    /// The bytes copied.
    public internal(set) var bytes = 0
    /// The damaged files and folders that were left out.
    public internal(set) var skipped: [String] = []
    /// The streams that were left out because the format cannot hold them.
    public internal(set) var omittedStreams = 0
}

/// A format of copied documents.
public enum DataFormat: String, CaseIterable, Sendable {
    /// What this version writes.
    case current
    /// What version 0.1.0 reads: documents without summaries, and streams without marks.
    case firstVersion = "0.1"
}

/// Makes the bytes of a document of an earlier format, which may have several documents in one; nil for one that it does not have.
public typealias DocumentConversion =
    @Sendable (
        _ collection: String, _ data: [UInt8],
        _ read: (_ collection: String, _ id: [UInt8]) throws(StoreError) -> [UInt8]?
    ) throws(StoreError) -> [UInt8]?

/// Copies what is sound from one tree to another.
struct DataCopy {
    let source: DataWalk
    let target: CopyTarget
    var outcome = BackupOutcome()

    init(source: DataWalk, target: CopyTarget) {
        self.source = source
        self.target = target
    }

    /// Copies the documents of one folder.
    mutating func copyDocuments(in shard: Directory, isRestore: Bool = false) throws(StoreError) {
        let path = shard.path.split(separator: "/").suffix(2).map(String.init)
        for name in try source.names(shard).sorted() where source.kind(of: name) == .document {
            let contents: Directory.Contents
            do throws(CallFailure) {
                contents = try shard.read(
                    name, bytesMax: DocumentLimits.documentBytesMax + DocumentLimits.envelopeBytesMax)
            } catch { throw error.asStoreError }
            switch contents {
            case .absent: continue
            // In a backup an empty file says that the document was deleted while it was made.
            case .bytes(let bytes) where bytes.isEmpty && isRestore: continue
            default: break
            }
            guard case .bytes(let bytes) = contents, let envelope = try? Envelope(parsing: bytes),
                (try? DocumentLocation(envelope.key))?.path == (path + [name]).joined(separator: "/")
            else {
                outcome.skipped.append(shard.path(of: name))
                continue
            }
            guard let file = try target.file(of: envelope, bytes) else { continue }
            try target.output.write(file, to: path + [name])
            outcome.documents += 1
            outcome.bytes += file.count
        }
    }

    /// Copies documents that are not in their own files yet; one that has come into its file meanwhile is whole there too.
    mutating func copyWaiting(
        _ documents: [(shard: JournalLedger.Shard, key: DocumentKey, chain: PendingChain)],
        _ waiting: WaitingDocuments
    ) throws(StoreError) {
        for (_, key, chain) in documents {
            let location = try DocumentLocation(key)
            let path = [location.collection, location.shard, location.fileName]
            if let envelope = try waiting.envelope(chain, key: key) {
                guard let file = try target.file(of: envelope, nil) else { continue }
                try target.output.write(file, to: path)
                outcome.bytes += file.count
            } else if try target.output.remove(path) {
                // An archive may not have had it: then the mark says one less than there is, which no restore minds.
                outcome.documents = max(0, outcome.documents - 1)
            }
        }
    }

    /// Copies one document as it is now, in the place of an earlier copy; that stays where the document cannot be read any more.
    mutating func copyDocument(_ key: DocumentKey) throws(StoreError) {
        guard let envelope = try? target.documents?.envelope(key), let file = try target.file(of: envelope, nil)
        else { return }
        let location = try DocumentLocation(key)
        try target.output.write(file, to: [location.collection, location.shard, location.fileName])
    }

    /// Copies one stream, which has no writer meanwhile.
    mutating func copyStream(
        _ folder: Directory, _ opened: Result<Manifest, StoreError>, isRestore: Bool
    ) throws(StoreError) {
        do throws(StoreError) {
            var manifest = try opened.get()
            guard target.format == .current || manifest.isOfFirstForm else {
                outcome.omittedStreams += 1
                return
            }
            let found = try StreamCheck(folder: folder, manifest: manifest).run()
            let copy = folder.path.split(separator: "/").suffix(3).map(String.init)
            for segment in manifest.segments {
                let name = Manifest.segmentName(segment.number)
                guard let file = try OpenFile.open(name, in: folder) else {
                    throw StoreError.corrupt(path: folder.path(of: name), .missing)
                }
                try target.output.copy(file, bytes: segment.bytes, to: copy + [name])
                outcome.bytes += segment.bytes
            }
            // A cursor from after the backup would stand for other changes once the stream has grown again.
            if isRestore { manifest.beginEpoch(after: found.lastSequence) }
            try target.output.write(manifest.encoded(), to: copy + [Manifest.fileName])
            outcome.streams += 1
        } catch {
            guard case .corrupt = error else { throw error }
            outcome.skipped.append(folder.path)
        }
    }
}
