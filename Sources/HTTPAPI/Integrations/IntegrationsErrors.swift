// The errors of the integrations document: `{"success":false,"error":…}`, with details where the document has them.

import ProviderSDK
import Requests
import Users

enum IntegrationsErrors {
    /// The document's words for 400 and 403.
    private static let invalid = "Invalid integration configuration"
    private static let forbidden = "Insufficient permissions for this integration"
    private static let notFound = "Integration not found"
    /// The seconds that a caller should wait when the failure names no time.
    private static let pause = 60

    static let document = ErrorDocument(schema: CommonSchemas.error, shape: body, words: words)

    @Sendable private static func words(_ facts: FailureFacts) -> ErrorWords? {
        switch facts.kind {
        case .malformed, .invalid, .limit: ErrorWords(invalid, status: 400, hasDetails: true)
        case .providerRefused, .reauthorizationRequired: ErrorWords(invalid, status: 400, hasDetails: true)
        case .unauthenticated: ErrorWords("Authentication required", hasDetails: !facts.reason.isEmpty)
        case .foreignOrigin: ErrorWords(forbidden)
        case .forbidden: ErrorWords(forbidden, hasDetails: true)
        case .notFound: ErrorWords(notFound)
        case .rateLimited: "Rate limit exceeded"
        case .providerUnreachable:
            ErrorWords(
                "The integration's provider could not be reached", hasDetails: true, retryAfter: .seconds(pause))
        case .providerMisconfigured: ErrorWords("The integration is not configured correctly", hasDetails: true)
        case .notConfigured: ErrorWords(.reason, retryAfter: .seconds(pause))
        case .unavailable: "Service temporarily unavailable"
        case .damaged: ErrorWords(.reason)
        case .internalFault: ErrorWords("Internal error", retryAfter: .seconds(pause))
        default: nil
        }
    }

    @Sendable static func body(_ error: ErrorAnswer, _ exchange: Exchange) -> Reply {
        return .json(error.status) { writer in
            writer.member("success", false)
            writer.member("error", error.message)
            // The document's 429 has no details.
            let step = error.kind == .rateLimited ? nil : error.step
            let details = error.details ?? step.map { ($0.field, error.message) }
            if let details {
                writer.key("details")
                writer.object { writer in
                    writer.member("field", details.field.isEmpty ? "request" : details.field)
                    writer.member("message", details.message)
                    if let step { writer.member("reason", step.reason.rawValue) }
                }
            }
            if let seconds = error.retryAfterSeconds { writer.member("retryAfter", seconds) }
        }
    }
}
