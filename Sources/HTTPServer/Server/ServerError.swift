// Why a server did not start: one closed list, each case with what to do about it.

/// Why a server could not start.
public enum ServerError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The listen address is not `IPv4:port` or `[IPv6]:port`.
    case addressInvalid(String)
    /// Another process listens on the address.
    case addressInUse(SocketAddress)
    /// This machine has no such address.
    case addressNotAvailable(SocketAddress)
    /// Ports below 1024 need a privilege this process has not.
    case permissionDenied(SocketAddress)
    /// The server was started before.
    case alreadyStarted
    /// The process may open fewer descriptors than the server and the rest of the program need.
    case descriptorsTooFew(limit: Int, needed: Int)
    /// A system call failed.
    case system(call: String, code: Int32)

    /// The problem, its cause, and what to do.
    public var description: String {
        switch self {
        case .addressInvalid(let text):
            "The listen address \"\(text)\" is not an address and a port: write 127.0.0.1:8080 or [::1]:8080."
        case .addressInUse(let address):
            "Another process listens on \(address): stop it, or choose another port."
        case .addressNotAvailable(let address):
            "This machine has no address \(address): choose one of its addresses, or 0.0.0.0."
        case .permissionDenied(let address):
            "This process may not listen on \(address): choose a port from 1024 up."
        case .descriptorsTooFew(let limit, let needed):
            "this process may open \(limit) files and sockets, and needs at least \(needed): raise the limit (ulimit -n, LimitNOFILE)."
        case .alreadyStarted:
            "The server was started already: make a new one to start again."
        case .system(let call, let code):
            "\(call) failed with error \(code): see errno(3) and the limits of this process."
        }
    }
}
