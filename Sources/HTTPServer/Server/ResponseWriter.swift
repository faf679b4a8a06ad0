// One response while it is being written: status, fields, body, in any order, until the server sends it. It checks what
// goes into a head, and knows no socket.

import Primitives

/// Writes one response.
///
/// The server computes Content-Length, keeps Date, and decides on Connection.
///
/// Status, fields and body may be set in any order until the call that was given the writer returns. A field name that
/// is not a token is dropped with its value; control characters in values are replaced by spaces: nothing given here can
/// end a header early. Content-Length, Transfer-Encoding, Connection, Keep-Alive, Upgrade, Trailer and Date are dropped.
public struct ResponseWriter: ~Copyable {
    /// The status; 200 unless set.
    public var status: HTTPStatus = .ok
    /// The body so far; append to it.
    ///
    /// Not sent with 204, 304, or in answer to HEAD (its length is).
    public var body: ByteBuffer
    /// Set to close the connection after this response.
    public var closesConnection = false
    @usableFromInline var fields: ByteBuffer
    private(set) var hasAllow = false
    private(set) var hasRetryAfter = false

    init() {
        body = ByteBuffer(capacity: 16 * 1024)
        fields = ByteBuffer(capacity: 1024)
    }

    /// Forgets what has been written, so that the response can begin again.
    public mutating func reset() {
        status = .ok
        closesConnection = false
        hasAllow = false
        hasRetryAfter = false
        fields.removeAll(keepingAtMost: 16 * 1024)
        body.removeAll(keepingAtMost: 256 * 1024)
    }

    /// Adds a header field.
    public mutating func header(_ name: StaticString, _ value: StaticString) {
        unsafe add(
            UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount),
            UnsafeBufferPointer(start: value.utf8Start, count: value.utf8CodeUnitCount))
    }

    /// Adds a header field; literals take the overload above.
    @_disfavoredOverload
    public mutating func header(_ name: StaticString, _ value: String) {
        var value = value
        value.withUTF8 {
            unsafe add(UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount), $0)
        }
    }

    /// Adds a header field.
    public mutating func header(_ name: StaticString, _ value: ByteView) {
        unsafe add(
            UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount),
            UnsafeBufferPointer(start: value.base, count: value.count))
    }

    /// Adds a header field.
    public mutating func header(_ name: StaticString, _ value: Span<UInt8>) {
        unsafe value.withUnsafeBufferPointer {
            unsafe add(UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount), $0)
        }
    }

    /// Adds a header field with a decimal number.
    public mutating func header(_ name: StaticString, _ number: Int) {
        guard unsafe begin(UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount)) else { return }
        fields.append(decimal: number)
        fields.append("\r\n")
    }

    /// Adds a header field whose name is known only when running.
    public mutating func header(name: String, value: String) {
        var name = name
        var value = value
        name.withUTF8 { name in
            value.withUTF8 { value in unsafe add(name, value) }
        }
    }

    /// Adds complete field lines made beforehand: `Name: value CR LF`, any number of them.
    ///
    /// For fields that never change. They are not checked: the text is the program's own.
    @inlinable
    public mutating func headerLines(_ lines: StaticString) { fields.append(lines) }

    /// Becomes `response`; what was written before is forgotten.
    public mutating func write(_ response: HTTPResponse) {
        reset()
        status = response.status
        for field in response.headers { header(name: field.name, value: field.value) }
        body.append(response.body)
    }

    private mutating func add(_ name: UnsafeBufferPointer<UInt8>, _ value: UnsafeBufferPointer<UInt8>) {
        guard unsafe begin(name) else { return }
        let start = fields.count
        unsafe fields.append(start: value.baseAddress, count: value.count)
        let isClean = unsafe FieldLine.isValue(Span(_unsafeElements: value), 0..<value.count)
        if !isClean { fields.replaceControls(from: start) }
        fields.append("\r\n")
    }

    /// Writes the name and its colon; false where the name is not a token or is the server's to send.
    private mutating func begin(_ name: UnsafeBufferPointer<UInt8>) -> Bool {
        let span = unsafe Span(_unsafeElements: name)
        guard !span.isEmpty else { return false }
        for index in 0..<span.count where !ASCII.token.contains(span[index]) { return false }
        let whole = 0..<span.count
        switch span.count {
        case 4 where span.matches(whole, lowercase: "date"): return false
        case 5 where span.matches(whole, lowercase: "allow"): hasAllow = true
        case 7 where span.matches(whole, lowercase: "upgrade") || span.matches(whole, lowercase: "trailer"):
            return false
        case 10 where span.matches(whole, lowercase: "connection") || span.matches(whole, lowercase: "keep-alive"):
            return false
        case 11 where span.matches(whole, lowercase: "retry-after"): hasRetryAfter = true
        case 14 where span.matches(whole, lowercase: "content-length"): return false
        case 17 where span.matches(whole, lowercase: "transfer-encoding"): return false
        default: break
        }
        unsafe fields.append(start: name.baseAddress, count: name.count)
        fields.append(": ")
        return true
    }
}

extension ByteBuffer {
    @inline(__always)
    mutating func appendContentLength(_ count: Int) {
        append("Content-Length: ")
        append(decimal: count)
        append("\r\n")
    }

    /// Replaces every control character but the tab, from index `start` on, with a space.
    mutating func replaceControls(from start: Int) {
        for index in start..<count {
            let byte = unsafe base[index]
            if byte < 32 && byte != ASCII.tab || byte == 127 { unsafe base[index] = ASCII.space }
        }
    }
}

/// The properties of a response that depend on its connection.
struct ResponseFraming {
    /// What marks the end of the body.
    enum Body: Equatable {
        /// The body is in the writer.
        case whole
        /// The body follows in pieces.
        case streamed(AnswerCoding)
    }

    var isHead = false
    var body = Body.whole
    var closes = false
    /// HTTP/1.0 keeps a connection only when the response says so.
    var saysKeepAlive = false
}

extension ResponseWriter {
    /// Appends the whole response to `output`.
    func finish(into output: inout ByteBuffer, _ framing: ResponseFraming, date: borrowing DateCache) {
        output.reserve(fields.count + (framing.isHead ? 0 : body.count) + 256)
        output.append("HTTP/1.1 ")
        output.append(decimal: Int(status.code))
        output.append(32 as UInt8)
        output.append(status.reasonPhrase)
        output.append("\r\nDate: ")
        date.append(to: &output)
        output.append("\r\n")
        output.append(fields)
        if status.code == 405 && !hasAllow {
            // The field must be there (RFC 9110 section 15.5.6); only the application knows what the path serves.
            output.append("Allow: \r\n")
        }
        if !status.forbidsBody {
            switch framing.body {
            case .whole: output.appendContentLength(body.count)
            case .streamed(.length(let count)): output.appendContentLength(count)
            // An answer to HEAD may leave out what the answer to GET would be framed by.
            case .streamed(.chunked): if !framing.isHead { output.append("Transfer-Encoding: chunked\r\n") }
            case .streamed(.untilClose): break
            }
        }
        if framing.closes {
            output.append("Connection: close\r\n")
        } else if framing.saysKeepAlive {
            output.append("Connection: keep-alive\r\n")
        }
        output.append("\r\n")
        if !status.forbidsBody && !framing.isHead { output.append(body) }
    }
}
