// A proxy for tests: forwards plain requests to one server, whatever host they name, opens tunnels to it, and remembers what it was asked.

import Foundation
import Glibc
import Synchronization

/// An HTTP proxy on loopback that leads every host to the same server.
package final class TestProxy: Sendable {
    /// The first line of a request and its `Proxy-Authorization`.
    package struct Request: Sendable {
        package let line: String
        package let authorization: String?
    }

    private struct State {
        var requests: [Request] = []
        var sockets: Set<Int32> = []
    }

    /// Where it listens, such as `127.0.0.1:40123`.
    package let address: String
    private let listener: Int32
    private let target: UInt16
    private let state = Mutex(State())

    /// Listens on a free port.
    ///
    /// - Parameter origin: the server that requests go to, such as `http://127.0.0.1:40124`.
    package init(to origin: String) {
        target = origin.split(separator: ":").last.flatMap { UInt16($0) } ?? 0
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        self.listener = listener
        var address = Self.loopback(0)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let port = unsafe withUnsafeMutablePointer(to: &address) { address in
            unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                unsafe bind(listener, address, length)
                listen(listener, 512)
                unsafe getsockname(listener, address, &length)
            }
            return unsafe UInt16(bigEndian: address.pointee.sin_port)
        }
        self.address = "127.0.0.1:\(port)"
        Thread.detachNewThread { [self] in accept() }
    }

    /// What it was asked so far.
    package var requests: [Request] { state.withLock { $0.requests } }

    /// Ends every connection and listens no more.
    package func stop() {
        shutdown(listener, Int32(SHUT_RDWR))
        for socket in state.withLock({ $0.sockets }) { shutdown(socket, Int32(SHUT_RDWR)) }
    }

    private static func loopback(_ port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return address
    }

    private func accept() {
        while true {
            let client = Glibc.accept(listener, nil, nil)
            guard client >= 0 else {
                close(listener)
                return
            }
            _ = state.withLock { $0.sockets.insert(client) }
            Thread.detachNewThread { [self] in
                serve(client)
                _ = state.withLock { $0.sockets.remove(client) }
                close(client)
            }
        }
    }

    /// Serves one request of a client, or one tunnel.
    private func serve(_ client: Int32) {
        guard let received = head(of: client) else { return }
        var lines = received.head.components(separatedBy: "\r\n")
        let authorization = lines.first { $0.lowercased().hasPrefix("proxy-authorization: ") }
        state.withLock {
            $0.requests.append(
                Request(line: lines[0], authorization: authorization.map { String($0.dropFirst(21)) }))
        }
        let server = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        defer { close(server) }
        var address = Self.loopback(target)
        let code = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe connect(server, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard code == 0 else { return }
        if lines[0].hasPrefix("CONNECT ") {
            Self.send(Array("HTTP/1.1 200 Connection established\r\n\r\n".utf8), to: client)
            Self.send(received.rest, to: server)
        } else {
            // The origin server gets the path alone, and ends the connection with its answer.
            var words = lines[0].split(separator: " ").map(String.init)
            if words.count == 3, let scheme = words[1].range(of: "://") {
                words[1] = words[1][scheme.upperBound...].firstIndex(of: "/").map { String(words[1][$0...]) } ?? "/"
            }
            lines[0] = words.joined(separator: " ")
            lines.removeAll { $0.lowercased().hasPrefix("proxy-") || $0.lowercased().hasPrefix("connection: ") }
            lines.append("Connection: close")
            Self.send(Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8) + received.rest, to: server)
        }
        Thread.detachNewThread {
            Self.copy(from: client, to: server)
            shutdown(server, Int32(SHUT_WR))
        }
        Self.copy(from: server, to: client)
        shutdown(client, Int32(SHUT_RDWR))
    }

    /// The head of a request, without its empty line, and what came behind it.
    private func head(of socket: Int32) -> (head: String, rest: [UInt8])? {
        var bytes: [UInt8] = []
        while bytes.count < 1 << 20 {
            guard let more = Self.receive(socket) else { return nil }
            bytes += more
            guard let end = bytes.indices.first(where: { bytes[$0...].starts(with: [13, 10, 13, 10]) }) else {
                continue
            }
            return (String(decoding: bytes[..<end], as: UTF8.self), Array(bytes[(end + 4)...]))
        }
        return nil
    }

    private static func copy(from source: Int32, to target: Int32) {
        while let bytes = receive(source) { send(bytes, to: target) }
    }

    private static func receive(_ socket: Int32) -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = unsafe buffer.withUnsafeMutableBytes { unsafe recv(socket, $0.baseAddress, $0.count, 0) }
        return count > 0 ? Array(buffer[..<count]) : nil
    }

    private static func send(_ bytes: [UInt8], to socket: Int32) {
        var sent = 0
        while sent < bytes.count {
            let count = unsafe bytes[sent...].withUnsafeBytes {
                unsafe Glibc.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count <= 0 { return }
            sent += count
        }
    }
}
