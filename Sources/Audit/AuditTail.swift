// The end of the audit log: the file that takes lines, and the place in the chain. A batch is written as a whole or not at all. It is
// used by one thread at a time.

import CLinux
import Glibc
import StoreFiles

struct AuditTail {
    /// The files of the log, the last of which takes lines.
    private(set) var files: [AuditFolder.File] = []
    /// The bytes of whole lines in the last file.
    private(set) var bytes = 0
    private(set) var chain = AuditChain()
    private var folder: AuditFolder?
    private var open: OpenFile?

    // MARK: Opening

    /// Finds the end of the log, and cuts off an unfinished line.
    ///
    /// - Returns: what is wrong with the last file; it stays as it is.
    mutating func open(in root: Directory, _ store: DurableFiles) throws(StoreError) -> [AuditReport.Found] {
        guard let folder = try AuditFolder.open(in: root) else { return [] }
        self.folder = folder
        files = try folder.files()
        guard let last = files.last else { return [] }
        let content = try folder.bytes(of: .init(file: last, bytes: nil)) ?? []
        var lines = AuditLines(content)
        while lines.next() != nil {}
        bytes = content.count - lines.remainder
        open = try OpenFile.open(last.name, in: folder.directory, isWritable: true)
        if lines.remainder > 0 { try cut(store) }
        chain = try Self.end(of: files, in: folder)
        var check = AuditCheck()
        try check.read(.init(file: last, bytes: bytes), in: folder)
        return check.report.found
    }

    /// Returns the place behind the last line that can be read, with a sequence behind all lines.
    private static func end(of files: [AuditFolder.File], in folder: AuditFolder) throws(StoreError) -> AuditChain {
        var unreadable = 0
        for file in files.reversed() {
            var last: AuditChain.Read?
            var behind = 0
            for line in AuditLines(try folder.bytes(of: .init(file: file, bytes: nil)) ?? []) {
                if let read = AuditChain.read(line) { (last, behind) = (read, 0) } else { behind += 1 }
            }
            unreadable += behind
            guard let last else { continue }
            var chain = AuditChain()
            chain.begin(after: last)
            chain.skip(unreadable)
            return chain
        }
        var chain = AuditChain()
        chain.skip((files.last?.first ?? 1) - 1 + unreadable)
        return chain
    }

    // MARK: Writing

    /// Writes lines; durable on return.
    ///
    /// - Returns: the files that the lines say are dropped.
    mutating func write(
        _ entries: [AuditEntry], in root: Directory, _ store: DurableFiles
    ) throws(StoreError) -> [AuditFolder.File] {
        var entries = entries
        var dropped: [AuditFolder.File] = []
        if open == nil || bytes >= AuditLimits.fileBytesMax {
            try beginFile(in: root, store)
            dropped = Array(files.dropLast(AuditLimits.filesMax))
            if let last = dropped.last, let first = files.first(where: { $0.first > last.first }) {
                var entry = AuditEntry(at: entries[0].at, action: .dropLines, result: .done, actor: .host)
                entry.droppedThrough = first.first - 1
                entries.insert(entry, at: 0)
            }
        }
        guard let open else { throw .closed }
        var next = chain
        var lines: [UInt8] = []
        for entry in entries { lines += next.line(of: entry) }
        do throws(CallFailure) {
            try open.fileSystem.write(lines.span, to: open.fd, at: bytes, path: open.path)
        } catch {
            try cut(store)
            throw store.gate.error(for: error)
        }
        do throws(CallFailure) { try open.fileSystem.fdatasync(open.fd, path: open.path) } catch {
            throw store.gate.unknownOutcome(error)
        }
        chain = next
        bytes += lines.count
        return dropped
    }

    /// Removes a file that a durable line says is dropped.
    mutating func remove(_ file: AuditFolder.File, _ store: DurableFiles) throws(StoreError) {
        guard let folder else { return }
        try store.remove(file.name, in: folder.directory)
        files.removeAll { $0 == file }
    }

    private mutating func beginFile(in root: Directory, _ store: DurableFiles) throws(StoreError) {
        let folder: AuditFolder
        if let known = self.folder {
            folder = known
        } else {
            folder = AuditFolder(directory: try store.makeDirectory(AuditFolder.name, in: root))
        }
        self.folder = folder
        let file = AuditFolder.File(name: AuditFolder.name(first: chain.sequence + 1), first: chain.sequence + 1)
        let path = folder.path(of: file)
        do throws(CallFailure) {
            let fd = try folder.directory.fileSystem.open(
                file.name, in: folder.directory.fd, flags: O_RDWR | O_CREAT, mode: 0o600, path: path)
            let made = OpenFile(fileSystem: folder.directory.fileSystem, fd: fd, path: path)
            try folder.directory.fileSystem.setMode(0o600, of: fd, path: path)
            open = made
        } catch { throw store.gate.error(for: error) }
        bytes = 0
        if files.last != file { files.append(file) }
        try store.sync(folder.directory)
    }

    /// Cuts the last file off behind its last durable line.
    private func cut(_ store: DurableFiles) throws(StoreError) {
        guard let open else { return }
        do throws(CallFailure) {
            try open.fileSystem.truncate(open.fd, to: bytes, path: open.path)
            try open.fileSystem.fdatasync(open.fd, path: open.path)
        } catch { throw store.gate.unknownOutcome(error) }
    }
}
