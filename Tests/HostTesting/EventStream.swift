// A reader of live events over a socket of its own, for tests: what has come so far, and whether the host has ended it.

import Foundation
import Glibc
import Synchronization
import TestSupport

/// A request for live events whose answer is read as it comes.
package final class EventStream: Sendable {
    private struct State {
        var bytes: [UInt8] = []
        var hasEnded = false
    }

    private let descriptor: Int32
    private let state = Mutex(State())

    /// Sends the request of `client`.
    ///
    /// - Parameter isRead: whether the answer is read; false makes a reader that takes nothing.
    package init(_ client: TestClient, lastEventID: String? = nil, isRead: Bool = true, user: String? = nil) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var time = timeval(tv_sec: 120, tv_usec: 0)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = (client.origin.split(separator: ":").last.flatMap { UInt16($0) } ?? 0).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let code = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard code == 0 else { throw HostProcessError(description: "cannot connect to \(client.origin)") }
        var request = "GET /api/events HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \(client.token ?? "")\r\n"
        if let lastEventID { request += "Last-Event-ID: \(lastEventID)\r\n" }
        if let user { request += "X-User-Id: \(user)\r\n" }
        let bytes = Array((request + "\r\n").utf8)
        _ = unsafe bytes.withUnsafeBytes { unsafe send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
        if isRead { Thread.detachNewThread { [self] in read() } }
    }

    deinit { Glibc.close(descriptor) }

    private func read() {
        var buffer = [UInt8](repeating: 0, count: 16_384)
        while true {
            let count = unsafe buffer.withUnsafeMutableBytes { unsafe recv(descriptor, $0.baseAddress, $0.count, 0) }
            state.withLock { state in
                if count > 0 { state.bytes += buffer[..<count] } else { state.hasEnded = true }
            }
            if count <= 0 { return }
        }
    }

    /// What has come so far, chunk sizes included.
    package var text: String { state.withLock { String(decoding: $0.bytes, as: UTF8.self) } }

    /// Whether the host has ended the connection.
    package var hasEnded: Bool { state.withLock { $0.hasEnded } }

    /// The types of the events so far.
    package var types: [String] { values("event: ") }

    /// The ids so far.
    package var ids: [String] { values("id: ") }

    private func values(_ name: String) -> [String] {
        text.split(whereSeparator: \.isNewline).filter { $0.hasPrefix(name) }.map { String($0.dropFirst(name.count)) }
    }

    /// Waits until `text` has come.
    package func wait(for text: String) async throws {
        try await waitUntil("“\(text)” in the events") { self.text.contains(text) }
    }

    /// Closes the reader's end.
    package func close() { shutdown(descriptor, Int32(SHUT_RDWR)) }
}
