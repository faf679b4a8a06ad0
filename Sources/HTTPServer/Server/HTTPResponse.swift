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

    /// A response of the parts given.
    public init(status: HTTPStatus, headers: [(name: String, value: String)] = [], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }
}

/// A response that is not ready yet: work for the loop to run as a task.
public struct DeferredResponse: Sendable {
    let operation: @Sendable () async -> HTTPResponse

    /// A response that `operation` makes.
    ///
    /// It runs as a task on the connection's event loop; the task is cancelled when the client goes away or
    /// `HTTPServerLimits.handlerTimeout` has passed. Blocking calls do not belong in it.
    public init(_ operation: @escaping @Sendable () async -> HTTPResponse) { self.operation = operation }
}
