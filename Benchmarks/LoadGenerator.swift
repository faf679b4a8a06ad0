// A load generator: clients on connections of their own that each send the next request when the last one is answered. One thread
// and few calls, so that it leaves the processor to what it measures.

import CLinux
import Foundation
import Glibc
import HostTesting

/// What a run of a load generator measured.
struct Load {
    /// The answers with status 2xx.
    var answers = 0
    /// The answers with another status.
    var refusals = 0
    var seconds = 0.0
    /// How long each answer took, in milliseconds, sorted.
    var milliseconds: [Double] = []

    var perSecond: Double { Double(answers) / seconds }

    /// The time within which `share` of the answers came.
    func within(_ share: Double) -> Double {
        milliseconds.isEmpty ? 0 : milliseconds[min(milliseconds.count - 1, Int(Double(milliseconds.count) * share))]
    }
}

/// Sends requests to a server on 127.0.0.1.
struct LoadGenerator: Sendable {
    let port: UInt16
    /// The requests, which all clients take in turn.
    let requests: [[UInt8]]

    /// A request with a body of JSON.
    static func request(_ method: String, _ path: String, token: String, body: String) -> [UInt8] {
        Array(
            """
            \(method) \(path) HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer \(token)\r\n\
            Content-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)
            """.utf8)
    }

    private struct Client {
        var descriptor: Int32
        var received: [UInt8] = []
        var start = ContinuousClock.now
    }

    /// Runs `clients` clients for some time; blocks the thread.
    func run(clients count: Int, seconds: Double) throws -> Load {
        var clients: [Client] = []
        defer { for client in clients { close(client.descriptor) } }
        for _ in 0..<count { clients.append(Client(descriptor: try connected())) }
        var load = Load()
        var next = 0
        var closings = 0
        let start = ContinuousClock.now
        for index in clients.indices { try send(&next, &clients[index]) }
        var polled = clients.map { pollfd(fd: $0.descriptor, events: Int16(POLLIN), revents: 0) }
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while ContinuousClock.now - start < .seconds(seconds) {
            guard unsafe poll(&polled, nfds_t(count), 1000) > 0 else { continue }
            for index in clients.indices where polled[index].revents != 0 {
                let got = unsafe recv(clients[index].descriptor, &buffer, buffer.count, 0)
                guard got > 0 else {
                    // A server may close a connection after some number of requests.
                    closings += 1
                    guard closings <= load.answers else {
                        throw HostProcessError(description: "the server closes connections without an answer")
                    }
                    close(clients[index].descriptor)
                    clients[index] = Client(descriptor: try connected())
                    polled[index].fd = clients[index].descriptor
                    try send(&next, &clients[index])
                    continue
                }
                clients[index].received += buffer[..<got]
                guard let isGood = Self.answer(in: clients[index].received) else { continue }
                let now = ContinuousClock.now
                load.milliseconds.append((now - clients[index].start) / .milliseconds(1))
                if isGood { load.answers += 1 } else { load.refusals += 1 }
                clients[index].received.removeAll(keepingCapacity: true)
                try send(&next, &clients[index])
            }
        }
        load.seconds = (ContinuousClock.now - start) / .seconds(1)
        load.milliseconds.sort()
        return load
    }

    private func connected() throws -> Int32 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let code = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard code == 0 else { throw HostProcessError(description: "cannot connect to port \(port): \(errno)") }
        var on: Int32 = 1
        unsafe setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
        return descriptor
    }

    private func send(_ next: inout Int, _ client: inout Client) throws {
        let request = requests[next % requests.count]
        next += 1
        client.start = .now
        guard unsafe Glibc.send(client.descriptor, request, request.count, Int32(MSG_NOSIGNAL)) == request.count
        else { throw HostProcessError(description: "a request could not be sent: \(errno)") }
    }

    /// Whether a whole answer has status 2xx; nil while bytes are missing.
    private static func answer(in bytes: [UInt8]) -> Bool? {
        var end = 3
        while end < bytes.count, bytes[end] != 10 || bytes[end - 2] != 10 { end += 1 }
        guard end < bytes.count else { return nil }
        let head = bytes[...end]
        let name = Array("content-length: ".utf8)
        var length = 0
        for line in head.split(separator: 10) where line.count > name.count {
            if zip(line, name).allSatisfy({ $0 | 0x20 == $1 || $0 == $1 }) {
                for byte in line.dropFirst(name.count) where 0x30...0x39 ~= byte {
                    length = length * 10 + Int(byte - 0x30)
                }
            }
        }
        return bytes.count >= end + 1 + length ? bytes[9] == UInt8(ascii: "2") : nil
    }
}
