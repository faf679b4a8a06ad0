// Ends a connection before or in the middle of an answer, as a provider's load balancer does when it fails. HTTPServer has no
// such call, so this file finds the socket by the peer's address and shuts it down.

import Glibc
import HTTPServer

enum ConnectionBreak {
    /// Sends `bytes` to `peer` as they are and shuts the connection down.
    ///
    /// Call it on the connection's own event loop. Nothing else can then close the socket and reuse its descriptor.
    static func end(_ peer: SocketAddress, localPort: UInt16, after bytes: [UInt8]) {
        guard let descriptor = descriptor(of: peer, localPort: localPort) else { return }
        var sent = 0
        while sent < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { buffer in
                guard let base = buffer.baseAddress else { return 0 }
                return unsafe send(descriptor, base + sent, buffer.count - sent, Int32(MSG_NOSIGNAL))
            }
            if count <= 0 { break }
            sent += count
        }
        shutdown(descriptor, Int32(SHUT_RDWR))
    }

    /// Returns the descriptor of the socket between `localPort` and `peer`; nil when there is none.
    private static func descriptor(of peer: SocketAddress, localPort: UInt16) -> Int32? {
        let wanted = peer.description
        guard let directory = unsafe opendir("/proc/self/fd") else { return nil }
        defer { unsafe closedir(directory) }
        while let entry = unsafe readdir(directory) {
            let name = unsafe withUnsafeBytes(of: entry.pointee.d_name) { buffer in
                unsafe String(decoding: buffer.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard let number = Int32(name) else { continue }
            if unsafe address(number, getsockname)?.port == localPort,
                unsafe address(number, getpeername)?.text == wanted
            {
                return number
            }
        }
        return nil
    }

    /// Returns the address of one side of a socket; `call` is `getsockname` or `getpeername`.
    private static func address(
        _ descriptor: Int32,
        _ call: (Int32, UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Int32
    ) -> (text: String, port: UInt16)? {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        return unsafe withUnsafeMutablePointer(to: &storage) { pointer in
            let result = unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe call(descriptor, $0, &length)
            }
            guard result == 0 else { return nil }
            switch Int32(unsafe pointer.pointee.ss_family) {
            case AF_INET:
                return unsafe pointer.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { address in
                    let port = UInt16(bigEndian: unsafe address.pointee.sin_port)
                    let host = unsafe text(AF_INET, &address.pointee.sin_addr)
                    return ("\(host):\(port)", port)
                }
            case AF_INET6:
                return unsafe pointer.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) { address in
                    let port = UInt16(bigEndian: unsafe address.pointee.sin6_port)
                    let host = unsafe text(AF_INET6, &address.pointee.sin6_addr)
                    return ("[\(host)]:\(port)", port)
                }
            default: return nil
            }
        }
    }

    private static func text(_ family: Int32, _ address: UnsafeRawPointer) -> String {
        var buffer = [CChar](repeating: 0, count: 64)
        guard unsafe inet_ntop(family, address, &buffer, socklen_t(buffer.count)) != nil else { return "" }
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
