// Turns failures into answers. A document supplies its words and the format of its bodies; everything else happens
// here, once.

import ConnectionModel
import HTTPServer

/// An error in the words of a document.
package struct ErrorAnswer: Sendable {
    package let kind: ErrorKind
    package let status: Int
    /// The name of the error, in documents that name errors.
    package let code: String
    package let message: String
    /// The wrong field and the reason; nil when the document does not show them.
    package let details: (field: String, message: String)?
    package let retryAfterSeconds: Int?
    /// Whether a person in a browser reads the answer.
    package let isForPage: Bool
}

/// The errors of one API document.
package struct ErrorDocument: Sendable {
    /// The document's words for a failure; nil for the default ones.
    package typealias Words = @Sendable (FailureFacts) -> ErrorWords?
    /// Renders an answer with the document's body; the caller adds the header fields of errors.
    package typealias Shape = @Sendable (ErrorAnswer, Exchange) -> Reply

    private let words: Words
    private let shape: Shape
    /// The shape of the JSON bodies, for a reader; nil when they are not JSON.
    package let schema: Schema?

    package init(schema: Schema?, shape: @escaping Shape, words: @escaping Words = { _ in nil }) {
        self.words = words
        self.shape = shape
        self.schema = schema
    }

    /// Returns the answer to a failure.
    package func reply(to failure: RouteFailure, _ exchange: Exchange) -> Reply {
        let facts = FailureFacts(failure)
        let answer = Self.answer(facts, words(facts) ?? ErrorWords.usual(facts.kind))
        var reply = shape(answer, exchange)
        if let methods = facts.allowedMethods { reply.headers.append(("Allow", methods)) }
        if answer.status == 401 { reply.headers.append(("WWW-Authenticate", "Bearer")) }
        if let seconds = answer.retryAfterSeconds { reply.headers.append(("Retry-After", String(seconds))) }
        return reply
    }

    /// Returns the reason of a refusal whose answer does not show it, because the document fixes its words.
    func hiddenReason(of error: ServiceError) -> (field: String, reason: String)? {
        let facts = FailureFacts(.service(error))
        switch facts.kind {
        case .invalid, .limit, .conflict: break
        default: return nil
        }
        let words = words(facts) ?? ErrorWords.usual(facts.kind)
        guard !words.hasDetails else { return nil }
        switch words.message {
        case .reason: return nil
        case .text(let text) where text.contains(facts.reason): return nil
        case .text, .phrase: return (facts.field, facts.reason)
        }
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
            details: words.hasDetails ? (facts.field, facts.reason) : nil,
            retryAfterSeconds: seconds.map { min(max(0, $0), FailureFacts.retryAfterSecondsMax) },
            isForPage: facts.isForPage)
    }
}
