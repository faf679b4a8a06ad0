// One file of the journal: made with its header durable, written to at its end, read anywhere. Knows bytes and offsets.

import Glibc
import Primitives
package import StoreFiles

/// One file of the journal.
package final class JournalSegment: Sendable {
    static let suffix = ".log"

    let sequence: UInt64
    let salt: UInt64
    let file: OpenFile
    let name: String
    /// The bytes that are on the disk as zeros until they are written to.
    ///
    /// A sync of bytes that were there before changes nothing but them: it does not wait for the file system's own journal, where
    /// other programs' writes wait too.
    let preparedBytes: Int

    init(sequence: UInt64, salt: UInt64, file: OpenFile, preparedBytes: Int = 0) {
        self.sequence = sequence
        self.salt = salt
        self.file = file
        self.preparedBytes = preparedBytes
        name = Self.name(sequence)
    }

    static func name(_ sequence: UInt64) -> String {
        Hex.encode(sequence) + suffix
    }

    /// The sequence number that a file name stands for.
    static func sequence(ofName name: String) -> UInt64? {
        guard name.utf8.count == 16 + suffix.utf8.count, name.hasSuffix(suffix) else { return nil }
        return Hex.number(lowercase: name.utf8.prefix(16))
    }

    /// Makes an empty segment of `bytes`, durable with its name on return.
    static func make(
        _ sequence: UInt64, bytes: Int, in folder: Directory, files: DurableFiles
    ) throws(StoreError) -> JournalSegment {
        try files.gate.check()
        let name = name(sequence)
        let path = folder.path(of: name)
        let fileSystem = folder.fileSystem
        let salt = randomBytes(8).reduce(0 as UInt64) { $0 << 8 | UInt64($1) }
        let segment: JournalSegment
        do throws(CallFailure) {
            let fd = try fileSystem.open(name, in: folder.fd, flags: O_RDWR | O_CREAT | O_EXCL, mode: 0o600, path: path)
            let file = OpenFile(fileSystem: fileSystem, fd: fd, path: path)
            do throws(CallFailure) {
                try fileSystem.setMode(0o600, of: fd, path: path)
                try fileSystem.write(
                    JournalFormat.segmentHeader(sequence: sequence, salt: salt).span, to: fd, at: 0, path: path)
                let prepared = try prepare(file, bytes: bytes)
                try fileSystem.fdatasync(fd, path: path)
                segment = JournalSegment(sequence: sequence, salt: salt, file: file, preparedBytes: prepared)
            } catch {
                _ = try? fileSystem.unlink(name, in: folder.fd, path: path)
                throw error
            }
        } catch { throw files.gate.error(for: error) }
        try files.sync(folder)
        return segment
    }

    /// Writes zeros behind the header.
    ///
    /// - Returns: the size of the file; that of the header when the disk is nearly full, which is no reason not to write.
    private static func prepare(_ file: OpenFile, bytes: Int) throws(CallFailure) -> Int {
        let zeros = [UInt8](repeating: 0, count: min(bytes, 1 << 20))
        var end = JournalFormat.segmentHeaderBytes
        do throws(CallFailure) {
            while end < bytes {
                let part = zeros.span.extracting(first: min(zeros.count, bytes - end))
                try file.fileSystem.write(part, to: file.fd, at: end, path: file.path)
                end += part.count
            }
        } catch {
            guard error.isNoSpace else { throw error }
            end = JournalFormat.segmentHeaderBytes
            try file.fileSystem.truncate(file.fd, to: end, path: file.path)
        }
        return end
    }

    /// Reads one entry; the places in it are those of the bytes.
    package func entry(_ document: PendingDocument) throws(StoreError) -> (bytes: [UInt8], entry: JournalEntry) {
        var bytes = [UInt8](repeating: 0, count: document.byteCount)
        do throws(CallFailure) {
            var span = bytes.mutableSpan
            _ = try file.fileSystem.read(into: &span, from: file.fd, at: document.offset, path: file.path)
        } catch { throw error.asStoreError }
        guard let entry = JournalFormat.parseEntry(bytes, at: 0, end: bytes.count) else {
            throw .corrupt(path: file.path, .checksumMismatch)
        }
        return (bytes, entry)
    }
}
