// A running sandbox and a client that reads its answers to the last byte, or to where they break off.

import Glibc
import ProviderSDK
import ProviderSandbox
import Testing

/// What came back; `status` is 0 where the connection ended without an answer.
struct Reply {
    var status = 0
    /// Names in lower case.
    var headers: [String: String] = [:]
    var body: [UInt8] = []

    var text: String { String(decoding: body, as: UTF8.self) }
    var json: JSONValue { (try? JSONValue.parse(body)) ?? .null }
    /// Whether as many bytes came as were announced.
    var isComplete: Bool { headers["content-length"] == String(body.count) }

    /// The parameters of the query of `Location`.
    var callback: [String: String] {
        guard let query = headers["location"]?.split(separator: "?", maxSplits: 1).last else { return [:] }
        var parameters: [String: String] = [:]
        for part in query.split(separator: "&") {
            let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            parameters[String(pair[0])] = pair.count > 1 ? Percent.decoded(String(pair[1])) : ""
        }
        return parameters
    }
}

enum Percent {
    static func encoded(_ text: String) -> String {
        text.utf8.map { byte in
            switch byte {
            case 48...57, 65...90, 97...122, 45, 46, 95, 126: String(UnicodeScalar(byte))
            default: "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }
        }.joined()
    }

    static func decoded(_ text: String) -> String {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == 37, rest.count >= 2,
                let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
            {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    static func form(_ parameters: [(String, String)]) -> String {
        parameters.map { "\(encoded($0.0))=\(encoded($0.1))" }.joined(separator: "&")
    }
}

/// A sandbox on a port of its own, with a fixed clock, for one test.
final class RunningSandbox: Sendable {
    /// 2026-03-01T00:00:00Z.
    static let now: Int64 = 1_772_323_200

    let sandbox: Sandbox
    let origin: String
    private let port: UInt16

    init(_ configure: (inout SandboxConfiguration) -> Void = { _ in }) throws {
        let configuration = SandboxConfiguration { configuration in
            configuration.listen = "127.0.0.1:0"
            configuration.clock = { RunningSandbox.now * 1000 }
            configure(&configuration)
        }
        sandbox = Sandbox(configuration)
        origin = try sandbox.start()
        port = try #require(UInt16(origin.split(separator: ":").last ?? ""))
    }

    /// Runs `body` against a sandbox and shuts it down.
    static func run(
        _ configure: (inout SandboxConfiguration) -> Void = { _ in },
        _ body: (RunningSandbox) async throws -> Void
    ) async throws {
        let running = try RunningSandbox(configure)
        do { try await body(running) } catch {
            await running.sandbox.shutdown()
            throw error
        }
        await running.sandbox.shutdown()
    }

    func get(_ path: String, _ headers: [(String, String)] = []) throws -> Reply { try send("GET", path, headers) }

    func post(_ path: String, form: [(String, String)], _ headers: [(String, String)] = []) throws -> Reply {
        try send(
            "POST", path, headers + [("Content-Type", "application/x-www-form-urlencoded")],
            Array(Percent.form(form).utf8))
    }

    func post(_ path: String, json: String, _ headers: [(String, String)] = []) throws -> Reply {
        try send("POST", path, headers + [("Content-Type", "application/json")], Array(json.utf8))
    }

    /// Sends a control command, which has to be accepted.
    @discardableResult
    func control(_ path: String, _ json: String) throws -> JSONValue {
        let reply = try post("/_sandbox/\(path)", json: json)
        try #require(reply.status < 300, "\(reply.text)")
        return reply.json
    }

    func send(
        _ method: String, _ path: String, _ headers: [(String, String)] = [], _ body: [UInt8] = []
    ) throws -> Reply {
        var head = "\(method) \(path) HTTP/1.1\r\nHost: sandbox\r\nConnection: close\r\n"
        for (name, value) in headers { head += "\(name): \(value)\r\n" }
        if method != "GET" { head += "Content-Length: \(body.count)\r\n" }
        return Self.parse(try exchange(Array((head + "\r\n").utf8) + body))
    }

    private func exchange(_ bytes: [UInt8]) throws -> [UInt8] {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        var time = timeval(tv_sec: 20, tv_usec: 0)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
        var target = sockaddr_in()
        target.sin_family = sa_family_t(AF_INET)
        target.sin_port = port.bigEndian
        target.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let code = unsafe withUnsafePointer(to: &target) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        try #require(code == 0)
        var sent = 0
        while sent < bytes.count {
            let count = unsafe bytes[sent...].withUnsafeBytes { buffer in
                unsafe Glibc.send(descriptor, buffer.baseAddress, buffer.count, Int32(MSG_NOSIGNAL))
            }
            try #require(count > 0)
            sent += count
        }
        var received: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = unsafe recv(descriptor, &buffer, buffer.count, 0)
            if count <= 0 { return received }
            received += buffer[..<count]
        }
    }

    private static func parse(_ bytes: [UInt8]) -> Reply {
        var reply = Reply()
        var end = 0
        while end + 3 < bytes.count, bytes[end..<(end + 4)] != [13, 10, 13, 10] { end += 1 }
        guard end + 3 < bytes.count else { return reply }
        let lines = String(decoding: bytes[..<end], as: UTF8.self).split(separator: "\r\n")
        reply.status = Int(lines[0].split(separator: " ")[1]) ?? 0
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { continue }
            let value = line[line.index(after: colon)...].drop { $0 == " " }
            reply.headers[line[..<colon].lowercased()] = String(value)
        }
        reply.body = Array(bytes[(end + 4)...])
        return reply
    }
}

/// Basic credentials as a header value.
func basic(_ user: String, _ password: String) -> (String, String) {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
    let bytes = Array("\(user):\(password)".utf8)
    var text = ""
    for start in stride(from: 0, to: bytes.count, by: 3) {
        let group = bytes[start..<min(start + 3, bytes.count)]
        let word = group.enumerated().reduce(UInt32(0)) { $0 | UInt32($1.element) << UInt32(16 - 8 * $1.offset) }
        for place in 0..<4 {
            text.append(place <= group.count ? alphabet[Int(word >> UInt32(18 - 6 * place) & 63)] : "=")
        }
    }
    return ("Authorization", "Basic \(text)")
}

func bearer(_ token: String) -> (String, String) { ("Authorization", "Bearer \(token)") }
