// The Unix socket in the data directory by which commands reach the host that holds it: system calls only. Two checks decide who
// may use it: the mode of the socket, and the user at the other end.

import CLinux
import Glibc

/// A system call on the control socket failed.
package struct ControlSocketError: Error, CustomStringConvertible {
    package let call: String
    let errorNumber: Int32

    package init(_ call: String) {
        self.call = call
        errorNumber = errno
    }

    /// Whether no process listens.
    var hasNoListener: Bool {
        errorNumber == ENOENT || errorNumber == ECONNREFUSED || errorNumber == ENOTDIR || errorNumber == ENOTSOCK
    }

    /// Whether ``ControlSocket/interrupt()`` has ended it.
    var isInterrupted: Bool { errorNumber == EINVAL || errorNumber == EBADF }

    package var description: String {
        "the control socket failed (\(call): \(unsafe String(cString: strerror(errorNumber)))); "
            + "check the permissions of the data directory."
    }
}

/// A connected or listening Unix socket.
///
/// Blocking; the owner closes it.
struct ControlSocket: Sendable {
    /// The name of the socket in the data directory.
    static let name = ".control"

    let descriptor: Int32

    /// Listens in `directory`, replacing a socket that a killed host has left.
    ///
    /// The caller holds the directory's lock.
    static func listening(in directory: String) throws(ControlSocketError) -> ControlSocket {
        let folder = try open(directory)
        defer { Glibc.close(folder) }
        if unsafe unlinkat(folder, name, 0) != 0, errno != ENOENT { throw ControlSocketError("unlink") }
        let socket = try make()
        do throws(ControlSocketError) {
            try unsafe withAddress(in: folder) { address, length throws(ControlSocketError) in
                guard unsafe bind(socket.descriptor, address, length) == 0 else { throw ControlSocketError("bind") }
            }
            // The directory's mode keeps others out already; this mode protects the socket even if the directory's mode was changed.
            guard unsafe fchmodat(folder, name, 0o600, 0) == 0 else { throw ControlSocketError("chmod") }
            guard listen(socket.descriptor, 8) == 0 else { throw ControlSocketError("listen") }
        } catch {
            socket.close()
            throw error
        }
        return socket
    }

    /// Connects to the host that holds `directory`.
    static func connected(in directory: String) throws(ControlSocketError) -> ControlSocket {
        let folder = try open(directory)
        defer { Glibc.close(folder) }
        let socket = try make()
        do throws(ControlSocketError) {
            try unsafe withAddress(in: folder) { address, length throws(ControlSocketError) in
                guard unsafe connect(socket.descriptor, address, length) == 0 else {
                    throw ControlSocketError("connect")
                }
            }
        } catch {
            socket.close()
            throw error
        }
        return socket
    }

    /// Takes a connection that waits.
    func accepted() throws(ControlSocketError) -> ControlSocket {
        let peer = accept4(descriptor, nil, nil, CL_SOCK_CLOEXEC)
        guard peer >= 0 else { throw ControlSocketError("accept") }
        return ControlSocket(descriptor: peer)
    }

    /// Removes the socket's name from `directory`.
    static func remove(from directory: String) {
        guard let folder = try? open(directory) else { return }
        _ = unsafe unlinkat(folder, name, 0)
        Glibc.close(folder)
    }

    /// Ends the current and every later wait of ``accepted()``.
    func interrupt() { _ = shutdown(descriptor, Int32(SHUT_RDWR)) }

    func close() { Glibc.close(descriptor) }

