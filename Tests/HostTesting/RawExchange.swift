// One exchange of bytes as they are: for requests that no proper client sends. Every wait ends after ten seconds.

import Glibc
import ProviderSDK

/// Sends bytes to an origin and reads the answer up to the end of the connection.
package enum RawExchange {
    /// The answer to `request`, which should make the host close; nil when there is none.
    ///
    /// - Parameter origin: such as `http://127.0.0.1:40123`.
    package static func send(_ request: String, to origin: String) -> TestResponse? {
        guard let port = origin.split(separator: ":").last.flatMap({ UInt16($0) }), let bytes = exchange(request, port)
        else { return nil }
        return response(bytes)
    }

    /// The answers to `count` requests of `client` that are sent in one go, so that no pause of the tests comes between them.
    package static func burst(
        _ count: Int, _ method: String, _ path: String, body: String? = nil, as client: TestClient
    ) -> [TestResponse] {
        guard let port = client.origin.split(separator: ":").last.flatMap({ UInt16($0) }) else { return [] }
        var head = "\(method) \(path) HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \(client.token ?? "")\r\n"
        if let body { head += "Content-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n" }
        let one = head + "\r\n" + (body ?? "")
        let last = head + "Connection: close\r\n\r\n" + (body ?? "")
        guard var bytes = exchange(String(repeating: one, count: count - 1) + last, port) else { return [] }
        var responses: [TestResponse] = []
        while let found = response(bytes) {
            let length = found.header("Content-Length").flatMap { Int($0) } ?? 0
            guard found.body.count >= length else { break }
            responses.append(
                TestResponse(status: found.status, headers: found.headers, body: Array(found.body[..<length])))
            bytes = Array(found.body[length...])
        }
        return responses
    }

    private static func exchange(_ request: String, _ port: UInt16) -> [UInt8]? {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var time = timeval(tv_sec: 10, tv_usec: 0)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let code = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard code == 0 else { return nil }
        let bytes = Array(request.utf8)
        let sent = unsafe bytes.withUnsafeBytes {
            unsafe Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
        }
        guard sent == bytes.count else { return nil }
        var received: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16_384)
        while true {
            let count = unsafe buffer.withUnsafeMutableBytes { unsafe recv(descriptor, $0.baseAddress, $0.count, 0) }
            guard count > 0 else { return received }
            received += buffer[..<count]
        }
    }

    /// The first response in `bytes`; nil when they do not begin with one.
    package static func response(_ bytes: [UInt8]) -> TestResponse? {
        guard let end = bytes.indices.first(where: { bytes[$0...].starts(with: [13, 10, 13, 10]) }) else { return nil }
        let lines = bytes[..<end].split(separator: 10).map { line in
            String(decoding: line.last == 13 ? line.dropLast() : line, as: UTF8.self)
        }
        guard let status = lines.first?.split(separator: " ").dropFirst().first.flatMap({ Int($0) }) else { return nil }
        let headers = lines.dropFirst().compactMap { line -> NamedValue? in
            guard let colon = line.firstIndex(of: ":") else { return nil }
            return NamedValue(
                String(line[..<colon]), String(line[line.index(after: colon)...].drop { $0 == " " }))
        }
        return TestResponse(status: status, headers: headers, body: Array(bytes[(end + 4)...]))
    }
}
