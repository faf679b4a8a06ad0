// A request that owns its bytes and may be kept and sent anywhere: what deferred handlers work on.

import Primitives

/// A copy of a request.
///
/// Accessors return copies; none of them is for the hot path.
public struct HTTPRequestSnapshot: Sendable {
    private let head: RequestHead
    /// The head as it was sent.
    let bytes: [UInt8]
    /// The body after decoding.
    public let body: [UInt8]
    /// The peer's address.
    public let remoteAddress: SocketAddress

    init(head: RequestHead, bytes: [UInt8], body: [UInt8], remoteAddress: SocketAddress) {
        self.head = head
        self.bytes = bytes
        self.body = body
        self.remoteAddress = remoteAddress
    }

    /// The same request with `body`, for a handler that has read the body itself.
    public func with(body: [UInt8]) -> HTTPRequestSnapshot {
        HTTPRequestSnapshot(head: head, bytes: bytes, body: body, remoteAddress: remoteAddress)
    }

    /// The method.
    public var method: HTTPMethod { head.method }
    /// The target as it was sent.
    public var target: [UInt8] { Array(bytes[head.target]) }
    /// The path as it was sent; see `HTTPRequest.path`.
    public var path: [UInt8] { head.path.isEmpty ? [ASCII.slash] : Array(bytes[head.path]) }
    /// The query: the bytes after the first `?` of the target; nil when there is no `?`.
    public var query: [UInt8]? { head.query.map { Array(bytes[$0]) } }
    /// The host the request is for; see `HTTPRequest.host`.
    public var host: [UInt8]? { head.host.map { Array(bytes[$0]) } }
    /// 1 for HTTP/1.1, 0 for HTTP/1.0.
    public var minorVersion: Int { Int(head.minorVersion) }

    /// The number of header fields.
    public var headerCount: Int { head.fields.count }

    /// The name, as it was sent, and the value of the header field at `index`.
    public func header(at index: Int) -> (name: [UInt8], value: [UInt8]) {
        let field = head.fields[index]
        return (Array(bytes[field.name]), Array(bytes[field.value]))
    }

    /// The value of the first header field called `name`, which is written in lower case; nil where there is none.
    public func header(_ name: StaticString) -> [UInt8]? {
        let span = bytes.span
        for field in head.fields where span.matches(field.name, lowercase: name) { return Array(bytes[field.value]) }
        return nil
    }

    /// The values of all header fields called `name`, which is written in lower case, in the order sent.
    public func headers(_ name: StaticString) -> [[UInt8]] {
        let span = bytes.span
        var values: [[UInt8]] = []
        for field in head.fields where span.matches(field.name, lowercase: name) {
            values.append(Array(bytes[field.value]))
        }
        return values
    }

    /// The value of the first header field called `name` as text; nil where there is none or it is not UTF-8.
    public func headerText(_ name: StaticString) -> String? {
        header(name).flatMap { String(validating: $0, as: UTF8.self) }
    }
}
