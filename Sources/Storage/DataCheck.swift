// The check of a whole data directory, and the repair that moves what is damaged out of the way. Nothing is ever
// deleted but what a dead process had not finished.

import DocumentJournal
import DocumentStore
import Glibc
import Primitives
import RecordStore
import StoreFiles
import Synchronization

struct DataCheck: Sendable {
    let walk: DataWalk
    let files: DurableFiles
    let journal: Journal
    let waiting: WaitingDocuments
    let repairs: Bool

    /// The folders of a collection that exist, or will once what waits in the journal is in its files.
    func shards(of collection: String) throws(StoreError) -> [String] {
        let waiting = journal.ledger.withLock { $0.shards(of: collection) }.map(DocumentLocation.shardName)
        return try Set(walk.shardNames(of: collection)).union(waiting).sorted()
    }

    /// Checks one folder of documents, with what waits in the journal for it.
    func checkDocuments(in shard: String, collection: String, _ report: inout CheckReport) throws(StoreError) {
        let waiting = try checkWaiting(in: shard, collection: collection, &report)
        guard let folder = try walk.subdirectory(collection, of: walk.root),
            let shard = try walk.subdirectory(shard, of: folder)
        else { return }
        for name in try walk.names(shard).sorted() {
            let path = shard.path(of: name)
            switch walk.kind(of: name) {
            case .other: continue
            case .leftover:
                try resolve(path, "\(path) was left by a process that died; it can go", &report) {
                    () throws(StoreError) in
                    try files.remove(name, in: shard)
                    return nil
                }
            case .setAside:
                try resolve(path, "\(path) is a damaged document that was set aside and blocks its key", &report) {
                    () throws(StoreError) in try moveToQuarantine(name, from: shard)
                }
            // What waits in the journal replaces the file.
            case .document: if !waiting.contains(name) { try check(name, in: shard, &report) }
            }
        }
    }

    /// Reads the documents that wait in the journal for one folder.
    ///
    /// - Returns: the names of their files.
    private func checkWaiting(
        in shard: String, collection: String, _ report: inout CheckReport
    ) throws(StoreError) -> Set<String> {
        guard let number = UInt16(shard, radix: 16) else { return [] }
        var names: Set<String> = []
        let folder = JournalLedger.Shard(collection: collection, number: number)
        for (key, chain) in journal.ledger.withLock({ $0.waiting(in: folder) }) {
            let location = try DocumentLocation(key)
            do throws(StoreError) {
                if try self.waiting.envelope(chain, key: key) != nil { report.documents += 1 }
                names.insert(location.fileName)
            } catch {
                guard case .corrupt = error else { throw error }
                // What is wrong with the file itself is found with the file.
                if case .corrupt(_, .missing) = error, let folder = try walk.subdirectory(collection, of: walk.root),
                    let shard = try walk.subdirectory(location.shard, of: folder),
                    try walk.names(shard).contains(location.fileName)
                {
                    try resolve(location.path, "\(error)", &report) { () throws(StoreError) in
                        try moveToQuarantine(location.fileName, from: shard)
                    }
                    names.insert(location.fileName)
                } else if case .corrupt(_, .missing) = error {
                    report.problems.append(.init(path: location.path, message: "\(error)", isRepaired: repairs))
                }
                report.unreadable.append(key)
            }
        }
        return names
    }

    private func check(_ name: String, in shard: Directory, _ report: inout CheckReport) throws(StoreError) {
        let path = shard.path(of: name)
        switch try problem(with: name, in: shard) {
        case nil: report.documents += 1
        case .newerSchema(let path, let found, let supported):
            try note(.newerSchema(path: path, found: found, supported: supported), path, &report)
        case .some(let problem):
            try resolve(path, "\(problem)", &report) { () throws(StoreError) in
                try moveToQuarantine(name, from: shard)
            }
        }
    }

    /// Returns the problem with a document's file, or nil.
    private func problem(with name: String, in shard: Directory) throws(StoreError) -> StoreError? {
        let path = shard.path(of: name)
        let contents: Directory.Contents
        do throws(CallFailure) {
            contents = try shard.read(name, bytesMax: DocumentLimits.documentBytesMax + DocumentLimits.envelopeBytesMax)
        } catch { throw error.asStoreError }
        switch contents {
        // Deleted since the folder was listed.
        case .absent: return nil
        case .notARegularFile: return .corrupt(path: path, .notARegularFile)
        case .oversized: return .corrupt(path: path, .oversized)
        case .bytes(let bytes):
            do throws(Envelope.Failure) {
                let envelope = try Envelope(parsing: bytes)
                let location = try? DocumentLocation(envelope.key)
                return location?.path == path ? nil : .corrupt(path: path, .wrongDocument)
            } catch {
                switch error {
                case .corrupt(let why): return .corrupt(path: path, why)
                case .newerSchema(let found): return .newerSchema(path: path, found: found, supported: Envelope.schema)
                }
            }
        }
    }

    /// Checks one stream, which has no writer meanwhile.
    func checkStream(
        _ folder: Directory, _ opened: Result<Manifest, StoreError>, _ report: inout CheckReport
    ) throws(StoreError) {
        do throws(StoreError) {
            let manifest = try opened.get()
            let location = try StreamFolder.Location(manifest.id)
            guard folder.path == "\(StreamFolder.rootName)/\(location.shard)/\(location.name)" else {
                throw StoreError.corrupt(path: folder.path, .wrongDocument)
            }
            let found = try StreamCheck(folder: folder, manifest: manifest).run()
            report.streams += 1
            report.changes += found.changes
        } catch {
            guard case .corrupt = error else { return try note(error, folder.path, &report) }
            try resolve(folder.path, "\(error)", &report) { () throws(StoreError) in try moveStream(folder) }
        }
    }

    /// Reports what a newer version wrote, which is left alone.
    private func note(_ error: StoreError, _ path: String, _ report: inout CheckReport) throws(StoreError) {
        guard case .newerSchema = error else { throw error }
        report.problems.append(.init(path: path, message: "\(error)", isRepaired: false))
    }

    // MARK: Repair

    private func resolve(
        _ path: String, _ message: String, _ report: inout CheckReport, _ repair: () throws(StoreError) -> String?
    ) throws(StoreError) {
        let copy = repairs ? try repair() : nil
        report.problems.append(.init(path: path, message: message, isRepaired: repairs, copy: copy))
    }

    private func moveStream(_ folder: Directory) throws(StoreError) -> String? {
        let parts = folder.path.split(separator: "/").map(String.init)
        guard parts.count == 3, let records = try walk.subdirectory(parts[0], of: walk.root),
            let shard = try walk.subdirectory(parts[1], of: records)
        else { return nil }
        return try moveToQuarantine(parts[2], from: shard)
    }

    /// Moves a file or folder to the quarantine folder under a name that says where it was; durable on return.
    ///
    /// - Returns: its new path; nil when it was gone.
    func moveToQuarantine(_ name: String, from directory: Directory) throws(StoreError) -> String? {
        try files.gate.check()
        let quarantine = try files.makeDirectory(Quarantine.folderName, in: walk.root)
        let place = directory.path(of: name).split(separator: "/").joined(separator: "_")
        let copy = "\(place).\(Hex.encode(randomBytes(4)))"
        do throws(CallFailure) {
            try directory.fileSystem.rename(
                name, in: directory.fd, to: copy, in: quarantine.fd, replacing: false,
                path: directory.path(of: name))
        } catch {
            if error.errno == ENOENT { return nil }
            throw files.gate.error(for: error)
        }
        try files.sync(quarantine)
        try files.sync(directory)
        return quarantine.path(of: copy)
    }
}
