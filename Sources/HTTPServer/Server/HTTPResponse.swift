// A response as a value: what deferred handlers return. It knows nothing of how it is sent.

/// A whole response.
///
/// Content-Length, Date and Connection are the server's; such fields given here are dropped.
public struct HTTPResponse: Sendable {
    /// The status.
    public var status: HTTPStatus
    /// The header fields in the order they are sent; names and values are checked when sent.
    public var headers: [(name: String, value: String)]
    /// The body; not sent with 204, 304, or in answer to HEAD.
    public var body: [UInt8]
    /// Makes the body piece by piece, in place of `body`.
    public var stream: StreamedBody?

    /// A response of the parts given.
    public init(status: HTTPStatus, headers: [(name: String, value: String)] = [], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// A response whose body `stream` makes.
    public init(status: HTTPStatus, headers: [(name: String, value: String)] = [], stream: StreamedBody) {
        self.init(status: status, headers: headers)
        self.stream = stream
    }
}

/// A body that is made while it is sent.
public struct StreamedBody: Sendable {
    let lengthBytes: Int?
    let produce: @Sendable (BodyWriter) async throws -> Void

    /// A body that `produce` writes; it ends when `produce` returns.
    ///
    /// `produce` runs in the task that made the response; it does not run where no body is sent, as in answer to HEAD.
    /// Where it throws, the connection closes so that the client sees that the body is not complete. Its task is
    /// cancelled when the client goes away.
    ///
    /// - Parameter lengthBytes: sent as Content-Length; without it the body is sent in chunks, and to HTTP/1.0 until the
    ///   connection closes.
    public init(lengthBytes: Int? = nil, _ produce: @escaping @Sendable (BodyWriter) async throws -> Void) {
        self.lengthBytes = lengthBytes
        self.produce = produce
    }
}

/// A response that is not ready yet: work for the loop to run as a task.
public struct DeferredResponse: Sendable {
    let operation: @Sendable () async -> HTTPResponse
    /// The head of the request; nil where the server copies it.
    let head: [UInt8]?

    /// A response that `operation` makes.
    ///
    /// It runs as a task on the connection's event loop; the task is cancelled when the client goes away or
    /// `HTTPServerLimits.handlerTimeout` has passed. Blocking calls do not belong in it.
    public init(_ operation: @escaping @Sendable () async -> HTTPResponse) {
        self.operation = operation
        head = nil
    }

    /// A response that `operation` makes from a copy of the request, whose head the server shares.
    public init(to request: HTTPRequestSnapshot, _ operation: @escaping @Sendable () async -> HTTPResponse) {
        self.operation = operation
        head = request.bytes
    }
}
