// What a URL says about where to connect, read byte by byte and strictly: what this reader and libcurl's could understand
// differently is refused. Which addresses the name stands for is not decided here but when a connection is opened.

import Primitives

/// The parts of a checked URL that the client itself needs.
struct RequestTarget: Equatable {
    /// Whether the scheme is `https`.
    let isSecure: Bool
    /// The host in lower case, an IPv6 address without brackets.
    let host: String
    /// The port, the scheme's own where the URL has none.
    let port: Int

    /// What requests of the same target have in common: they may share connections and share a limit.
    var origin: String { "\(isSecure ? "https" : "http")://\(host):\(port)" }

    /// Checks a URL (RFC 3986, ASCII, no user information, no fragment).
    init(url: String) throws(HTTPClientError) {
        let refused = HTTPClientError(.invalidRequest(.url), host: nil)
        let bytes = Array(url.utf8)
        guard bytes.count <= HTTPClientLimits.urlBytesMax else { throw refused }
        let start: Int
        if Self.hasPrefix(bytes, "https://") {
            isSecure = true
            start = 8
        } else if Self.hasPrefix(bytes, "http://") {
            isSecure = false
            start = 7
        } else {
            throw refused
        }
        var end = start
        while end < bytes.count, bytes[end] != UInt8(ascii: "/"), bytes[end] != UInt8(ascii: "?") { end += 1 }
        // Behind the authority: what RFC 3986 allows, and the brackets that query strings of real services have.
        for byte in bytes[end...] where !Self.isPathOrQuery(byte) { throw refused }
        let authority = bytes[start..<end]
        if authority.contains(UInt8(ascii: "@")) { throw HTTPClientError(.invalidRequest(.userInfo), host: nil) }
        let (host, portText) = try Self.split(authority)
        self.host = String(decoding: ASCII.lowercased(host), as: UTF8.self)
        guard let portText else {
            port = isSecure ? 443 : 80
            return
        }
        var number = 0
        guard (1...5).contains(portText.count) else { throw refused }
        for byte in portText {
            guard 0x30...0x39 ~= byte else { throw refused }
            number = number * 10 + Int(byte - 0x30)
        }
        guard (1...65535).contains(number) else { throw refused }
        port = number
    }

    private static func hasPrefix(_ bytes: [UInt8], _ prefix: StaticString) -> Bool {
        let prefix = Array(prefix.description.utf8)
        return bytes.count >= prefix.count && zip(bytes, prefix).allSatisfy { ASCII.lowercased($0) == $1 }
    }

    private static func isPathOrQuery(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        case UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"), UInt8(ascii: "%"),
            UInt8(ascii: "!"), UInt8(ascii: "$"), UInt8(ascii: "&"), UInt8(ascii: "'"), UInt8(ascii: "("),
            UInt8(ascii: ")"), UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: ","), UInt8(ascii: ";"),
            UInt8(ascii: "="), UInt8(ascii: ":"), UInt8(ascii: "@"), UInt8(ascii: "/"), UInt8(ascii: "?"),
            UInt8(ascii: "["), UInt8(ascii: "]"):
            true
        default: false
        }
    }

    /// The host without brackets, and the port's digits where there is a colon.
    private static func split(
        _ authority: ArraySlice<UInt8>
    ) throws(HTTPClientError) -> (ArraySlice<UInt8>, ArraySlice<UInt8>?) {
        let refused = HTTPClientError(.invalidRequest(.url), host: nil)
        var host: ArraySlice<UInt8>
        var rest: ArraySlice<UInt8>
        if authority.first == UInt8(ascii: "[") {
            guard let close = authority.firstIndex(of: UInt8(ascii: "]")) else { throw refused }
            host = authority[(authority.startIndex + 1)..<close]
            rest = authority[(close + 1)...]
            guard let address = IPAddress(String(decoding: host, as: UTF8.self)), case .v6 = address else {
                throw refused
            }
        } else {
            let colon = authority.firstIndex(of: UInt8(ascii: ":")) ?? authority.endIndex
            host = authority[..<colon]
            rest = authority[colon...]
            guard isHostName(host) else { throw refused }
        }
        if rest.isEmpty { return (host, nil) }
        guard rest.first == UInt8(ascii: ":") else { throw refused }
        return (host, rest.dropFirst())
    }

    /// Letters, digits, hyphens and underscores in labels of 1 to 63 bytes; one dot may end the name.
    private static func isHostName(_ host: ArraySlice<UInt8>) -> Bool {
        guard !host.isEmpty, host.count <= HTTPClientLimits.hostBytesMax else { return false }
        var labelCount = 0
        for (offset, byte) in host.enumerated() {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "_"):
                labelCount += 1
                if labelCount > 63 { return false }
            case UInt8(ascii: "."):
                if labelCount == 0 || host.count == 1 { return false }
                if offset < host.count - 1 { labelCount = 0 }
            default: return false
            }
        }
        return labelCount > 0
    }
}
