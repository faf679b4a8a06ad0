// Reads small whole files, such as configuration and public keys. Knows no formats. Durable data goes through DocumentStore.

import CLinux
import Glibc

/// Why a file could not be read.
package struct FileError: Error, CustomStringConvertible {
    package let path: String
    package let errorNumber: Int32
    /// What is wrong with the content; nil when a system call failed.
    package var problem: String?

    package var isMissing: Bool { errorNumber == ENOENT }
    /// The reason, in words.
    package var reason: String { unsafe problem ?? String(cString: strerror(errorNumber)) }
    package var description: String { "\(path): \(reason)" }
}

package enum FileBytes {
    /// The text in the file at `path`, without the byte order mark that some editors put in front.
    ///
    /// - Throws: ``FileError`` also for text in UTF-16 and for a NUL, which no text has.
    package static func readText(_ path: String, bytesMax: Int) throws(FileError) -> [UInt8] {
        let bytes = try read(path, bytesMax: bytesMax + 3)
        var problem: String?
        if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) {
            problem = "it is text in UTF-16; write it as UTF-8"
        } else if bytes.contains(0) {
            problem = "it is no text: it holds a NUL"
        }
        if let problem { throw FileError(path: path, errorNumber: EILSEQ, problem: problem) }
        let text = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(bytes.dropFirst(3)) : bytes
        guard text.count <= bytesMax else { throw FileError(path: path, errorNumber: EFBIG) }
        return text
    }

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
