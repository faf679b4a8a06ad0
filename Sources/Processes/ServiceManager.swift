// Reports to the service manager that started this process, by the protocol of sd_notify(3). Knows nothing of what the process does.

import CLinux
import Glibc

/// The service manager that started this process, such as systemd.
package final class ServiceManager: Sendable {
    /// What a process reports.
    package enum State: Sendable, Equatable {
        /// The start is complete; the text says what the process does.
        case ready(String)
        /// The process finishes its work and ends.
        case stopping
        /// The process still does its work.
        case alive

        /// The lines of the message.
        var lines: String {
            switch self {
            case .ready(let status): "READY=1\nSTATUS=\(status.replacing("\n", with: " "))"
            case .stopping: "STOPPING=1"
            case .alive: "WATCHDOG=1"
            }
        }
    }

    /// The bytes of the socket's path; a leading NUL stands for the abstract namespace.
    private let path: [UInt8]
    private let descriptor: Int32
    /// The time within which the manager wants to hear ``State/alive`` again; nil when it does not watch.
    package let watchdogTime: Duration?

    /// The manager that the variables of the environment name (`NOTIFY_SOCKET`, `WATCHDOG_USEC`, `WATCHDOG_PID`); nil without one.
    ///
    /// - Parameter process: the id of this process; a watchdog for another process does not count.
    package init?(_ variables: [String: String], process: Int32 = getpid()) {
        guard let name = variables["NOTIFY_SOCKET"], let first = name.utf8.first, first == 0x2F || first == 0x40,
            name.utf8.count < Self.pathBytesMax
        else { return nil }
        path = first == 0x40 ? [0] + Array(name.utf8.dropFirst()) : Array(name.utf8)
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | CL_SOCK_CLOEXEC, 0)
        guard descriptor >= 0 else { return nil }
        let isMeant = variables["WATCHDOG_PID"].map { $0 == String(process) } ?? true
        let microseconds = variables["WATCHDOG_USEC"].flatMap { Int64($0) } ?? 0
        watchdogTime = isMeant && microseconds > 0 ? .microseconds(microseconds) : nil
    }

    deinit { close(descriptor) }

    private static let pathBytesMax = MemoryLayout.size(ofValue: sockaddr_un().sun_path)

    /// Sends a message; a manager that takes no messages is ignored.
    package func notify(_ state: State) {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path) }
        let length = socklen_t(MemoryLayout<sa_family_t>.size + path.count)
        let message = Array(state.lines.utf8)
        _ = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe sendto(descriptor, message, message.count, CL_MSG_NOSIGNAL, $0, length)
            }
        }
    }
}
