// The parsed head of one request: offsets into the message's bytes and the few facts that decide framing. It holds no
// bytes; the parser fills it, one per event loop, and requests are views through it.

/// The name and the value of one header field, as offsets from the first byte of the message.
struct HeaderField {
    var nameStart: UInt32
    var nameEnd: UInt32
    var valueStart: UInt32
    var valueEnd: UInt32

    var name: Range<Int> { Int(nameStart)..<Int(nameEnd) }
    var value: Range<Int> { Int(valueStart)..<Int(valueEnd) }
}

/// How a body's end is found (RFC 9112 section 6).
enum BodyFraming: Equatable, Sendable {
    case none
    case length(Int)
    case chunked
}

/// A request head as offsets; reused for every request of a loop, so that parsing allocates nothing.
struct RequestHead {
    var method: HTTPMethod = .get
    var target: Range<Int> = 0..<0
    /// Empty where an absolute-form target has no path: that is "/".
    var path: Range<Int> = 0..<0
    var query: Range<Int>?
    /// The authority of an absolute-form target.
    var authority: Range<Int>?
    /// That authority, or the Host field's value.
    var host: Range<Int>?
    var minorVersion: UInt8 = 1
    var fields: [HeaderField] = []
    /// The bytes of the whole head, its blank line included.
    var length = 0
    var framing = BodyFraming.none
    var keepsAlive = true
    var expectsContinue = false
    /// The body has a Content-Encoding other than identity.
    var hasContentCoding = false

    init(fieldsMax: Int = 100) { fields.reserveCapacity(fieldsMax) }
}
