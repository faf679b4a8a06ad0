// Turns failures into answers: a document brings its words and the shape of its bodies, everything else is done here, once.

import HTTPServer

/// An error in the words of a document.
package struct ErrorAnswer: Sendable {
    package let kind: ErrorKind
    package let status: Int
    /// The name of the error, in documents that name errors.
    package let code: String
    package let message: String
    /// The field that is wrong and why; nil where the document does not show it.
    let details: (field: String, message: String)?
    let retryAfterSeconds: Int?
}

/// The errors of one API document.
package struct ErrorDocument: Sendable {
    /// The document's words for a failure; nil for the usual ones.
    package typealias Words = @Sendable (FailureFacts) -> ErrorWords?
    /// An answer with the document's body; the header fields of errors are added to it.
    package typealias Shape = @Sendable (ErrorAnswer, Exchange) -> Reply

    private let words: Words
    private let shape: Shape

    package init(shape: @escaping Shape, words: @escaping Words = { _ in nil }) {
        self.words = words
        self.shape = shape
    }

    /// The answer to a failure.
    package func reply(to failure: RouteFailure, _ exchange: Exchange) -> Reply {
        let facts = FailureFacts(failure)
        let answer = Self.answer(facts, words(facts) ?? ErrorWords.usual(facts.kind))
        var reply = shape(answer, exchange)
        if let methods = facts.allowedMethods { reply.headers.append(("Allow", methods)) }
        if answer.status == 401 { reply.headers.append(("WWW-Authenticate", "Bearer")) }
        if let seconds = answer.retryAfterSeconds { reply.headers.append(("Retry-After", String(seconds))) }
        return reply
    }

    private static func answer(_ facts: FailureFacts, _ words: ErrorWords) -> ErrorAnswer {
        let status = words.status ?? ErrorWords.usualStatus(facts.kind) ?? facts.status ?? 500
        let message =
            switch words.message {
            case .text(let text): text
            case .reason: facts.reason
            case .phrase: "\(HTTPStatus(UInt16(clamping: status)).reasonPhrase)"
            }
        let seconds: Int? =
            switch words.retryAfter {
            case .asGiven: facts.retryAfterSeconds
            case .seconds(let seconds): seconds
            case .never: nil
            }
        return ErrorAnswer(
            kind: facts.kind, status: status, code: words.code, message: message,
            details: words.hasDetails ? (facts.field, facts.reason) : nil, retryAfterSeconds: seconds)
    }
}
