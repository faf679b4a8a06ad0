// A server on 127.0.0.1 whose answers come from a closure, byte for byte: what no well-behaved server would send too. One thread per
// connection, one request for each.

import Foundation
import Glibc
package import ProviderSDK
import Synchronization

/// Answers requests as it is told.
package final class SocketServer: Sendable {
    /// A request as it came.
    package struct Request: Sendable {
        package let method: String
        package let path: String
        package let query: [NamedValue]
        package let headers: [NamedValue]
        package let body: String
        /// The whole text of it.
        package let text: String

        package func header(_ name: String) -> String? {
            headers.first { $0.name.lowercased() == name.lowercased() }?.value
        }

        /// The pairs of a form.
        package var form: [NamedValue] { SocketServer.pairs(body) }
    }

    /// What is sent for a request.
    package enum Reply: Sendable {
        case status(Int, [NamedValue], String)
        /// The connection ends without an answer.
        case cut
        /// The answer comes late.
        indirect case late(milliseconds: UInt32, Reply)

        package static func json(_ status: Int, _ value: JSONValue) -> Reply {
            .status(status, [NamedValue("Content-Type", "application/json")], value.description)
        }
    }

    package let url: String
    private let listener: Int32
    private let answer: @Sendable (Request) -> Reply
    private let sockets = Mutex<Set<Int32>>([])

    /// Listens on a free port.
    package init(_ answer: @escaping @Sendable (Request) -> Reply) {
        self.answer = answer
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        self.listener = listener
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let port = unsafe withUnsafeMutablePointer(to: &address) { address in
            unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                unsafe bind(listener, address, length)
                listen(listener, 512)
                unsafe getsockname(listener, address, &length)
            }
            return unsafe UInt16(bigEndian: address.pointee.sin_port)
        }
        url = "http://127.0.0.1:\(port)"
        Thread.detachNewThread { [self] in accept() }
    }

    /// Ends every connection and listens no more.
    package func stop() {
        // The accepting thread closes it: a closed descriptor's number may be another server's in no time.
        shutdown(listener, Int32(SHUT_RDWR))
        for socket in sockets.withLock({ $0 }) { shutdown(socket, Int32(SHUT_RDWR)) }
    }

    private func accept() {
        while true {
            let socket = Glibc.accept(listener, nil, nil)
            guard socket >= 0 else {
                close(listener)
                return
            }
            _ = sockets.withLock { $0.insert(socket) }
            Thread.detachNewThread { [self] in
                if let request = read(socket) { send(answer(request), to: socket) }
                _ = sockets.withLock { $0.remove(socket) }
                close(socket)
            }
        }
    }

    private func send(_ reply: Reply, to socket: Int32) {
        switch reply {
        case .cut: shutdown(socket, Int32(SHUT_RDWR))
        case .late(let milliseconds, let reply):
            usleep(milliseconds * 1000)
            send(reply, to: socket)
        case .status(let status, let headers, let body):
            var head = "HTTP/1.1 \(status) X\r\nConnection: close\r\nContent-Length: \(body.utf8.count)\r\n"
            for field in headers { head += "\(field.name): \(field.value)\r\n" }
            let bytes = Array((head + "\r\n" + body).utf8)
            var sent = 0
            while sent < bytes.count {
                let count = unsafe bytes[sent...].withUnsafeBytes { buffer in
                    unsafe Glibc.send(socket, buffer.baseAddress, buffer.count, Int32(MSG_NOSIGNAL))
                }
                if count <= 0 { return }
                sent += count
            }
        }
    }

    private func read(_ socket: Int32) -> Request? {
        var bytes: [UInt8] = []
        while true {
            var buffer = [UInt8](repeating: 0, count: 65_536)
            let count = unsafe recv(socket, &buffer, buffer.count, 0)
            guard count > 0 else { return nil }
            bytes += buffer[..<count]
            let text = String(decoding: bytes, as: UTF8.self)
            guard let end = text.range(of: "\r\n\r\n") else { continue }
            let request = Self.request(
                text, head: String(text[..<end.lowerBound]), body: String(text[end.upperBound...]))
            if request.body.utf8.count >= request.header("Content-Length").flatMap({ Int($0) }) ?? 0 { return request }
        }
    }

    private static func request(_ text: String, head: String, body: String) -> Request {
        let lines = head.components(separatedBy: "\r\n")
        let start = lines[0].split(separator: " ").map(String.init)
        let target = (start.count > 1 ? start[1] : "/").split(separator: "?", maxSplits: 1).map(String.init)
        let headers = lines.dropFirst().compactMap { line -> NamedValue? in
            guard let colon = line.firstIndex(of: ":") else { return nil }
            let value = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
            return NamedValue(String(line[..<colon]), value)
        }
        return Request(
            method: start[0], path: target[0], query: pairs(target.count > 1 ? target[1] : ""), headers: headers,
            body: body, text: text)
    }

    /// The pairs of a query or form, decoded.
    package static func pairs(_ text: String) -> [NamedValue] {
        text.split(separator: "&").map { pair in
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map {
                $0.replacingOccurrences(of: "+", with: " ").removingPercentEncoding ?? String($0)
            }
            return NamedValue(parts[0], parts.count > 1 ? parts[1] : "")
        }
    }
}

extension [NamedValue] {
    /// The value of the first pair with this name.
    package subscript(_ name: String) -> String? { first { $0.name == name }?.value }
}
