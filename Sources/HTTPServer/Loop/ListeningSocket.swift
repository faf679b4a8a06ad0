// Making listening sockets. It accepts nothing.

import CLinux
import Glibc

enum ListeningSocket {
    /// A non-blocking socket that listens on `address` beside others that do (SO_REUSEPORT).
    static func open(_ address: SocketAddress, backlog: Int32) throws(ServerError) -> Int32 {
        let descriptor = try bound(address, sharesPort: true)
        guard listen(descriptor, backlog) == 0 else {
            let code = errno
            close(descriptor)
            throw failure("listen", code, address)
        }
        return descriptor
    }

    /// Fails where another process listens on `address` already: sharing the port would hide it.
    static func checkUnused(_ address: SocketAddress) throws(ServerError) {
        if address.port == 0 { return }
        let descriptor = try bound(address, sharesPort: false)
        close(descriptor)
    }

    /// The address a socket is bound to.
    static func address(of descriptor: Int32) throws(ServerError) -> SocketAddress {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let code = unsafe withUnsafeMutablePointer(to: &storage) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe getsockname(descriptor, $0, &length)
            }
        }
        guard code == 0, let address = SocketAddress(storage) else { throw .system(call: "getsockname", code: errno) }
        return address
    }

    private static func bound(_ address: SocketAddress, sharesPort: Bool) throws(ServerError) -> Int32 {
        let descriptor = socket(
            address.isIPv6 ? AF_INET6 : AF_INET, CL_SOCK_STREAM | CL_SOCK_NONBLOCK | CL_SOCK_CLOEXEC, 0)
        guard descriptor >= 0 else { throw .system(call: "socket", code: errno) }
        setOption(descriptor, SOL_SOCKET, SO_REUSEADDR)
        if sharesPort { setOption(descriptor, SOL_SOCKET, SO_REUSEPORT) }
        if address.isIPv6 { setOption(descriptor, Int32(IPPROTO_IPV6), IPV6_V6ONLY) }
        // Accepted sockets inherit it.
        setOption(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY)
        var (storage, length) = address.storage
        let code = unsafe withUnsafePointer(to: &storage) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe bind(descriptor, $0, length) }
        }
        guard code == 0 else {
            let code = errno
            close(descriptor)
            throw failure("bind", code, address)
        }
        return descriptor
    }

    private static func setOption(_ descriptor: Int32, _ level: Int32, _ option: Int32) {
        var one: Int32 = 1
        unsafe setsockopt(descriptor, level, option, &one, socklen_t(MemoryLayout<Int32>.size))
    }

    private static func failure(_ call: String, _ code: Int32, _ address: SocketAddress) -> ServerError {
        switch code {
        case EADDRINUSE: .addressInUse(address)
        case EADDRNOTAVAIL: .addressNotAvailable(address)
        case EACCES: .permissionDenied(address)
        default: .system(call: call, code: code)
        }
    }
}
