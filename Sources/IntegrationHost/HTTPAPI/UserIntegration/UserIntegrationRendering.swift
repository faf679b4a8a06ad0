// The shapes of the UserIntegration document. Its messages are spelled as the document spells them, because clients match on them.

import HTTPServer
import ProviderSDK

enum UserIntegrationCRUDRendering {
    typealias UserIntegration = UserIntegrationService.UserIntegration

    static func one(_ integration: UserIntegration, message: String?) -> Reply {
        .json { writer in
            writer.member("status", 200)
            if let message { writer.member("message", message) }
            writer.key("data")
            write(integration, to: &writer)
        }
    }

    static func list(_ integrations: [UserIntegration]) -> Reply {
        .json { writer in
            writer.member("status", 200)
            writer.key("data")
            writer.array { writer in for integration in integrations { write(integration, to: &writer) } }
        }
    }

    private static func write(_ integration: UserIntegration, to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("id", integration.id)
            writer.member("isconnected", integration.isConnected)
            writer.member("userId", integration.userID)
            writer.member("integrationId", integration.integrationID)
        }
    }

    /// An error in the document's shape; it knows 400 and 401, and who may not do something is told 401 as well.
    static func error(_ failure: RouteFailure) -> Reply {
        switch failure {
        case .noSuchPath: reply(404, "Not Found")
        case .methodNotAllowed(let allowed): reply(405, "Method Not Allowed", headers: [("Allow", allowed)])
        case .unsupportedMediaType: reply(415, "Unsupported Media Type")
        case .foreignOrigin: reply(403, "Cross-origin requests are not allowed")
        case .rejected(400, _): reply(400, "Validation Error")
        case .rejected(let status, _): reply(status, "\(HTTPStatus(UInt16(clamping: status)).reasonPhrase)")
        case .service(let error): service(error)
        }
    }

    private static func service(_ error: ServiceError) -> Reply {
        switch error {
        case .unauthenticated, .forbidden: reply(401, "Unathorized", headers: [("WWW-Authenticate", "Bearer")])
        case .notFound: reply(400, "UserIntegrationId is Invalid")
        case .invalid, .limit, .conflict: reply(400, "Validation Error")
        case .rateLimited(let seconds):
            reply(429, "Too Many Requests", headers: [("Retry-After", String(seconds))])
        case .unavailable(_, let seconds):
            reply(503, "Service Unavailable", headers: [("Retry-After", String(seconds))])
        case .provider, .notConfigured, .damaged, .internalFault: reply(500, "Internal Server Error")
        }
    }

    private static func reply(
        _ status: Int, _ error: String, headers: [(name: String, value: String)] = []
    ) -> Reply {
        var reply = Reply.json(status) { writer in
            writer.member("status", status)
            writer.member("error", error)
        }
        reply.headers = headers
        return reply
    }
}
