// A server of raw sockets whose every byte and pause is the test's: one thread per connection runs the test's script. It parses
// no more HTTP than the end of a request, so that it can answer wrongly in any way.

import Glibc
import Synchronization

@testable import HTTPClient

/// A listener on 127.0.0.1 at a port of the system's choice.
///
/// Stopped by `stop`, which also ends its connections.
final class ScriptedServer: Sendable {
    /// One accepted connection, for the script.
    final class Connection: Sendable {
        let number: Int
        private let socket: Int32

        init(number: Int, socket: Int32) {
            self.number = number
            self.socket = socket
        }

        /// The next request, head and body by its `Content-Length`; nil when the client closed.
        func request() -> String? {
            var bytes: [UInt8] = []
            var needed = Int.max
            while bytes.count < needed {
                if needed == Int.max, let end = Self.headEnd(bytes) {
                    needed = end + Self.contentLength(bytes[..<end])
                    if bytes.count >= needed { break }
                }
                var buffer = [UInt8](repeating: 0, count: 65536)
                let count = unsafe recv(socket, &buffer, buffer.count, 0)
                if count <= 0 { return nil }
                bytes += buffer[..<count]
            }
            return String(decoding: bytes, as: UTF8.self)
        }

        private static func headEnd(_ bytes: [UInt8]) -> Int? {
            guard bytes.count >= 4 else { return nil }
            for index in 3..<bytes.count where bytes[index] == 10 && bytes[index - 2] == 10 { return index + 1 }
            return nil
        }

        private static func contentLength(_ head: ArraySlice<UInt8>) -> Int {
            for line in String(decoding: head, as: UTF8.self).split(whereSeparator: \.isNewline) {
                let parts = line.split(separator: ":", maxSplits: 1)
                if parts.count == 2, parts[0].lowercased() == "content-length" {
                    return Int(parts[1].trimmingPrefix(" ")) ?? 0
                }
            }
            return 0
        }

        /// Sends bytes; false when the client is gone.
        @discardableResult
        func send(_ bytes: [UInt8]) -> Bool {
            var sent = 0
            while sent < bytes.count {
                let count = unsafe bytes.withUnsafeBytes { buffer in
                    unsafe Glibc.send(
                        socket, buffer.baseAddress?.advanced(by: sent), bytes.count - sent, Int32(MSG_NOSIGNAL))
                }
                if count <= 0 { return false }
                sent += count
            }
            return true
        }

        @discardableResult
        func send(_ text: String) -> Bool { send(Array(text.utf8)) }

        /// Waits.
        func pause(milliseconds: UInt32) { usleep(milliseconds * 1000) }

        /// Waits until the client closes the connection.
        func awaitClose() {
            var byte: UInt8 = 0
            while unsafe recv(socket, &byte, 1, 0) > 0 {}
        }

        /// Ends the connection with a reset instead of an orderly close.
        func resetOnClose() {
            var option = linger(l_onoff: 1, l_linger: 0)
            unsafe setsockopt(socket, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
        }
    }

    typealias Script = @Sendable (Connection) -> Void

    private struct State {
        var sockets: Set<Int32> = []
        var accepted = 0
        var running = 0
        var isStopped = false
    }

    let port: Int
    private let listener: Int32
    private let script: Script
    private let state = Mutex(State())

    init(_ script: @escaping Script) throws {
        self.script = script
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let listener = listener
        port = unsafe withUnsafeMutablePointer(to: &address) { address in
            unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                unsafe bind(listener, address, length)
                listen(listener, 512)
                unsafe getsockname(listener, address, &length)
            }
            return unsafe Int(UInt16(bigEndian: address.pointee.sin_port))
        }
        startThread { [self] in acceptLoop() }
    }

    /// The number of connections that were accepted.
    var acceptedCount: Int { state.withLock { $0.accepted } }

    /// `http://127.0.0.1:<port>` and a path.
    func url(_ path: String = "/") -> String { "http://127.0.0.1:\(port)\(path)" }

    /// Closes the listener and all connections.
    func stop() {
        state.withLock { state in
            guard !state.isStopped else { return }
            state.isStopped = true
            shutdown(listener, Int32(SHUT_RDWR))
            close(listener)
            for socket in state.sockets { shutdown(socket, Int32(SHUT_RDWR)) }
        }
    }

    private func acceptLoop() {
        while true {
            let socket = accept(listener, nil, nil)
            guard socket >= 0 else { return }
            var noDelay: Int32 = 1
            unsafe setsockopt(socket, Int32(IPPROTO_TCP), TCP_NODELAY, &noDelay, 4)
            let number = state.withLock { state in
                state.accepted += 1
                state.sockets.insert(socket)
                return state.accepted
            }
            startThread { [self] in
                script(Connection(number: number, socket: socket))
                _ = state.withLock { $0.sockets.remove(socket) }
                close(socket)
            }
        }
    }
}

/// Runs `body` on a thread of its own.
private func startThread(_ body: @escaping @Sendable () -> Void) {
    final class Box: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
    var thread = pthread_t()
    let context = unsafe Unmanaged.passRetained(Box(body)).toOpaque()
    unsafe pthread_create(
        &thread, nil,
        { context in
            guard let context = unsafe context else { return nil }
            unsafe Unmanaged<Box>.fromOpaque(context).takeRetainedValue().body()
            return nil
        }, context)
    pthread_detach(thread)
}

/// Runs a test with a server and a client that reaches it, and stops both.
func withServer(
    _ configuration: HTTPClient.Configuration = .reachingAll, script: @escaping ScriptedServer.Script,
    test: (ScriptedServer, HTTPClient) async throws -> Void
) async throws {
    let server = try ScriptedServer(script)
    defer { server.stop() }
    let client = try HTTPClient(configuration)
    try await test(server, client)
    await client.shutdown()
}

extension HTTPClient.Configuration {
    /// The default configuration, with loopback addresses allowed.
    static var reachingAll: HTTPClient.Configuration {
        var configuration = HTTPClient.Configuration()
        configuration.addressPolicy = .any
        return configuration
    }
}

/// The error of a request that must fail.
func failure(_ client: HTTPClient, _ request: HTTPClient.Request) async -> HTTPClientError? {
    do {
        _ = try await client.send(request)
        return nil
    } catch {
        return error
    }
}