    /// Whether the process at the other end runs as this process's user, or as root, who may do everything anyway.
    ///
    /// - Parameter owner: the owner of the data directory, whose host answers root's commands; nil at the host's end.
    func isPeerTrusted(owner: uid_t? = nil) -> Bool {
        // struct ucred: pid, uid, gid, 32 bits each (unix(7)).
        var credentials = (Int32(-1), uid_t.max, gid_t.max)
        var length = socklen_t(MemoryLayout.size(ofValue: credentials))
        guard unsafe getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &credentials, &length) == 0 else { return false }
        return Self.isTrusted(credentials.1, by: geteuid(), owner: owner)
    }

    /// Whether a process of the user `own` trusts one of the user `peer`.
    static func isTrusted(_ peer: uid_t, by own: uid_t, owner: uid_t?) -> Bool {
        peer == own || peer == 0 || (own == 0 && peer == owner)
    }

    /// The owner of `directory`; nil when it cannot be read.
    static func owner(of directory: String) -> uid_t? {
        var status = stat()
        return unsafe stat(directory, &status) == 0 ? status.st_uid : nil
    }

    /// Limits how long the other side may keep silent.
    func limitSilence(to duration: Duration) {
        let (seconds, attoseconds) = duration.components
        var time = timeval(tv_sec: Int(seconds), tv_usec: Int(attoseconds / 1_000_000_000_000))
        let length = socklen_t(MemoryLayout<timeval>.size)
        _ = unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &time, length)
        _ = unsafe setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &time, length)
    }

    /// Reads until the other side says that it has sent everything.
    func readAll(bytesMax: Int) throws(ControlSocketError) -> [UInt8] {
        try readAll(bytesMax: bytesMax) { descriptor in Glibc.close(descriptor) }
    }

    /// Reads until the other side says that it has sent everything.
    ///
    /// - Parameter taking: takes over a descriptor that came with the bytes.
    func readAll(bytesMax: Int, taking: (Int32) -> Void) throws(ControlSocketError) -> [UInt8] {
        var passed: Int32 = -1
        defer { if passed >= 0 { taking(passed) } }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: min(64 << 10, bytesMax + 1))
        while true {
            let count = unsafe chunk.withUnsafeMutableBytes {
                unsafe cl_receive_with_descriptor(descriptor, $0.baseAddress, $0.count, &passed)
            }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw ControlSocketError("recv") }
            if count == 0 { return bytes }
            bytes += chunk[..<count]
            guard bytes.count <= bytesMax else {
                errno = EMSGSIZE
                throw ControlSocketError("recv")
            }
        }
    }

    /// Sends `bytes` and says that this is everything.
    ///
    /// - Parameter passing: a descriptor that the other side gets too.
    func writeAll(_ bytes: [UInt8], passing: Int32? = nil) throws(ControlSocketError) {
        var rest = bytes
        if let passing {
            let sent = unsafe bytes.withUnsafeBytes {
                unsafe cl_send_with_descriptor(descriptor, $0.baseAddress, $0.count, passing)
            }
            guard sent > 0 else { throw ControlSocketError("sendmsg") }
            rest.removeFirst(sent)
        }
        try write(rest)
        guard shutdown(descriptor, Int32(SHUT_WR)) == 0 else { throw ControlSocketError("shutdown") }
    }

    /// Sends `bytes`; more may follow.
    func write(_ bytes: [UInt8]) throws(ControlSocketError) {
        var sent = 0
        while sent < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { buffer in
                let rest = unsafe UnsafeRawBufferPointer(rebasing: buffer[sent...])
                return unsafe send(descriptor, rest.baseAddress, rest.count, CL_MSG_NOSIGNAL)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw ControlSocketError("send") }
            sent += count
        }
    }

    private static func make() throws(ControlSocketError) -> ControlSocket {
        let descriptor = socket(AF_UNIX, CL_SOCK_STREAM | CL_SOCK_CLOEXEC, 0)
        guard descriptor >= 0 else { throw ControlSocketError("socket") }
        return ControlSocket(descriptor: descriptor)
    }

    private static func open(_ directory: String) throws(ControlSocketError) -> Int32 {
        let descriptor = unsafe cl_openat(AT_FDCWD, directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0)
        guard descriptor >= 0 else { throw ControlSocketError("open") }
        return descriptor
    }

    /// Returns the address of the socket through the open directory: the path of a data directory may exceed the 107 bytes of an
    /// address.
    private static func withAddress(
        in folder: Int32, _ body: (UnsafePointer<sockaddr>, socklen_t) throws(ControlSocketError) -> Void
    ) throws(ControlSocketError) {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let path = Array("/proc/self/fd/\(folder)/\(name)".utf8)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path) }
        try unsafe withUnsafePointer(to: &address) { pointer throws(ControlSocketError) in
            try unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer throws(ControlSocketError) in
                try unsafe body(pointer, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }
}
