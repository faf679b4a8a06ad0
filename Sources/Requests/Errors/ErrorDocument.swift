// Turns failures into answers. A document supplies its words and the format of its bodies; everything else happens
// here, once.

import ConnectionModel
import HTTPServer
import Sessions
package import Users

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
    /// Why a step of connecting failed, with the part of the request or of the host that failed; nil for any other failure.
    package let step: (reason: FailureReason, field: String)?
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
        reply.step = facts.step.map {
            Reply.Step(
                reason: $0, connectionID: nil, message: facts.reason, retryAfterSeconds: answer.retryAfterSeconds)
        }
        if let methods = facts.allowedMethods { reply.headers.append(("Allow", methods)) }
        if answer.status == 401 { reply.headers.append(("WWW-Authenticate", facts.challenge)) }
        if let seconds = answer.retryAfterSeconds { reply.headers.append(("Retry-After", String(seconds))) }
        return reply
    }

    /// Returns the status of the answer to a failure.
    package func status(of failure: RouteFailure) -> Int {
        let facts = FailureFacts(failure)
        return Self.answer(facts, words(facts) ?? ErrorWords.usual(facts.kind)).status
    }

    /// Returns the reason of a refusal whose answer does not show it, because the document fixes its words.
    func hiddenReason(of failure: RouteFailure) -> (field: String, reason: String)? {
        let facts = FailureFacts(failure)
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
            step: facts.step.map { ($0, facts.field) })
    }
}

extension FailureFacts {
    /// The value of the field `WWW-Authenticate` (RFC 6750 section 3).
    ///
    /// A request without a token gets no error code, as that section asks.
    fileprivate var challenge: String {
        // A document without 403 answers a token without the right with 401.
        switch token ?? (kind == .forbidden ? .wrongKind : nil) {
        case nil: #"Bearer"#
        case .missing: #"Bearer error_description="The token is missing""#
        case .expired: Self.challenge("The token has expired")
        case .wrongKind: Self.challenge("The token is of the wrong kind for this route")
        case .invalid: Self.challenge("The token is not valid")
        }
    }

    private static func challenge(_ description: String) -> String {
        #"Bearer error="invalid_token", error_description="\#(description)""#
    }
}
