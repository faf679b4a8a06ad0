// What an application decides about a request when it has seen its head and not its body. It knows no connection.

/// What happens to a request whose head announces a body; see `HTTPApplication.decide(about:_:)`.
public enum HeadDecision: Sendable {
    /// The answer was written to the response: it is sent without the body being read.
    ///
    /// The client gets no `100 Continue`. What it sends of the body is dropped within bounds, or the connection closes.
    case refuse
    /// The body is collected, and `HTTPApplication.respond(to:_:)` gets the whole request.
    ///
    /// More than `bytesMax` is refused with 413; nil means `HTTPServerLimits.bodyBytesMax`. A body with a content coding
    /// is refused with 415.
    case buffer(bytesMax: Int? = nil)
    /// `handler` reads the body piece by piece and makes the answer.
    ///
    /// More than `bytesMax` is refused with 413, from Content-Length before the handler runs. The body comes as it was
    /// sent, content coding included.
    case stream(bytesMax: Int, StreamHandler)

    /// Makes the answer to a request whose body it reads; runs as a task on the connection's event loop.
    ///
    /// It may begin its answer before it has read the body. A client that waits for `100 Continue` gets it when the
    /// handler first asks for the body.
    public typealias StreamHandler = @Sendable (BodyReader) async -> HTTPResponse
}

/// Why a body could not be read to its end, or an answer not be written to its end.
public enum BodyError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The connection has ended.
    case connectionClosed
    /// The server refuses the rest of the body, and has answered so where the answer had not begun.
    case rejected(RequestRejection)
    /// The body is longer than the caller takes.
    case tooLarge(bytesMax: Int)
    /// The answer is longer than the length it announced.
    case lengthExceeded
    /// The answer ended before the length it announced.
    case lengthNotReached
    /// `MemoryBudget` has no room left.
    case memoryExhausted

    /// What happened, and what to do.
    public var description: String {
        switch self {
        case .connectionClosed: "The connection has ended: nothing more can be read or written."
        case .rejected(let reason): "The rest of the body is refused: \(reason)"
        case .tooLarge(let bytesMax): "The body is longer than \(bytesMax) bytes: send less."
        case .lengthExceeded: "The answer is longer than the length it announced: announce the right one, or none."
        case .lengthNotReached: "The answer is shorter than the length it announced: announce the right one, or none."
        case .memoryExhausted: "The server has no memory left for bodies and answers: try again later."
        }
    }
}
