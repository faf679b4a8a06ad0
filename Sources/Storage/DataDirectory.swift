// The data directory as a whole: taking its lock, refusing file systems that lie, clearing leftovers, and handing out
// the stores that live in it. Keys and plugins, which lie in the same directory, are not its business.

package import Audit
import DocumentJournal
public import DocumentStore
import Glibc
public import RecordStore
public import StoreFiles
import Synchronization

/// The settings of a data directory.
public struct StoreOptions: Sendable {
    /// The threads that may wait for the disk at the same time.
    public var ioThreadsMax: Int = 32
    /// The bytes of documents kept in memory, with what callers keep beside them.
    public var cacheBytesMax: Int = 64 << 20
    /// The bytes of acknowledged documents that may wait for their files; writers wait when there are more.
    public var journalBytesMax: Int = JournalLimits.bytesMax
    /// The time an acknowledged document may wait in the journal for its file.
    public var checkpointDelay: Duration = DocumentLimits.checkpointDelay
    /// The time that closing may spend on bringing documents into their files.
    public var closingTimeMax: Duration = DocumentLimits.closingTimeMax
    /// Whether a damaged journal is read as far as possible instead of refused.
    ///
    /// For `check --repair`: what was acknowledged and can no longer be read is lost, the damaged file is kept in the
    /// folder `quarantine`, and ``DataDirectory/check(repairs:)`` names it.
    public var salvagesJournal: Bool = false
    /// Whether file systems without durable writes or reliable locks are accepted.
    public var allowsAnyFileSystem: Bool = false

    /// The defaults.
    public init() {}
}

/// An open data directory, locked for this process.
///
/// Keep it as long as the stores in it are used: letting go of it closes them.
public final class DataDirectory: Sendable {
    /// The documents.
    public let documents: Documents
    /// The record streams.
    public let records: Records

    /// The audit log.
    package let audit: AuditLog

    /// Which installation the directory belongs to.
    public let installation: Installation

    let root: Directory
    let files: DurableFiles
    let threads: IOThreads
    /// The journal segments that were damaged and salvaged at this start.
    let journalDamage: [Documents.JournalDamage]
    var gate: WriteGate { files.gate }
    private let lock: DataDirectoryLock
    private let isClosed = Atomic<Bool>(false)

    /// Returns whether there is a data directory at `path`: a folder with a journal, documents of users or records.
    public static func exists(at path: String) -> Bool {
        ["journal", "users", "records"].contains { unsafe access("\(path)/\($0)", F_OK) == 0 }
    }

    /// Returns the name of the file system at `path` when the store does not trust it; nil for any other, and when it cannot be found out.
    public static func unsuitableFileSystem(at path: String) -> String? { FileSystemKind.refusal(at: path) }

    /// Opens the directory at `path`, making it with mode 0700 when it is missing, and takes its lock.
    ///
    /// Blocks the calling thread; meant for the start of a process. Takes the same time however many documents there
    /// are. Throws ``StoreError/locked(holder:)`` when another process has it,
    /// ``StoreError/unsupportedFileSystem(name:)``, ``StoreError/io(errno:call:path:)`` or
    /// ``StoreError/noSpace(call:path:)``.
    public convenience init(path: String, options: StoreOptions = StoreOptions()) throws(StoreError) {
        try self.init(path: path, options: options, fileSystem: FileSystem())
    }

    init(path: String, options: StoreOptions, fileSystem: FileSystem) throws(StoreError) {
        root = try Self.openRoot(path, fileSystem: fileSystem)
        if !options.allowsAnyFileSystem, let name = try FileSystemKind.refusal(for: root) {
            throw .unsupportedFileSystem(name: name)
        }
        lock = try DataDirectoryLock(in: root)
        files = DurableFiles(settlement: lock.wasAbandoned ? Settlement(of: root) : Settlement())
        if try DataWalk(root: root, temporaryNames: files.temporaryNames).names(root).contains(Restore.markName) {
            throw .restoreUnfinished
        }
        installation = try Installation(of: root, files: files)
        threads = IOThreads(threadsMax: max(1, options.ioThreadsMax))
        documents = try Documents(
            folders: DocumentFolders(root: root, files: files), threads: threads,
            options: Documents.Options(
                cacheBytesMax: options.cacheBytesMax, journalBytesMax: options.journalBytesMax,
                checkpointDelay: options.checkpointDelay, closingTimeMax: options.closingTimeMax,
                salvagesJournal: options.salvagesJournal))
        journalDamage = documents.journalDamage
        records = Records(folders: StreamFolder(root: root, files: files), threads: threads)
        audit = try AuditLog(in: root, files: files, threads: threads)
        LeftoverCleaner(root: root, names: files.temporaryNames, cleansStreams: lock.wasAbandoned).start(isStopped: {
            [weak self] in
            self?.isClosed.load(ordering: .relaxed) ?? true
        })
    }

    deinit { close() }

    /// How the documents are doing, for metrics.
    public var documentStatistics: DocumentStatistics { documents.statistics }

    /// Whether the process that had the directory before did not close it.
    public var wasAbandoned: Bool { lock.wasAbandoned }

    /// Why the store accepts no writes, or nil when it does.
    public var readOnlyReason: String? { gate.currentReason }

    /// Brings every acknowledged document into its own file; durable on return.
    public func flush() async throws(StoreError) {
        try await documents.flush()
    }

    /// Finishes what was begun, releases the lock, and refuses everything after that.
    ///
    /// Blocks the calling thread until the last write is acknowledged, and for at most
    /// ``StoreOptions/closingTimeMax`` more to bring documents into their files; what is left stays in the journal.
    /// Meant for the end of a process.
    public func close() {
        guard !isClosed.exchange(true, ordering: .acquiringAndReleasing) else { return }
        threads.close()
        threads.waitUntilEnded()
        documents.close()
        records.settle()
        lock.release(isClean: gate.currentReason == nil && files.settlement.isDone)
    }

    static func openRoot(_ path: String, fileSystem: FileSystem) throws(StoreError) -> Directory {
        do throws(CallFailure) {
            let isNew = try fileSystem.mkdir(path, in: AT_FDCWD, path: path)
            let fd = try fileSystem.open(
                path, in: AT_FDCWD, flags: O_RDONLY | O_DIRECTORY, followsLink: true, path: path)
            let root = Directory(fileSystem: fileSystem, fd: fd, path: "")
            // The files below hold credentials: no other user may read them, independent of who made the directory.
            try fileSystem.setMode(0o700, of: fd, path: path)
            if isNew {
                let parent = try fileSystem.open("..", in: fd, flags: O_RDONLY | O_DIRECTORY, path: path)
                fileSystem.giveOwner(of: parent, to: fd)
                try Directory(fileSystem: fileSystem, fd: parent, path: path + "/..").sync()
            }
            return root
        } catch { throw error.asStoreError }
    }
}
