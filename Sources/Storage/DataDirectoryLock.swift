// The lock that lets one process at a time have the data directory: flock, which the kernel releases however the
// process ends. The note inside the file only serves the message to the one who comes second.

import CLinux
import Glibc
import StoreFiles
import Synchronization

final class DataDirectoryLock: Sendable {
    static let fileName = ".lock"

    private let fd: Int32
    private let isReleased = Atomic<Bool>(false)
    private static let cleanNote = "closed\n"

    /// Whether the process that had the lock before did not get to close the directory.
    let wasAbandoned: Bool

    /// Takes the lock at once or throws ``StoreError/locked(holder:)``.
    init(in directory: Directory) throws(StoreError) {
        let fileSystem = directory.fileSystem
        let path = directory.path(of: Self.fileName)
        let fd: Int32
        do throws(CallFailure) {
            fd = try fileSystem.open(Self.fileName, in: directory.fd, flags: O_RDWR | O_CREAT, mode: 0o600, path: path)
        } catch { throw error.asStoreError }
        do throws(StoreError) {
            while flock(fd, LOCK_EX | LOCK_NB) != 0 {
                if errno == EWOULDBLOCK { throw .locked(holder: Self.note(in: fd)) }
                if errno != EINTR { throw .io(errno: errno, call: "flock", path: path) }
            }
            do throws(CallFailure) {
                try fileSystem.setMode(0o600, of: fd, path: path)
            } catch { throw error.asStoreError }
            wasAbandoned = !["", Self.cleanNote].contains(Self.rawNote(in: fd))
            Self.leaveNote(in: fd, "process \(getpid()) on host \(Self.hostName())\n")
        } catch {
            _ = Glibc.close(fd)
            throw error
        }
        self.fd = fd
    }

    deinit { release(isClean: false) }

    /// Gives the lock back; the next process can have it at once.
    ///
    /// - Parameter isClean: whether everything that was written is durable.
    func release(isClean: Bool) {
        if isReleased.exchange(true, ordering: .acquiringAndReleasing) { return }
        if isClean { Self.leaveNote(in: fd, Self.cleanNote) }
        // Closing alone would leave the lock with a child that is between fork and exec.
        _ = flock(fd, LOCK_UN)
        _ = Glibc.close(fd)
    }

    private static func hostName() -> String {
        var host = [CChar](repeating: 0, count: 256)
        let named = unsafe host.withUnsafeMutableBufferPointer {
            unsafe $0.baseAddress.map { unsafe gethostname($0, 255) }
        }
        let name = String(decoding: host.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return named == 0 ? name : "unknown"
    }

    /// Best effort: a full disk must not keep the host from starting and serving reads.
    private static func leaveNote(in fd: Int32, _ text: String) {
        let note = Array(text.utf8)
        if ftruncate(fd, 0) == 0 { _ = unsafe note.withUnsafeBytes { unsafe pwrite(fd, $0.baseAddress, $0.count, 0) } }
    }

    private static func rawNote(in fd: Int32) -> String {
        var bytes = [UInt8](repeating: 0, count: StorageLimits.lockNoteBytesMax)
        let count = unsafe bytes.withUnsafeMutableBytes { unsafe pread(fd, $0.baseAddress, $0.count, 0) }
        return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
    }

    private static func note(in fd: Int32) -> String {
        let printable = rawNote(in: fd).unicodeScalars.filter { (0x20...0x7e).contains($0.value) }
        return printable.isEmpty ? "another process" : String(String.UnicodeScalarView(printable))
    }
}
