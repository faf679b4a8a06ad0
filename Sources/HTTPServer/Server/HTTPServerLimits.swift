// Every bound this module keeps, in one place: sizes, counts and times. It knows nothing of how they are enforced.
// The defaults are for a server on the open Internet behind at most one proxy.

/// The bounds a server keeps.
///
/// Sizes are bytes; a bound that is passed answers with the status named and closes.
public struct HTTPServerLimits: Sendable {
    /// The request line, without its CR LF; longer is 414.
    public var requestLineBytesMax = 8 * 1024
    /// All header fields together with their line ends; more is 431.
    public var headerBytesMax = 32 * 1024
    /// One header field other than Cookie, without its CR LF; longer is 431.
    ///
    /// Proxies in front keep the same bound.
    public var fieldLineBytesMax = 8 * 1024
    /// One Cookie field, without its CR LF; longer is 431.
    ///
    /// A browser sends all cookies of a site in one field, and a session that is spread over several of them is long. Servers that
    /// set such cookies take 16 KiB of fields themselves; proxies in front may keep a lower bound.
    public var cookieLineBytesMax = 16 * 1024
    /// The number of header fields, and of trailer fields; more is 431.
    public var headerFieldsMax = 100
    /// The body after decoding; more is 413, sent before the body is read if there is a Content-Length.
    public var bodyBytesMax = 1024 * 1024
    /// One chunk-size line with its extensions; longer is 400.
    public var chunkLineBytesMax = 1024
    /// Bytes of chunk framing beyond what honest chunks need, over a whole body; more is 400.
    public var chunkExcessBytesMax = 16 * 1024
    /// From the first byte of a head to its last; later is 408.
    public var headerTimeout: Duration = .seconds(10)
    /// From the end of the head to the end of the body; later is 408.
    public var bodyTimeout: Duration = .seconds(30)
    /// The slowest body accepted once `bodyRateGrace` has passed; slower is 408.
    ///
    /// Zero turns the check off.
    public var bodyBytesPerSecondMin = 1024
    /// How long a body may be slower than `bodyBytesPerSecondMin`.
    public var bodyRateGrace: Duration = .seconds(5)
    /// Bytes of a body, and of an answer, that wait for a handler that reads or a peer that takes them in pieces.
    public var streamBufferBytesMax = 256 * 1024
    /// The time over which a body that is read in pieces must come with `bodyBytesPerSecondMin`; slower is 408.
    public var streamRateWindow: Duration = .seconds(30)
    /// The rest of a body that the application does not read: longer closes the connection after the answer.
    public var discardBytesMax = 256 * 1024
    /// How long the rest of such a body may take; then the connection is closed.
    public var discardTimeout: Duration = .seconds(5)
    /// How long a new connection may take for its first byte; then it is closed without an answer.
    public var firstByteTimeout: Duration = .seconds(10)
    /// How long a connection may wait for its next request; then it is closed without an answer.
    public var idleTimeout: Duration = .seconds(75)
    /// How long a deferred response may take; then its task is cancelled and 503 is sent.
    public var handlerTimeout: Duration = .seconds(60)
    /// The time over which the peer must take waiting output with `outputBytesPerSecondMin`; else the connection is reset.
    public var writeStallTimeout: Duration = .seconds(30)
    /// The slowest peer that output waits for.
    ///
    /// Zero accepts every peer that takes one byte in `writeStallTimeout`.
    public var outputBytesPerSecondMin = 1024
    /// Requests served on one connection; the last answer says `Connection: close`.
    public var requestsPerConnectionMax = 1000
    /// Open connections of the whole server; lowered at start when the process may not open as many descriptors.
    ///
    /// For a connection beyond it the longest idle one is closed; where none is idle, it is answered 503.
    public var connectionsMax = 10_000
    /// How long a connection must have been idle to be closed for another.
    public var idleBeforeEvictionMin: Duration = .seconds(1)
    /// Open connections of one client address; a connection beyond it is answered 503.
    ///
    /// An IPv6 client counts by the first 64 bits. `ServerConfiguration.trustedPeers` are exempt.
    public var connectionsPerAddressMax = 256
    /// Pipelined requests answered in one go before other connections have their turn.
    public var pipelinedRequestsMax = 16
    /// Answers collected before they are sent, in bytes: more requests are not read until these are sent.
    public var outputBytesMax = 256 * 1024
    /// Bytes kept of requests that wait behind a deferred response; then reading stops until it is sent.
    public var waitingBytesMax = 64 * 1024
    /// After an error answer the rest of what the peer sends is read and dropped, at most so many bytes of it.
    ///
    /// A socket closed with bytes unread is reset, and the client might never see the answer.
    public var drainBytesMax = 32 * 1024 * 1024
    /// How long bytes are dropped after an error answer.
    public var drainTimeout: Duration = .seconds(5)
    /// How long bytes are dropped after a good answer that the client did not know to be the last.
    public var lingerTimeout: Duration = .seconds(1)

    /// The defaults.
    public init() {}
}
