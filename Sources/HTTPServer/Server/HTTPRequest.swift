// One complete request as the application sees it during a call: views into the connection's buffer, nothing copied.
// It knows no route and no body format.

/// A request: its head and its whole body, valid for the call that is given it.
///
/// It cannot be copied or kept. A handler that waits takes `snapshot()`. Reading it allocates nothing.
@safe
public struct HTTPRequest: ~Copyable {
    let head: UnsafePointer<RequestHead>
    let message: UnsafePointer<UInt8>
    let bodyCount: Int
    let bodyStart: Int
    /// Whether this is the last request that will be answered on its connection.
    public let isLastOnConnection: Bool
    /// The peer's address.
    public let remoteAddress: SocketAddress

    init(
        head: UnsafePointer<RequestHead>, message: UnsafePointer<UInt8>, bodyStart: Int, bodyCount: Int,
        isLastOnConnection: Bool, remoteAddress: SocketAddress
    ) {
        unsafe self.head = unsafe head
        unsafe self.message = unsafe message
        self.bodyStart = bodyStart
        self.bodyCount = bodyCount
        self.isLastOnConnection = isLastOnConnection
        self.remoteAddress = remoteAddress
    }

    private func view(_ range: Range<Int>) -> ByteView {
        unsafe ByteView(message + range.lowerBound, count: range.count)
    }

    /// The method.
    public var method: HTTPMethod { unsafe head.pointee.method }

    /// The target as it was sent: origin-form, absolute-form, or `*` with OPTIONS.
    public var target: ByteView { view(unsafe head.pointee.target) }

    /// The path as it was sent, percent-encoding untouched; begins with `/`, or is `*` with OPTIONS.
    public var path: ByteView {
        let path = unsafe head.pointee.path
        if path.isEmpty { return unsafe ByteView(Self.root.utf8Start, count: 1) }
        return view(path)
    }

    private static let root: StaticString = "/"

    /// The query: the bytes after the first `?` of the target, still percent-encoded; nil when there is no `?`.
    public var query: ByteView? {
        guard let query = unsafe head.pointee.query else { return nil }
        return view(query)
    }

    /// The host the request is for, with an optional port: the target's where it has one, else the Host field's value.
    ///
    /// It is checked to be a host; nil or empty only in HTTP/1.0.
    public var host: ByteView? {
        guard let host = unsafe head.pointee.host else { return nil }
        return view(host)
    }

    /// The body after decoding; empty where there is none.
    public var body: ByteView { view(bodyStart..<(bodyStart + bodyCount)) }

    /// Whether the head announces a body: with a Content-Length above zero, or in chunks.
    public var announcesBody: Bool { unsafe head.pointee.framing != .none }

    /// The value of Content-Length; nil without one, and for a chunked body.
    public var contentLength: Int? {
        if case .length(let count) = unsafe head.pointee.framing { count } else { nil }
    }

    /// Whether the body has a content coding other than identity.
    public var hasContentCoding: Bool { unsafe head.pointee.hasContentCoding }

    /// 1 for HTTP/1.1, 0 for HTTP/1.0.
    public var minorVersion: Int { Int(unsafe head.pointee.minorVersion) }

    /// The number of header fields.
    public var headerCount: Int { unsafe head.pointee.fields.count }

    /// The name, as it was sent, and the value of the header field at `index`, in the order sent.
    public func header(at index: Int) -> (name: ByteView, value: ByteView) {
        let field = unsafe head.pointee.fields[index]
        return (view(field.name), view(field.value))
    }

    /// The value of the first header field called `name`, which is written in lower case; nil where there is none.
    public func header(_ name: StaticString) -> ByteView? {
        guard let index = headerIndex(name, from: 0) else { return nil }
        return view(unsafe head.pointee.fields[index].value)
    }

    /// The index of the first header field at or after `start` called `name`, which is written in lower case: with
    /// `header(at:)`, a way through fields that may be repeated.
    public func headerIndex(_ name: StaticString, from start: Int) -> Int? {
        let length = name.utf8CodeUnitCount
        let count = unsafe head.pointee.fields.count
        var index = start
        while index < count {
            let field = unsafe head.pointee.fields[index]
            if Int(field.nameEnd - field.nameStart) == length, view(field.name).equals(lowercase: name) { return index }
            index += 1
        }
        return nil
    }

    /// How many header fields are called `name`, which is written in lower case.
    public func headerCount(_ name: StaticString) -> Int {
        var count = 0
        var start = 0
        while let index = headerIndex(name, from: start) {
            count += 1
            start = index + 1
        }
        return count
    }

    /// The same request, copied: for handlers that wait.
    public func snapshot() -> HTTPRequestSnapshot {
        let length = unsafe head.pointee.length
        return HTTPRequestSnapshot(
            head: unsafe head.pointee, bytes: view(0..<length).array, body: body.array, remoteAddress: remoteAddress)
    }
}
