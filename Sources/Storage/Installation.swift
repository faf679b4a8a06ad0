// The identity of a data directory. A file holds its own inode and time of birth: a directory that was moved keeps both, a copy has others.
// Nothing of the machine counts, so that a directory may move to another machine with its disk.

import Glibc
public import StoreFiles
import Synchronization

/// The identity of an open data directory.
///
/// A copy holds the credentials of the original. If both used them, providers that replace a refresh token at each use would end the
/// grants. So background work starts only where ``isForeign`` is false.
public final class Installation: Sendable {
    /// Where a data directory comes from.
    public enum Origin: Sendable, Equatable {
        /// It was made here, or was used here before.
        case own
        /// It is a copy of another one.
        case copied
        /// It was restored from a backup.
        case restored
    }

    static let fileName = "installation"
    private static let firstLine = "integration-host installation 1\n"
    private static let restoredLine = "restored\n"

    private let root: Directory
    private let files: DurableFiles
    private let state: Mutex<Origin>

    /// Reads the mark of a data directory; a directory without one is new and gets it.
    init(of root: Directory, files: DurableFiles) throws(StoreError) {
        self.root = root
        self.files = files
        let found = try Self.origin(of: root)
        state = Mutex(found ?? .own)
        if found == nil { try Self.mark(root, files) }
    }

    /// Where the directory comes from.
    public var origin: Origin { state.withLock { $0 } }

    /// Whether another installation may be using the same credentials.
    public var isForeign: Bool { origin != .own }

    /// Makes the directory a separate installation; durable on return.
    ///
    /// - Returns: false when it was one already.
    public func adopt() throws(StoreError) -> Bool {
        guard isForeign else { return false }
        try Self.mark(root, files)
        state.withLock { $0 = .own }
        return true
    }

    // MARK: The mark

    /// Marks a directory that a backup was restored to.
    static func markRestored(_ root: Directory, _ files: DurableFiles) throws(StoreError) {
        try files.replace(fileName, with: Array((firstLine + restoredLine).utf8), in: root)
    }

    /// Returns where a directory comes from; nil when it has no mark.
    private static func origin(of root: Directory) throws(StoreError) -> Origin? {
        do throws(CallFailure) {
            let contents = try root.read(fileName, bytesMax: StorageLimits.installationBytesMax)
            if case .absent = contents { return nil }
            guard case .bytes(let bytes) = contents else { return .copied }
            if bytes == Array((firstLine + restoredLine).utf8) { return .restored }
            return bytes == text(of: try birth(of: fileName, in: root)) ? .own : .copied
        } catch { throw error.asStoreError }
    }

    /// Writes the mark, a file that holds its identity.
    private static func mark(_ root: Directory, _ files: DurableFiles) throws(StoreError) {
        try files.gate.check()
        let temporary = try files.writeTemporary([], in: root, synced: false)
        let path = root.path(of: temporary)
        do throws(CallFailure) {
            let fd = try root.fileSystem.open(temporary, in: root.fd, flags: O_WRONLY, path: path)
            do throws(CallFailure) {
                try root.fileSystem.write(
                    text(of: try root.fileSystem.birth(of: fd, path: path)).span, to: fd, path: path)
                try root.fileSystem.fdatasync(fd, path: path)
            } catch {
                try? root.fileSystem.close(fd, path: path)
                throw error
            }
            try root.fileSystem.close(fd, path: path)
        } catch {
            _ = try? root.fileSystem.unlink(temporary, in: root.fd, path: path)
            throw files.gate.error(for: error)
        }
        try files.move(temporary, to: fileName, in: root)
        try files.sync(root)
    }

    private static func text(of birth: FileBirth) -> [UInt8] {
        let fraction = String(birth.nanoseconds)
        let padded = String(repeating: "0", count: max(0, 9 - fraction.count)) + fraction
        return Array((firstLine + "inode \(birth.inode)\nborn \(birth.seconds).\(padded)\n").utf8)
    }

    private static func birth(of name: String, in root: Directory) throws(CallFailure) -> FileBirth {
        let path = root.path(of: name)
        let fd = try root.fileSystem.open(name, in: root.fd, flags: O_RDONLY, path: path)
        defer { try? root.fileSystem.close(fd, path: path) }
        return try root.fileSystem.birth(of: fd, path: path)
    }
}
