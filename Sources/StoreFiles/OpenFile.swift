// An open file, and reading parts of it through a window. Knows bytes and offsets.

import CLinux
import Glibc

/// An open file that is closed with its last user.
package final class OpenFile: Sendable {
    /// The calls to the system.
    package let fileSystem: FileSystem
    /// The open descriptor.
    package let fd: Int32
    /// The path, for messages.
    package let path: String

    /// Takes over an open descriptor, which is closed with this object.
    package init(fileSystem: FileSystem, fd: Int32, path: String) {
        self.fileSystem = fileSystem
        self.fd = fd
        self.path = path
    }

    deinit { _ = Glibc.close(fd) }

    /// Opens a regular file for reading, or for reading and writing; nil when there is none.
    package static func open(_ name: String, in directory: Directory, isWritable: Bool = false) throws(StoreError)
        -> OpenFile?
    {
        let path = directory.path(of: name)
        do throws(CallFailure) {
            let fd = try directory.fileSystem.open(
                name, in: directory.fd, flags: (isWritable ? O_RDWR : O_RDONLY) | O_NONBLOCK, path: path)
            return OpenFile(fileSystem: directory.fileSystem, fd: fd, path: path)
        } catch {
            if error.errno == ENOENT { return nil }
            throw error.asStoreError
        }
    }

    /// The size of the file.
    package func byteCount() throws(StoreError) -> Int {
        do throws(CallFailure) { return try fileSystem.status(fd, path: path).st_size } catch {
            throw error.asStoreError
        }
    }
}

/// Reads parts of a file, asking the kernel for at least a window at a time.
package struct WindowReader {
    package let file: OpenFile
    /// No byte from here on is read.
    package var end: Int
    /// The window: the bytes that ``fill(_:_:)`` made available.
    package private(set) var buffer: [UInt8] = []
    private var start = 0

    /// A reader of the first `end` bytes of `file`.
    package init(_ file: OpenFile, end: Int) {
        self.file = file
        self.end = end
    }

    /// Makes `count` bytes at `offset` available in `buffer`.
    ///
    /// - Returns: their index in `buffer`, or nil when the file ends before.
    package mutating func fill(_ offset: Int, _ count: Int) throws(StoreError) -> Int? {
        guard offset >= 0, count >= 0, offset <= end, count <= end - offset else { return nil }
        if offset >= start && offset + count <= start + buffer.count { return offset - start }
        let wanted = min(max(count, StoreLimits.readWindowBytes), end - offset)
        if buffer.count != wanted { buffer = [UInt8](repeating: 0, count: wanted) }
        start = offset
        let file = file
        let got: Int
        do throws(CallFailure) {
            var span = buffer.mutableSpan
            got = try file.fileSystem.read(into: &span, from: file.fd, at: offset, path: file.path)
        } catch {
            buffer = []
            throw error.asStoreError
        }
        if got < wanted { buffer.removeLast(wanted - got) }
        return got >= count ? 0 : nil
    }
}
