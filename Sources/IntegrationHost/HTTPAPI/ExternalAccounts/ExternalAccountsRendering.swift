// The shapes of the external-accounts document: a message, or an error with its status and name.

import HTTPServer
import ProviderSDK

enum ExternalAccountsRendering {
    private static let unavailable = "Something went wrong. Please try again or contact admin"

    static func message(_ message: String, status: Int = 200) -> Reply {
        .json(status) { writer in writer.member("message", message) }
    }

    static func sync(_ result: ExternalAccountService.MemberSync) -> Reply {
        .json { writer in
            writer.member("message", "Data Sync Complete")
            writer.member("usersArchivedCount", result.archived)
            writer.member("usersUnArchivedCount", result.unarchived)
            writer.member("totalUsersProcessed", result.users)
            writer.member("rdsDiscordServerUsers", result.usersPresent)
        }
    }

    static func deprecatedSync(_ result: ExternalAccountService.MemberSync) -> Reply {
        .json { writer in
            writer.member("rdsUsers", result.users)
            writer.member("discordUsers", result.members)
            writer.member("userUpdatedWithInDiscordFalse", result.archived)
            writer.member("usersMarkedUnArchived", result.unarchived)
            writer.member("message", "Data Sync Complete")
        }
    }

    /// When the route was deprecated (RFC 9745), and what to use in its place.
    static let deprecation: [(name: String, value: String)] = [
        ("Deprecation", "@1705276800"), ("Link", "</external-accounts/users>; rel=\"successor-version\""),
    ]

    static func actionFailed(_ action: String) -> Reply {
        reply(500, "User details updated but \(action) failed. Please contact admin")
    }

    /// The document's answer for a token that is not good any more.
    static var expired: Reply { reply(401, "Token Expired. Please generate it again") }

    /// An error in the document's shape.
    static func error(_ failure: RouteFailure) -> Reply {
        switch failure {
        case .noSuchPath: reply(404, "Not Found")
        case .methodNotAllowed(let allowed): reply(405, "Method Not Allowed", headers: [("Allow", allowed)])
        case .unsupportedMediaType: reply(415, "The request body must be application/json")
        case .foreignOrigin: reply(403, "Cross-origin requests are not allowed")
        case .rejected(let status, let detail): reply(status, detail)
        case .service(let error): service(error)
        }
    }

    private static func service(_ error: ServiceError) -> Reply {
        switch error {
        case .unauthenticated: reply(401, "Unauthenticated User", headers: [("WWW-Authenticate", "Bearer")])
        case .forbidden: reply(403, "You are not authorized for this action.")
        case .notFound: reply(404, "No data found")
        case .invalid(_, let message): reply(400, message)
        case .limit(let message): reply(400, message)
        case .conflict(let message): reply(409, message)
        case .rateLimited(let seconds):
            reply(429, "Too Many Requests", headers: [("Retry-After", String(seconds))])
        case .unavailable(_, let seconds): reply(503, unavailable, headers: [("Retry-After", String(seconds))])
        case .provider, .notConfigured: reply(503, unavailable, headers: [("Retry-After", "60")])
        case .damaged, .internalFault: reply(500, "An internal server error occurred")
        }
    }

    private static func reply(
        _ status: Int, _ message: String, headers: [(name: String, value: String)] = []
    ) -> Reply {
        let name = HTTPStatus(UInt16(clamping: status)).reasonPhrase
        var reply = Reply.json(status) { writer in
            writer.member("statusCode", status)
            writer.member("error", "\(name)")
            writer.member("message", message)
        }
        reply.headers = headers
        return reply
    }
}
