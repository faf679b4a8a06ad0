// One open directory, the base of every *at() call: opening, making, listing, reading, and the durable replace of a
// file in it. Knows names and bytes, not what they mean.

import CLinux
import Glibc

/// An open directory descriptor with its path, kept for messages alone.
package final class Directory: Sendable {
    /// The calls to the system.
    package let fileSystem: FileSystem
    /// The open descriptor.
    package let fd: Int32
    /// The path relative to the data directory.
    package let path: String

    /// Takes over an open descriptor, which is closed with this object.
    package init(fileSystem: FileSystem, fd: Int32, path: String) {
        self.fileSystem = fileSystem
        self.fd = fd
        self.path = path
    }

    deinit { _ = Glibc.close(fd) }

    /// The path of a name in this directory, for messages.
    package func path(of name: String) -> String {
        path.isEmpty ? name : path + "/" + name
    }

    /// The directory `name` below this one, or nil when there is none.
    package func subdirectory(_ name: String) throws(CallFailure) -> Directory? {
        let full = path(of: name)
        do throws(CallFailure) {
            let fd = try fileSystem.open(name, in: fd, flags: O_RDONLY | O_DIRECTORY, path: full)
            return Directory(fileSystem: fileSystem, fd: fd, path: full)
        } catch {
            if error.errno == ENOENT { return nil }
            throw error
        }
    }

    /// The directory `name` below this one, made durably when there is none.
    ///
    /// - Returns: the directory; `isNew` says that its name still needs this directory's `sync()`, which has not been
    ///   done.
    package func makeSubdirectory(_ name: String) throws(CallFailure) -> (directory: Directory, isNew: Bool) {
        if let found = try subdirectory(name) { return (found, false) }
        _ = try fileSystem.mkdir(name, in: fd, path: path(of: name))
        guard let made = try subdirectory(name) else {
            throw CallFailure(errno: ENOENT, call: .mkdir, path: path(of: name))
        }
        try fileSystem.setMode(0o700, of: made.fd, path: made.path)
        return (made, true)
    }

    /// Makes the names in this directory durable.
    package func sync() throws(CallFailure) {
        try fileSystem.fsync(fd, path: path)
    }

    /// The names in this directory, without `.` and `..`, in no order.
    package func names() throws(CallFailure) -> [String] {
        let copy = try fileSystem.open(".", in: fd, flags: O_RDONLY | O_DIRECTORY, path: path)
        guard let stream = unsafe fdopendir(copy) else {
            let reason = errno
            _ = Glibc.close(copy)
            throw CallFailure(errno: reason, call: .open, path: path)
        }
        defer { unsafe closedir(stream) }
        var names: [String] = []
        while true {
            errno = 0
            guard let entry = unsafe readdir(stream) else {
                if errno != 0 { throw CallFailure(errno: errno, call: .read, path: path) }
                return names
            }
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                unsafe String(cString: UnsafeRawPointer(pointer).assumingMemoryBound(to: CChar.self))
            }
            if name != "." && name != ".." { names.append(name) }
        }
    }

    /// Removes a file, or a folder with everything in it; not durable before a sync.
    package func removeTree(_ name: String) throws(CallFailure) {
        let folder: Directory?
        do throws(CallFailure) { folder = try subdirectory(name) } catch {
            guard error.errno == ENOTDIR || error.errno == ELOOP else { throw error }
            try fileSystem.unlink(name, in: fd, path: path(of: name))
            return
        }
        guard let folder else { return }
        for child in try folder.names() { try folder.removeTree(child) }
        try fileSystem.unlink(name, in: fd, isDirectory: true, path: path(of: name))
    }

    /// The result of reading a file.
    package enum Contents {
        case bytes([UInt8])
        case absent
        case notARegularFile
        case oversized
    }

    /// Reads a whole regular file of at most `bytesMax` bytes.
    package func read(_ name: String, bytesMax: Int) throws(CallFailure) -> Contents {
        let full = path(of: name)
        let file: Int32
        do throws(CallFailure) {
            // O_NONBLOCK: a FIFO put in a document's place must not hang an I/O thread.
            file = try fileSystem.open(name, in: fd, flags: O_RDONLY | O_NONBLOCK, path: full)
        } catch {
            switch error.errno {
            case ENOENT: return .absent
            case ELOOP, ENXIO: return .notARegularFile
            default: throw error
            }
        }
        defer { _ = Glibc.close(file) }
        let status = try fileSystem.status(file, path: full)
        guard status.st_mode & S_IFMT == S_IFREG else { return .notARegularFile }
        guard status.st_size <= bytesMax else { return .oversized }
        var bytes = [UInt8](repeating: 0, count: status.st_size)
        var span = bytes.mutableSpan
        let count = try fileSystem.read(into: &span, from: file, at: 0, path: full)
        if count < bytes.count { bytes.removeLast(bytes.count - count) }
        return .bytes(bytes)
    }
}
