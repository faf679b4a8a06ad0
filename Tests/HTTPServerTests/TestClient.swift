// A client that sends exactly the bytes it is told to, and the server the live tests run against.

import CLinux
import Glibc
import HTTPServer
import TestSupport
import Testing

/// What a client read.
struct ReceivedResponse: Equatable {
    var status: Int
    /// Names in lower case.
    var fields: [String: String]
    var body: [UInt8]

    var text: String { String(decoding: body, as: UTF8.self) }
}

/// A blocking TCP client; every wait ends after ten seconds.
final class TestClient {
    private let descriptor: Int32
    private var received: [UInt8] = []
    private var isOpen = true

    init(_ address: SocketAddress, receiveBufferBytes: Int32 = 0) throws {
        descriptor = socket(AF_INET, CL_SOCK_STREAM | CL_SOCK_CLOEXEC, 0)
        try #require(descriptor >= 0)
        var time = timeval(tv_sec: 10, tv_usec: 0)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
        var size = receiveBufferBytes
        if size > 0 { unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<Int32>.size)) }
        var target = sockaddr_in()
        target.sin_family = sa_family_t(AF_INET)
        target.sin_port = address.port.bigEndian
        target.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let code = unsafe withUnsafePointer(to: &target) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        if code != 0 { throw ServerError.system(call: "connect", code: errno) }
    }

    deinit { close() }

    func close() {
        if isOpen { Glibc.close(descriptor) }
        isOpen = false
    }

    /// Closes so that the peer gets a reset.
    func reset() {
        var option = linger(l_onoff: 1, l_linger: 0)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
        close()
    }

    func endSending() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// Sends all of `text`; false when the peer takes no more.
    @discardableResult
    func send(_ text: String) -> Bool { send(Array(text.utf8)) }

    @discardableResult
    func send(_ bytes: [UInt8]) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let count = unsafe bytes.withUnsafeBytes {
                unsafe Glibc.send(
                    descriptor, $0.baseAddress.map { unsafe $0 + sent }, bytes.count - sent, CL_MSG_NOSIGNAL)
            }
            if count <= 0 { return false }
            sent += count
        }
        return true
    }

    /// Reads once; false at the end or after an error.
    private func fill() -> Bool {
        var buffer = [UInt8](repeating: 0, count: 65536)
        let count = unsafe recv(descriptor, &buffer, buffer.count, 0)
        if count <= 0 { return false }
        received += buffer[..<count]
        return true
    }

    /// Everything up to the end of the connection.
    func readToEnd() -> String {
        while fill() {}
        defer { received = [] }
        return String(decoding: received, as: UTF8.self)
    }

    /// The next bytes up to and with `text`, or to the end of the connection.
    func read(until text: String) -> String {
        while find(Array(text.utf8)) == nil, fill() {}
        let end = find(Array(text.utf8)).map { $0 + text.utf8.count } ?? received.count
        defer { received.removeFirst(end) }
        return String(decoding: received[..<end], as: UTF8.self)
    }

    /// The next response; nil when the connection ends before it is complete.
    func readResponse(toHead: Bool = false) -> ReceivedResponse? {
        let end: [UInt8] = [13, 10, 13, 10]
        var headEnd = find(end)
        while headEnd == nil {
            guard fill() else { return nil }
            headEnd = find(end)
        }
        guard let headEnd else { return nil }
        let lines = String(decoding: received[..<headEnd], as: UTF8.self).components(separatedByLineEnds: "\r\n").map {
            String(decoding: $0, as: UTF8.self)
        }
        received.removeFirst(headEnd + 4)
        var fields: [String: String] = [:]
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { return nil }
            fields[line[..<colon].lowercased()] = String(line[line.index(colon, offsetBy: 2)...])
        }
        guard let status = lines.first?.split(separator: " ").dropFirst().first.flatMap({ Int($0) }) else { return nil }
        if fields["transfer-encoding"] == "chunked" && !toHead {
            guard let body = readChunks() else { return nil }
            return ReceivedResponse(status: status, fields: fields, body: body)
        }
        let length = toHead || status < 200 ? 0 : Int(fields["content-length"] ?? "0") ?? 0
        while received.count < length { guard fill() else { return nil } }
        defer { received.removeFirst(length) }
        return ReceivedResponse(status: status, fields: fields, body: Array(received[..<length]))
    }

    /// A body in chunks without extensions and trailers; nil when the connection ends before its last.
    private func readChunks() -> [UInt8]? {
        var body: [UInt8] = []
        while true {
            while find([13, 10]) == nil { guard fill() else { return nil } }
            guard let lineEnd = find([13, 10]),
                let size = Int(String(decoding: received[..<lineEnd], as: UTF8.self), radix: 16)
            else { return nil }
            while received.count < lineEnd + 2 + size + 2 { guard fill() else { return nil } }
            body += received[(lineEnd + 2)..<(lineEnd + 2 + size)]
            received.removeFirst(lineEnd + 2 + size + 2)
            if size == 0 { return body }
        }
    }

    private func find(_ pattern: [UInt8]) -> Int? {
        guard received.count >= pattern.count else { return nil }
        return (0...(received.count - pattern.count)).first { received[$0...].starts(with: pattern) }
    }
}

/// An application that is one function.
struct TestApplication: HTTPApplication {
    var decider: @Sendable (borrowing HTTPRequest, inout ResponseWriter) -> HeadDecision = { _, _ in .buffer() }
    let handler: @Sendable (borrowing HTTPRequest, inout ResponseWriter) -> DeferredResponse?

    init(handler: @escaping @Sendable (borrowing HTTPRequest, inout ResponseWriter) -> DeferredResponse?) {
        self.handler = handler
    }

    /// An echo that decides about bodies.
    init(deciding decider: @escaping @Sendable (borrowing HTTPRequest, inout ResponseWriter) -> HeadDecision) {
        self.decider = decider
        handler = Self.echo.handler
    }

    func decide(about request: borrowing HTTPRequest, _ response: inout ResponseWriter) -> HeadDecision {
        decider(request, &response)
    }

    func respond(to request: borrowing HTTPRequest, _ response: inout ResponseWriter) -> DeferredResponse? {
        handler(request, &response)
    }

    /// Answers with the target and the body.
    static let echo = TestApplication { request, response in
        response.header("Content-Type", "text/plain")
        response.body.append(request.target)
        if !request.body.isEmpty {
            response.body.append(" ")
            response.body.append(request.body)
        }
        return nil
    }
}

/// Starts a server for `application`, lets `body` use it, and stops it.
func withServer(
    _ application: any HTTPApplication = TestApplication.echo, loops: Int = 1,
    _ configure: (inout HTTPServerLimits) -> Void = { _ in }, memory: MemoryBudget = MemoryBudget(),
    trustedPeers: [AddressRange] = AddressRange.loopback, grace: Duration = .seconds(2),
    _ body: (SocketAddress, HTTPServer) async throws -> Void
) async throws {
    var configuration = ServerConfiguration(address: try SocketAddress("127.0.0.1:0"), loopCount: loops)
    configure(&configuration.limits)
    configuration.memory = memory
    configuration.trustedPeers = trustedPeers
    let server = try HTTPServer(configuration, application: application)
    let address = try server.start()
    do {
        try await body(address, server)
    } catch {
        await server.shutdown(grace: .zero)
        throw error
    }
    await server.shutdown(grace: grace)
    #expect(server.counters.connectionsOpen == 0)
}

/// Waits until `condition` is true; false when it is not in time.
func eventually(_ condition: () -> Bool) async -> Bool {
    do { try await waitUntil("the condition", condition) } catch { return false }
    return true
}
