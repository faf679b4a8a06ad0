// The one error of the store: what happened, why, and what to do. It names files and calls, never their contents.

/// Why a stored file is not what was written.
public enum Corruption: Equatable, Sendable {
    /// The bytes do not follow the format at `offset`.
    case malformed(offset: Int)
    /// The checksum does not match: bits flipped, or the file was edited.
    case checksumMismatch
    /// The file holds another document than its name says: it was moved or swapped.
    case wrongDocument
    /// The name is not a regular file.
    case notARegularFile
    /// The file is larger than anything the store writes.
    case oversized
    /// The document was found corrupt before; its copy is kept under this name and the key is blocked until that is
    /// resolved.
    case quarantined(copy: String)
    /// A part of a stream that was once acknowledged is missing.
    case missing
}

/// The revision that a write expects to replace.
public enum Expectation: Equatable, Sendable {
    /// There is no such document yet.
    case absent
    /// The document has exactly this revision.
    case revision(UInt64)
    /// Any revision, or none; for callers that are alone with the document.
    case any
}

/// Why the store did not do what it was asked to.
public indirect enum StoreError: Error, Equatable, Sendable {
    /// Another revision is stored; nothing was written. `found` is nil when there is no document.
    case conflict(expected: Expectation, found: UInt64?)
    /// The file is damaged. Nothing of it was served; its bytes are kept.
    case corrupt(path: String, Corruption)
    /// The disk or a quota is full. Nothing changed, reads go on, and writes succeed again once there is space.
    case noSpace(call: String, path: String)
    /// The store accepts no writes until it is opened again, because a write to disk failed in a way that leaves its
    /// outcome unknown.
    case readOnly(reason: String)
    /// A system call failed.
    case io(errno: Int32, call: String, path: String)
    /// The value is larger than the store accepts.
    case tooLarge(bytes: Int, bytesMax: Int)
    /// A newer version of the program wrote this file. It is left alone.
    case newerSchema(path: String, found: UInt64, supported: UInt64)
    /// Another process holds the data directory.
    case locked(holder: String)
    /// The data directory is on a file system without the guarantees the store needs.
    case unsupportedFileSystem(name: String)
    /// An id, a collection, a stream or a data type is empty, too long or has bytes that are not allowed.
    case invalidName(String)
    /// A backup goes to an empty directory, and is put back into one without documents and streams.
    case notEmpty(path: String)
    /// A restore into this data directory was begun and not finished.
    case restoreUnfinished
    /// A backup cannot be read or written.
    case backup(BackupFault)
    /// A cursor is not one that this stream gave out.
    case invalidCursor
    /// The generation is not open: it was committed, abandoned, or replaced by a later one.
    case generationNotOpen(dataType: String)
    /// A generation of the data type is open, and the batch must not come between. Nothing was appended; try again
    /// when it was committed or abandoned.
    case generationOpen(dataType: String)
    /// More operations wait than the store allows. Nothing was done; try again later.
    case busy
    /// The store was closed.
    case closed
}

extension StoreError: CustomStringConvertible {
    /// One sentence for an operator: what happened, why, and what to do.
    public var description: String {
        switch self {
        case .conflict(let expected, let found):
            "the document changed: expected \(expected), found \(found.map { "revision \($0)" } ?? "none"); "
                + "load it again and repeat the change"
        case .corrupt(let path, let why):
            "\(path) is damaged: \(why); it is kept for inspection, restore it from a backup or run check --repair"
        case .noSpace(let call, let path):
            "no space left on the disk or quota (\(call) \(path)); nothing was changed, free some space"
        case .readOnly(let reason):
            "the store is read-only since a write failed (\(reason)); check the disk and start again"
        case .io(let errno, let call, let path):
            "\(call) \(path) failed: \(systemMessage(errno)); check the disk, permissions and limits"
        case .tooLarge(let bytes, let bytesMax):
            "\(bytes) bytes are more than the \(bytesMax) allowed; store less"
        case .newerSchema(let path, let found, let supported):
            "\(path) has schema \(found), this version knows up to \(supported); it was left alone, use the newer version"
        case .locked(let holder):
            "the data directory is in use by \(holder); stop that process or choose another directory"
        case .unsupportedFileSystem(let name):
            "the data directory is on \(name), which does not promise durable writes; use a local disk or force it"
        case .invalidName(let what):
            "invalid name: \(what)"
        case .notEmpty(let path):
            "\(path) is not empty; choose another directory"
        case .restoreUnfinished:
            "a restore into the data directory was cut short; run it again"
        case .backup(let fault):
            fault.description
        case .invalidCursor:
            "the cursor does not belong to this stream; start from the beginning"
        case .generationNotOpen(let dataType):
            "no such generation of \(dataType) is open; begin a new one"
        case .generationOpen(let dataType):
            "a generation of \(dataType) is open; try again when it is complete"
        case .busy:
            "too many operations are waiting; try again later"
        case .closed:
            "the store is closed"
        }
    }
}

extension Expectation: CustomStringConvertible {
    /// The expectation in words.
    public var description: String {
        switch self {
        case .absent: "none"
        case .revision(let revision): "revision \(revision)"
        case .any: "any"
        }
    }
}

extension Corruption: CustomStringConvertible {
    /// The finding in words.
    public var description: String {
        switch self {
        case .malformed(let offset): "its format breaks at byte \(offset)"
        case .checksumMismatch: "its checksum does not match"
        case .wrongDocument: "it holds another document"
        case .notARegularFile: "it is not a regular file"
        case .oversized: "it is larger than any file the store writes"
        case .quarantined(let copy): "it was set aside as \(copy)"
        case .missing: "a part that was written is missing"
        }
    }
}
