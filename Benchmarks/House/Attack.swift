// What one connection of a full house does to a host: the worst that a caller may do, in several kinds. It decides what to send and how
// much to take; `Attackers` owns the sockets.

/// A kind of attacking connection.
enum Attack: CaseIterable {
    /// Sends no byte.
    case silent
    /// Makes one request and waits.
    case idle
    /// Sends a head byte by byte.
    case halfHead
    /// Sends the most that a head may have, and then byte by byte.
    case longHead
    /// Sends a body at the least rate.
    case slowBody
    /// Sends almost all of a large body, and the rest at the least rate.
    case heldBody
    /// Sends a body in chunks of one byte.
    case dust
    /// Sends large bodies without a session.
    case foreignFlood
    /// Sends large bodies with a session.
    case flood
    /// Asks for large answers and takes them at the least rate.
    case slowReader
    /// Asks for the status again and again and takes no answer.
    case deafReader

    /// Whether it sends as fast as it can.
    var isFlood: Bool { self == .foreignFlood || self == .flood }

    /// Whether it takes answers only at the least rate.
    var isSlowReader: Bool { self == .slowReader || self == .deafReader }

    /// Bytes per second that pass a least rate of 1 KiB.
    static let leastBytes = 1100

    /// What it sends first.
    func opening(token: String, recordsPath: String) -> [UInt8] {
        let session = "Authorization: Bearer \(token)\r\n"
        let status = "GET /api/integrations/status HTTP/1.1\r\nHost: a\r\n"
        func post(_ fields: String) -> String {
            "POST /api/integrations/connections HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n" + fields
        }
        let text =
            switch self {
            case .silent: ""
            case .idle: status + "\r\n"
            case .halfHead: status + "X-Pad: "
            case .longHead:
                status + (0..<3).map { "X-\($0): " + String(repeating: "a", count: 7 * 1024) + "\r\n" }.joined()
                    + "X-Pad: "
            case .slowBody: post(session + "Content-Length: 200000\r\n\r\n{\"service\":\"")
            case .heldBody:
                post(session + "Content-Length: 1040000\r\n\r\n{\"service\":\"")
                    + String(repeating: "a", count: 1_000_000)
            case .dust: post(session + "Transfer-Encoding: chunked\r\n\r\n")
            case .foreignFlood: post("Content-Length: 1048576\r\n\r\n") + Self.members
            case .flood: post(session + "Content-Length: 1048576\r\n\r\n") + Self.members
            case .slowReader:
                String(repeating: "GET \(recordsPath) HTTP/1.1\r\nHost: a\r\n\(session)\r\n", count: 8)
            case .deafReader: String(repeating: status + session + "\r\n", count: 40)
            }
        return Array(text.utf8)
    }

    /// What it sends each second after that.
    var perSecond: [UInt8] {
        switch self {
        case .silent, .idle, .foreignFlood, .flood, .slowReader, .deafReader: []
        case .halfHead, .longHead: Array("a".utf8)
        case .slowBody, .heldBody: [UInt8](repeating: UInt8(ascii: "a"), count: Self.leastBytes)
        case .dust: Array(String(repeating: "1\r\na\r\n", count: Self.leastBytes).utf8)
        }
    }

    /// A body of 1 MiB that is one object of many members.
    private static let members: String = {
        var text = "{"
        var number = 0
        while text.utf8.count < 1 << 20 - 32 {
            text += "\"\(number)\":[],"
            number += 1
        }
        let end = "\"z\":0}"
        return text + String(repeating: " ", count: 1 << 20 - text.utf8.count - end.utf8.count) + end
    }()
}
