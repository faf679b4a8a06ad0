// The errors of the external-accounts document: the status, its name and a message.

import HTTPServer
import ProviderSDK
import Requests

enum ExternalAccountsErrors {
    private static let unavailable = "Something went wrong. Please try again or contact admin"
    /// The seconds that a caller should wait when the failure names no time.
    private static let pause = 60

    static let document = ErrorDocument(
        schema: ExternalAccountsDeclarations.error, shape: { error, _ in reply(error.status, error.message) },
        words: words)

    @Sendable private static func words(_ facts: FailureFacts) -> ErrorWords? {
        switch facts.kind {
        case .noSuchPath: "Not Found"
        case .methodNotAllowed: "Method Not Allowed"
        case .unauthenticated: "Unauthenticated User"
        case .forbidden: "You are not authorized for this action."
        case .notFound: "No data found"
        case .rateLimited: "Too Many Requests"
        case .unavailable: ErrorWords(unavailable)
        case .providerUnreachable, .providerRateLimited, .providerMisconfigured, .reauthorizationRequired,
            .providerRefused, .notConfigured:
            ErrorWords(unavailable, status: 503, retryAfter: .seconds(pause))
        case .damaged, .internalFault: "An internal server error occurred"
        case .unsupportedMediaType, .foreignOrigin, .loadedAhead, .malformed, .rejected, .invalid, .limit, .conflict:
            nil
        }
    }

    /// Renders the document's body for an error.
    static func reply(_ status: Int, _ message: String) -> Reply {
        let name = HTTPStatus(UInt16(clamping: status)).reasonPhrase
        return .json(status) { writer in
            writer.member("statusCode", status)
            writer.member("error", "\(name)")
            writer.member("message", message)
        }
    }
}
