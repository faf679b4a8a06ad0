// The errors of /api/userIntegration: the status and an error. Errors keep the document's spelling, because clients
// match on it.

import ProviderSDK
import Requests

enum UserIntegrationErrors {
    static let document = ErrorDocument(schema: UserIntegrationDeclarations.error, shape: body, words: words)

    /// The document has only 400 and 401, so a principal without permission also gets 401.
    @Sendable private static func words(_ facts: FailureFacts) -> ErrorWords? {
        switch facts.kind {
        case .unauthenticated, .forbidden: ErrorWords("Unathorized", status: 401)
        case .notFound: ErrorWords("UserIntegrationId is Invalid", status: 400)
        case .malformed, .invalid, .limit, .conflict: ErrorWords("Validation Error", status: 400)
        case .foreignOrigin, .loadedAhead: nil
        case .providerUnreachable, .providerRateLimited, .providerMisconfigured, .reauthorizationRequired,
            .providerRefused, .notConfigured:
            ErrorWords(.phrase, status: 500, retryAfter: .never)
        case .noSuchPath, .methodNotAllowed, .unsupportedMediaType, .rejected, .rateLimited, .unavailable, .damaged,
            .internalFault:
            ErrorWords(.phrase)
        }
    }

    @Sendable private static func body(_ error: ErrorAnswer, _ exchange: Exchange) -> Reply {
        .json(error.status) { writer in
            writer.member("status", error.status)
            writer.member("error", error.message)
        }
    }
}
