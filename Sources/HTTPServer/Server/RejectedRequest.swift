// A request that is refused before the application sees it, with as much of it as is known: an application that answers in
// different shapes for different paths can keep to them. It decides nothing.

import Primitives

/// A request that was refused before the application saw it, for `HTTPApplication.respond(toRejected:_:)`.
public struct RejectedRequest: Sendable {
    /// Bytes of a target that are looked at.
    static let targetBytesMax = 256

    /// Why it was refused.
    public let reason: RequestRejection
    /// Whose request it was.
    public let remoteAddress: SocketAddress
    /// The beginning of the target as it was sent, at most 256 bytes of it; empty where none was received.
    ///
    /// Nothing about it was checked: it is good for comparing, not for showing.
    public let target: [UInt8]
    /// The path in `target`: what comes before the first `?`.
    public var path: [UInt8] { Array(target.prefix { $0 != UInt8(ascii: "?") }) }
    /// The value of the one Origin field among the lines that were received; nil without one, and with several.
    ///
    /// For the CORS fields of the answer. It is there even where the head as a whole was refused.
    public let origin: [UInt8]?
    /// The request without its body, where its head was good.
    public let request: HTTPRequestSnapshot?

    /// The status that goes with the reason.
    public var status: HTTPStatus { reason.status }

    /// A refusal of which nothing was received, or nothing is left.
    init(reason: RequestRejection, remoteAddress: SocketAddress) {
        self.reason = reason
        self.remoteAddress = remoteAddress
        target = []
        origin = nil
        request = nil
    }

    /// The refusal of the message that `bytes` begins with.
    init(reason: RequestRejection, remoteAddress: SocketAddress, bytes: Span<UInt8>, parser: RequestParser) {
        self.reason = reason
        self.remoteAddress = remoteAddress
        target = Self.target(in: bytes)
        origin = Self.origin(in: bytes)
        var head = RequestHead()
        var progress = HeadProgress()
        guard (try? parser.parse(bytes, &progress, into: &head)) == true else {
            request = nil
            return
        }
        request = HTTPRequestSnapshot(
            head: head, bytes: (0..<head.length).map { bytes[$0] }, body: [], remoteAddress: remoteAddress)
    }

    /// Looks at whole lines up to the end of the fields or to the first that is not a field.
    private static func origin(in bytes: Span<UInt8>) -> [UInt8]? {
        guard var start = bytes.firstLineFeed(from: 2).map({ $0 + 1 }) else { return nil }
        var found: [UInt8]?
        while let lineFeed = bytes.firstLineFeed(from: start), lineFeed - 1 > start,
            let field = try? FieldLine.parse(bytes, start..<(lineFeed - 1))
        {
            start = lineFeed + 1
            guard bytes.matches(field.name, lowercase: "origin") else { continue }
            if found != nil || field.value.count > targetBytesMax { return nil }
            found = field.value.map { bytes[$0] }
        }
        return found
    }

    /// What lies between the first space of the request line and its end.
    private static func target(in bytes: Span<UInt8>) -> [UInt8] {
        var index = 0
        // One empty line in front is allowed (RFC 9112 section 2.2).
        while index < min(bytes.count, 2), bytes[index] == ASCII.cr || bytes[index] == ASCII.lf { index += 1 }
        let methodEnd = min(bytes.count, index + 32)
        while index < methodEnd, bytes[index] > ASCII.space { index += 1 }
        guard index < bytes.count, bytes[index] == ASCII.space else { return [] }
        let start = index + 1
        var end = start
        while end < min(bytes.count, start + targetBytesMax), bytes[end] > ASCII.space { end += 1 }
        return (start..<end).map { bytes[$0] }
    }
}
