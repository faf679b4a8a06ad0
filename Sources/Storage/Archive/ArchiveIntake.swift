// Takes a backup out of an archive file by file: for a restore, or to verify it. Every file is checked for its place and its contents
// before it counts.

import Audit
import DocumentStore
import RecordStore
import StoreFiles

/// Reads the files of an archive into a folder.
struct ArchiveIntake {
    let target: FolderOutput
    /// Whether the files stay; to verify, a stream stays until it is checked, and documents are only read.
    let keeps: Bool
    private(set) var outcome = BackupOutcome()
    private var files = 0

    init(target: FolderOutput, keeps: Bool) {
        self.target = target
        self.keeps = keeps
    }

    /// Reads the whole archive.
    ///
    /// - Throws: ``StoreError/backup(_:)`` when it is not whole.
    mutating func run(_ input: ArchiveInput) throws(StoreError) -> BackupOutcome {
        var reader = try ArchiveReader(input)
        var mark: BackupMark?
        while let entry = try reader.next() {
            guard mark == nil else { throw .backup(.damaged("a file behind its mark")) }
            if entry.path == [CopyTarget.markName], entry.byteCount <= 4096 {
                mark = BackupMark(parsing: try reader.take(entry.byteCount))
                guard mark != nil else { throw .backup(.damaged("its mark")) }
            } else {
                try take(entry, &reader)
                files += 1
            }
        }
        guard let mark else { throw .backup(.cutShort) }
        guard mark.files == files else { throw .backup(.damaged("files of it are missing")) }
        if keeps, let damaged = outcome.skipped.first { throw .backup(.damaged(damaged)) }
        guard outcome.documents >= mark.documents, outcome.streams >= mark.streams else {
            throw .backup(.damaged(outcome.skipped.first ?? "files of it are missing"))
        }
        return outcome
    }

    private mutating func take(_ entry: TarEntry, _ reader: inout ArchiveReader) throws(StoreError) {
        let path = entry.path
        if path.count == 2, path[0] == AuditFolder.name, AuditFolder.file(path[1]) != nil {
            try copy(entry, &reader)
        } else if path.count == 3, DocumentLocation.isShardName(path[1]), DocumentLocation.isDocumentName(path[2]),
            (try? DocumentLocation.validate(collection: path[0])) != nil
        {
            try takeDocument(entry, &reader)
        } else if path.count == 4, path[0] == StreamFolder.rootName, DocumentLocation.isShardName(path[1]),
            StreamFolder.isStreamName(path[2])
        {
            if path[3] == Manifest.fileName { return try takeManifest(entry, &reader) }
            guard Self.isSegmentName(path[3]) else { throw Self.unexpected(entry) }
            try copy(entry, &reader)
        } else {
            throw Self.unexpected(entry)
        }
    }

    private static func unexpected(_ entry: TarEntry) -> StoreError {
        .backup(.damaged("a file that no backup has: \(entry.path.joined(separator: "/"))"))
    }

    private static func isSegmentName(_ name: String) -> Bool {
        name.hasSuffix(".seg") && name.utf8.count == Manifest.segmentName(1).utf8.count
            && !name.contains("/") && name.utf8.dropLast(4).allSatisfy { 0x30...0x39 ~= $0 || 0x61...0x66 ~= $0 }
    }

    private mutating func takeDocument(_ entry: TarEntry, _ reader: inout ArchiveReader) throws(StoreError) {
        guard entry.byteCount <= DocumentLimits.documentBytesMax + DocumentLimits.envelopeBytesMax else {
            throw .backup(.damaged(entry.path.joined(separator: "/")))
        }
        let bytes = try reader.take(entry.byteCount)
        if bytes.isEmpty {
            if keeps { _ = try target.remove(entry.path) }
            return
        }
        guard let envelope = try? Envelope(parsing: bytes),
            (try? DocumentLocation(envelope.key))?.path == entry.path.joined(separator: "/")
        else { return outcome.skipped.append(entry.path.joined(separator: "/")) }
        if keeps { try target.write(bytes, to: entry.path) }
        outcome.documents += 1
        outcome.bytes += bytes.count
    }

    /// Takes the manifest of a stream whose segments came before.
    private mutating func takeManifest(_ entry: TarEntry, _ reader: inout ArchiveReader) throws(StoreError) {
        let path = entry.path
        guard entry.byteCount <= StorageLimits.copyBytes else { throw Self.unexpected(entry) }
        let bytes = try reader.take(entry.byteCount)
        let (folder, _) = try target.place(path)
        do throws(StoreError) {
            guard var manifest = try? Manifest(parsing: bytes),
                let location = try? StreamFolder.Location(manifest.id), location.shard == path[1],
                location.name == path[2]
            else { throw .corrupt(path: folder.path, .wrongDocument) }
            let found = try StreamCheck(folder: folder, manifest: manifest).run()
            // A cursor from after the backup would stand for other changes once the stream has grown again.
            manifest.beginEpoch(after: found.lastSequence)
            if keeps { try target.write(manifest.encoded(), to: path) }
            outcome.streams += 1
        } catch {
            guard case .corrupt = error else { throw error }
            outcome.skipped.append(folder.path)
        }
        if !keeps { try target.forget(Array(path.dropLast())) }
    }

    private mutating func copy(_ entry: TarEntry, _ reader: inout ArchiveReader) throws(StoreError) {
        let file = try target.create(entry.path)
        var offset = 0
        while offset < entry.byteCount {
            let part = try reader.take(min(StorageLimits.copyBytes, entry.byteCount - offset))
            try target.write(part.span, to: file, at: offset)
            offset += part.count
        }
        outcome.bytes += entry.byteCount
    }
}
