// What a caller asks for: one request with its limits. Plain values; checking them is RequestTarget.swift's and
// RequestHead.swift's.

extension HTTPClient {
    /// The methods that are sent.
    public enum Method: String, Sendable {
        case get = "GET"
        case head = "HEAD"
        case post = "POST"
        case put = "PUT"
        case patch = "PATCH"
        case delete = "DELETE"
        case options = "OPTIONS"

        /// Whether a repeated request has the effect of one (RFC 9110 section 9.2.2).
        public var isIdempotent: Bool {
            switch self {
            case .get, .head, .put, .delete, .options: true
            case .post, .patch: false
            }
        }
    }

    /// The time limits of one request.
    public struct Timeouts: Sendable, Equatable {
        /// Resolving, connecting and TLS together.
        public var connect: Duration
        /// From the moment the connection is ready, through sending the request, to the first byte of the response.
        public var firstByte: Duration
        /// Everything, from the call of `send` to the last byte, waiting in the queue included.
        public var total: Duration

        /// Time limits, each of one millisecond to one hour.
        public init(
            connect: Duration = .seconds(10), firstByte: Duration = .seconds(30), total: Duration = .seconds(60)
        ) {
            self.connect = connect
            self.firstByte = firstByte
            self.total = total
        }
    }

    /// One request.
    public struct Request: Sendable {
        /// The method.
        public var method: Method
        /// An absolute `http` or `https` URL in ASCII, without user information and fragment.
        ///
        /// The path goes out as it is.
        public var url: String
        /// The header fields in the order in which they are sent.
        ///
        /// `Host`, `Content-Length` and other fields of the framing are the client's; `User-Agent` and `Accept` have
        /// defaults.
        public var headers: [(name: String, value: String)]
        /// The body.
        ///
        /// Nil sends none. GET and HEAD take none.
        public var body: [UInt8]?
        /// The time limits.
        public var timeouts: Timeouts
        /// The longest response body that is accepted, as received; compression is never asked for.
        public var responseBodyBytesMax: Int
        /// The memory that a piece of a large response body takes, together with what the caller makes of it.
        ///
        /// So much is taken from `HTTPClientLimits.largeBodiesBytesMax` before the piece is kept.
        public var memoryOfBody: @Sendable (Span<UInt8>) -> Int = { $0.count }
        /// Refuses any URL but `https`.
        public var requiresHTTPS: Bool
        /// The ports that may be connected to; nil allows all.
        public var allowedPorts: Set<Int>?
        /// Whether the request goes to its target itself and uses no proxy, so that the address of the target is checked.
        public var isDirect = false
        /// Whether the request may be sent again on a new connection, without the caller knowing, when a kept connection turns out
        /// to have been closed by the server.
        ///
        /// It is so for idempotent methods. Others get a new connection, which cannot be stale; set this to true
        /// for a POST that only reads.
        public var isReplayable: Bool

        /// A request with the default limits.
        public init(
            method: Method = .get, url: String, headers: [(name: String, value: String)] = [], body: [UInt8]? = nil,
            timeouts: Timeouts = Timeouts(), responseBodyBytesMax: Int = HTTPClientLimits.responseBodyBytesDefault,
            requiresHTTPS: Bool = false, allowedPorts: Set<Int>? = nil, isReplayable: Bool? = nil
        ) {
            self.method = method
            self.url = url
            self.headers = headers
            self.body = body
            self.timeouts = timeouts
            self.responseBodyBytesMax = responseBodyBytesMax
            self.requiresHTTPS = requiresHTTPS
            self.allowedPorts = allowedPorts
            self.isReplayable = isReplayable ?? method.isIdempotent
        }
    }
}
