// One row of a table of error words, and the default words. Knows no body format.

import HTTPServer

/// The answer of a document to one kind of failure.
package struct ErrorWords: Sendable, ExpressibleByStringLiteral {
    /// The source of the message of an answer.
    package enum Message: Sendable {
        case text(String)
        /// The failure's own message.
        case reason
        /// The reason phrase of the status.
        case phrase
    }

    /// When the answer says to retry.
    package enum RetryAfter: Sendable {
        /// The time that the failure gives.
        case asGiven
        case seconds(Int)
        case never
    }

    /// The status; nil for the default one of the failure.
    package var status: Int?
    /// The name of the error, in documents that name errors.
    package var code: String
    package var message: Message
    /// Whether the answer names the wrong field and the failure's own message.
    package var hasDetails: Bool
    package var retryAfter: RetryAfter

    package init(
        _ message: Message, status: Int? = nil, code: String = "", hasDetails: Bool = false,
        retryAfter: RetryAfter = .asGiven
    ) {
        self.status = status
        self.code = code
        self.message = message
        self.hasDetails = hasDetails
        self.retryAfter = retryAfter
    }

    package init(
        _ text: String, status: Int? = nil, code: String = "", hasDetails: Bool = false,
        retryAfter: RetryAfter = .asGiven
    ) {
        self.init(.text(text), status: status, code: code, hasDetails: hasDetails, retryAfter: retryAfter)
    }

    package init(stringLiteral text: String) { self.init(.text(text)) }

    /// Returns the default words, for documents whose table has none.
    static func usual(_ kind: ErrorKind) -> ErrorWords {
        switch kind {
        case .noSuchPath, .notFound: "Not found"
        case .methodNotAllowed: "Method not allowed"
        case .unsupportedMediaType: "The request body must be application/json"
        case .foreignOrigin: "Cross-origin requests are not allowed"
        case .loadedAhead: "This address has an effect, so it is not loaded ahead: open it"
        case .unauthenticated: "Authentication required"
        case .rateLimited: "Too many requests"
        case .providerUnreachable: "The integration's provider could not be reached"
        case .providerRateLimited: "The integration's provider is limiting requests"
        case .providerMisconfigured: "The integration is not configured correctly"
        case .reauthorizationRequired: "The integration must be connected again"
        case .providerRefused: "The integration's provider refused"
        case .damaged, .internalFault: "Internal error"
        case .malformed, .rejected, .forbidden, .invalid, .limit, .conflict, .notConfigured, .unavailable:
            ErrorWords(.reason)
        }
    }

    /// Returns the default status of `kind`; nil when the failure itself carries one.
    static func usualStatus(_ kind: ErrorKind) -> Int? {
        switch kind {
        case .malformed, .rejected: nil
        case .invalid, .limit, .providerRefused: 400
        case .unauthenticated: 401
        case .forbidden, .foreignOrigin: 403
        case .noSuchPath, .notFound: 404
        case .methodNotAllowed: 405
        case .conflict, .reauthorizationRequired: 409
        case .unsupportedMediaType: 415
        case .rateLimited: 429
        case .damaged, .internalFault: 500
        case .providerUnreachable, .providerMisconfigured: 502
        case .providerRateLimited, .notConfigured, .unavailable, .loadedAhead: 503
        }
    }
}
