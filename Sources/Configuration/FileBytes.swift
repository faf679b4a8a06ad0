// Reads small whole files, such as configuration and public keys. Knows no formats. Durable data goes through DocumentStore.

import CLinux
import Glibc

/// Why a file could not be read.
package struct FileError: Error, CustomStringConvertible {
    package let path: String
    package let errorNumber: Int32

    package var isMissing: Bool { errorNumber == ENOENT }
    /// The system's description of the error.
    package var reason: String { unsafe String(cString: strerror(errorNumber)) }
    package var description: String { "\(path): \(reason)" }
}

package enum FileBytes {
    /// The whole file at `path`.
    ///
    /// - Throws: ``FileError`` when it cannot be read or is larger than `bytesMax`.
    package static func read(_ path: String, bytesMax: Int) throws(FileError) -> [UInt8] {
        let descriptor = unsafe cl_openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0)
        guard descriptor >= 0 else { throw FileError(path: path, errorNumber: errno) }
        defer { Glibc.close(descriptor) }
        var bytes: [UInt8] = []
        while true {
            let room = min(64 << 10, bytesMax + 1 - bytes.count)
            var errorNumber: Int32 = 0
            let chunk = unsafe [UInt8](unsafeUninitializedCapacity: room) { buffer, count in
                let found = unsafe Glibc.read(descriptor, buffer.baseAddress, room)
                if found < 0 { errorNumber = errno }
                count = max(0, found)
            }
            if errorNumber == EINTR { continue }
            guard errorNumber == 0 else { throw FileError(path: path, errorNumber: errorNumber) }
            guard !chunk.isEmpty else { return bytes }
            bytes += chunk
            guard bytes.count <= bytesMax else { throw FileError(path: path, errorNumber: EFBIG) }
        }
    }
}
