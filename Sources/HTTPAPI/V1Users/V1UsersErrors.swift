// The errors of /api/v1/users: `success` and a description.

import ProviderSDK
import Requests

enum V1UsersErrors {
    static let document = ErrorDocument(schema: V1UsersDeclarations.error, shape: body, words: words)

    @Sendable private static func words(_ facts: FailureFacts) -> ErrorWords? {
        switch facts.kind {
        case .noSuchPath: "There is no such route."
        case .methodNotAllowed: "This route does not have that method."
        case .unsupportedMediaType: "The request body must be application/json."
        case .foreignOrigin: "Cross-origin requests are not allowed."
        case .unauthenticated: "This endpoint requires session-level authentication."
        case .notFound: "There is no such integration."
        case .invalid: ErrorWords("\(facts.field): \(facts.reason)")
        case .rateLimited: "Too many requests."
        case .providerUnreachable, .providerRateLimited, .providerMisconfigured, .reauthorizationRequired,
            .providerRefused:
            provider(status: facts.status)
        case .notConfigured: ErrorWords(.reason, status: 500)
        case .unavailable: "The store cannot be reached for now."
        case .damaged, .internalFault: "Internal error."
        case .malformed, .rejected, .forbidden, .limit, .conflict, .loadedAhead: nil
        }
    }

    /// Returns the words for a provider failure, whose answer had `status`, or for no answer.
    ///
    /// A refusal by the service is an error of the caller; everything else is an error of the server.
    private static func provider(status: Int?) -> ErrorWords {
        guard let status else {
            return ErrorWords(
                "We failed to reach the service, or did not understand its answer.", status: 500, retryAfter: .never)
        }
        return 400..<500 ~= status
            ? ErrorWords("The service refused the code with status \(status).", status: 400, retryAfter: .never)
            : ErrorWords("The service answered with status \(status).", status: 500, retryAfter: .never)
    }

    @Sendable private static func body(_ error: ErrorAnswer, _ exchange: Exchange) -> Reply {
        .json(error.status) { writer in
            writer.member("success", false)
            writer.member("description", error.message)
        }
    }
}
