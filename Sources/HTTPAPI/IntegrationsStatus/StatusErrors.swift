// The errors of the status document: a code, a message, a duration, and always a time after which to retry.

import ProviderSDK
import Requests

enum StatusErrors {
    /// The field name of an invalid user id.
    static let userField = "userId"
    /// The seconds that a caller should wait after an error; the document gives the same time for all of them.
    private static let pause = 60

    static let document = ErrorDocument(schema: StatusDeclarations.error, shape: body) { facts in
        var words = words(facts)
        switch facts.kind {
        case .rateLimited, .providerRateLimited: break
        default: words.retryAfter = .seconds(pause)
        }
        return words
    }

    private static func words(_ facts: FailureFacts) -> ErrorWords {
        switch facts.kind {
        case .noSuchPath: ErrorWords("Not found", code: "NOT_FOUND")
        case .methodNotAllowed: ErrorWords("Method not allowed", code: "METHOD_NOT_ALLOWED")
        case .unsupportedMediaType:
            ErrorWords("The request body must be application/json", code: "UNSUPPORTED_MEDIA_TYPE")
        case .foreignOrigin: ErrorWords("Cross-origin requests are not allowed", code: "FORBIDDEN_ORIGIN")
        case .loadedAhead: ErrorWords("This address is not loaded ahead", code: "LOADED_AHEAD")
        case .invalid where facts.field == userField: ErrorWords("Invalid user ID", code: "INVALID_USER_ID")
        case .malformed, .rejected, .invalid: ErrorWords(.reason, code: "INVALID_REQUEST")
        case .unauthenticated: ErrorWords("Authentication required", code: "UNAUTHORIZED")
        case .forbidden: ErrorWords(.reason, code: "FORBIDDEN")
        case .notFound: ErrorWords("Integration not found", code: "INTEGRATION_NOT_FOUND")
        case .limit: ErrorWords(.reason, code: "LIMIT_REACHED")
        case .conflict: ErrorWords(.reason, code: "CONFLICT")
        case .rateLimited:
            ErrorWords("Too many requests. Please try again later.", code: "RATE_LIMIT_EXCEEDED")
        case .reauthorizationRequired:
            ErrorWords("The integration must be connected again", code: "REAUTHORIZATION_REQUIRED")
        case .providerRateLimited:
            ErrorWords("The integration's provider is limiting requests", code: "PROVIDER_RATE_LIMITED")
        case .providerUnreachable:
            ErrorWords("The integration's provider could not be reached", code: "PROVIDER_UNAVAILABLE")
        case .providerMisconfigured:
            ErrorWords("The integration is not configured correctly", code: "PROVIDER_MISCONFIGURED")
        case .providerRefused: ErrorWords("The integration's provider refused", code: "PROVIDER_REFUSED")
        case .notConfigured: ErrorWords(.reason, code: "NOT_CONFIGURED")
        case .unavailable, .damaged, .internalFault:
            ErrorWords("Failed to fetch integrations", status: 500, code: "INTERNAL_ERROR")
        }
    }

    @Sendable private static func body(_ error: ErrorAnswer, _ exchange: Exchange) -> Reply {
        // The document shows these two without a duration.
        let hasDuration = error.kind != .unauthenticated && error.kind != .rateLimited
        let duration = hasDuration ? exchange.durationMilliseconds : nil
        var reply = Reply.json(error.status) { writer in
            writer.member("success", false)
            writer.key("error")
            writer.object { writer in
                writer.member("code", error.code)
                writer.member("message", error.message)
            }
            if let duration { writer.member("duration", duration) }
        }
        reply.durationMilliseconds = duration
        return reply
    }
}
