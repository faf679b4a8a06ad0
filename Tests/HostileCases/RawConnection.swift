// One connection of bytes as they are: for requests that no proper client sends. Every wait has a deadline.

import Glibc
package import HostTesting

/// A connection to an IPv4 address that sends any bytes.
package final class RawConnection {
    private let descriptor: Int32
    private var received: [UInt8] = []
    /// Whether the other side has closed the connection.
    package private(set) var isClosed = false

    /// Connects; nil when that fails.
    package init?(_ address: UInt32, _ port: UInt16) {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return nil }
        var time = timeval(tv_sec: 0, tv_usec: 100_000)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
        time.tv_sec = 5
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
        var target = sockaddr_in()
        target.sin_family = sa_family_t(AF_INET)
        target.sin_port = port.bigEndian
        target.sin_addr.s_addr = address.bigEndian
        let code = unsafe withUnsafePointer(to: &target) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard code == 0 else { return nil }
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// Sends as much as the other side takes.
    package func send(_ bytes: [UInt8]) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes {
                unsafe Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }

    /// Says that nothing more will be sent.
    package func finishSending() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// Reads until `isEnough` holds of the bytes so far, the other side closes, or the time is over.
    package func read(within limit: Duration, until isEnough: ([UInt8]) -> Bool = { _ in false }) -> [UInt8] {
        let deadline = ContinuousClock.now + limit
        var buffer = [UInt8](repeating: 0, count: 16_384)
        while !isClosed, !isEnough(received), ContinuousClock.now < deadline {
            let count = unsafe buffer.withUnsafeMutableBytes { unsafe recv(descriptor, $0.baseAddress, $0.count, 0) }
            if count > 0 { received += buffer[..<count] }
            if count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR) { isClosed = true }
        }
        return received
    }
}

extension TestResponse {
    /// The answers in `bytes`, one after another, whole or not.
    package static func all(in bytes: [UInt8]) -> [TestResponse] {
        var found: [TestResponse] = []
        var rest = bytes
        while let next = RawExchange.response(rest) {
            let hasBody = next.status >= 200 && next.status != 204 && next.status != 304
            let length = hasBody ? next.header("Content-Length").flatMap { Int($0) } ?? next.body.count : 0
            found.append(
                TestResponse(status: next.status, headers: next.headers, body: Array(next.body.prefix(length))))
            rest = Array(next.body.dropFirst(length))
        }
        return found
    }
}
