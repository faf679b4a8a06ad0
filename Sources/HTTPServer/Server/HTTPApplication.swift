// The interface between a server and the program behind it. Knows no route.

/// The program behind a server: bytes of a request in, a response out.
public protocol HTTPApplication: Sendable {
    /// Decides about a request whose head announces a body, before the body is read; `request.body` is empty.
    ///
    /// Called on the connection's event loop, once for each such request: it must not block. With `.refuse` the answer
    /// is what it wrote to `response`. The default is `.buffer()`.
    func decide(about request: borrowing HTTPRequest, _ response: inout ResponseWriter) -> HeadDecision

    /// Answers one complete request. Called on the connection's event loop: it must not block.
    ///
    /// Either writes the whole answer to `response` and returns nil, or returns a `DeferredResponse` that makes it
    /// later; then what was written to `response` is dropped, and requests behind this one wait.
    func respond(to request: borrowing HTTPRequest, _ response: inout ResponseWriter) -> DeferredResponse?

    /// Answers a request that the server refuses: fill in headers and body in the program's own shape.
    ///
    /// The status is `rejected.status` already; the connection is closed after this answer. The default is
    /// `application/problem+json` (RFC 9457).
    func respond(toRejected rejected: RejectedRequest, _ response: inout ResponseWriter)
}

extension HTTPApplication {
    /// Takes every body up to `HTTPServerLimits.bodyBytesMax`.
    public func decide(about request: borrowing HTTPRequest, _ response: inout ResponseWriter) -> HeadDecision {
        .buffer()
    }

    /// The refusal as `application/problem+json`.
    public func respond(toRejected rejected: RejectedRequest, _ response: inout ResponseWriter) {
        response.header("Content-Type", "application/problem+json")
        response.body.append(#"{"type":"about:blank","title":""#)
        response.body.append(rejected.status.reasonPhrase)
        response.body.append(#"","status":"#)
        response.body.append(decimal: Int(rejected.status.code))
        response.body.append(#","detail":""#)
        // The sentences are ours; quotes are the only bytes in them that JSON escapes.
        let detail = rejected.reason.detail
        for index in 0..<detail.utf8CodeUnitCount {
            let byte = unsafe detail.utf8Start[index]
            if byte == 34 { response.body.append(92 as UInt8) }
            response.body.append(byte)
        }
        response.body.append(#""}"#)
    }
}
