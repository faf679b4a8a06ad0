// The folder of the running executable. Knows nothing of what else is in it.

import Glibc

/// The folder of the running executable.
package enum ExecutableFolder {
    /// Its absolute path, without a trailing slash; `.` when the system does not say.
    package static let path: String = {
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: 4096) { buffer, count in
            unsafe buffer.withMemoryRebound(to: CChar.self) { buffer in
                unsafe count =
                    buffer.baseAddress.map { unsafe max(0, readlink("/proc/self/exe", $0, buffer.count)) } ?? 0
            }
        }
        let path = String(decoding: bytes, as: UTF8.self)
        return path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
    }()
}
