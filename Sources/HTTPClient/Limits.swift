// Every size, count and time that bounds this module's work, in one place: what a caller may not exceed and what holds where
// the caller says nothing.

/// The bounds of requests and responses.
public enum HTTPClientLimits {
    /// The longest URL that is accepted.
    public static let urlBytesMax = 8 * 1024
    /// The longest host name (RFC 1035 section 2.3.4).
    public static let hostBytesMax = 253
    /// The most header fields of a request.
    public static let requestHeaderFieldsMax = 100
    /// The longest name and value of all header fields of a request together.
    public static let requestHeaderBytesMax = 64 * 1024
    /// The longest body of a request.
    public static let requestBodyBytesMax = 64 * 1024 * 1024
    /// The longest header section of a response, over all its lines.
    public static let responseHeaderBytesMax = 64 * 1024
    /// The most header fields of a response.
    public static let responseHeaderFieldsMax = 256
    /// The longest body of a response, where the request sets no other limit.
    public static let responseBodyBytesDefault = 16 * 1024 * 1024
    /// The most memory that is set aside for a body on the word of its `Content-Length`; beyond it memory grows with the data.
    public static let bodyReservationBytesMax = 1024 * 1024
    /// A body up to this size is read at once; a larger one takes its memory from `largeBodiesBytesMax`.
    public static let smallBodyBytesMax = 256 * 1024
    /// The memory of all larger bodies and of what is made of them, from their first byte until that is done with; beyond it one of
    /// them grows, and the others are not read for now.
    public static let largeBodiesBytesMax = 32 * 1024 * 1024
    /// The memory that a large body takes at a time.
    static let bodyLeaseStepBytes = 256 * 1024
    /// The size of libcurl's receive buffer: one system call for this much.
    static let receiveBufferBytes = 96 * 1024
    /// The longest time that any timeout may be.
    public static let timeoutMax: Duration = .seconds(3600)
    /// How long a connection may be idle and still be used again; shorter than what servers usually keep.
    static let idleConnectionSecondsMax = 50
    /// How long a connection may be used at all, so that a change of address in the DNS is seen.
    static let connectionLifetimeSecondsMax = 600
    /// The most libcurl handles that are kept for later transfers; each has a receive buffer.
    static let idleHandlesMax = 32
    /// The longest wait between two looks at the queue for transfers whose time is over.
    static let queueTickMilliseconds = 50
}
