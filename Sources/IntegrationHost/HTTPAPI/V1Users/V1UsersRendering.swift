// The shapes of the user-integrations document: bare bodies, and errors with a description.

import HTTPServer
import ProviderSDK

enum UserIntegrationsRendering {
    /// One member per variant: who has which account there, or null.
    static func accounts(
        _ accounts: [(variant: String, accountID: String?)], _ provider: ConfiguredProvider, userID: String
    ) -> Reply {
        .json { writer in
            for (variant, accountID) in accounts {
                writer.key(variant)
                guard let accountID else {
                    writer.null()
                    continue
                }
                writer.object { writer in
                    writer.key("userID")
                    if let number = number(userID) { writer.value(number) } else { writer.value(userID) }
                    writer.member("accountID", accountID)
                    writer.member("forImportType", "api/\(provider.id)-\(variant)")
                }
            }
        }
    }

    /// The number that a user id is: canonical decimal digits of an integer that every reader of JSON keeps exactly.
    static func number(_ userID: String) -> Int? {
        let digits = userID.utf8
        guard 1...16 ~= digits.count, digits.allSatisfy({ 0x30...0x39 ~= $0 }),
            digits.count == 1 || digits.first != 0x30
        else { return nil }
        let number = digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
        return number < 1 << 53 ? number : nil
    }

    /// An error in the document's shape.
    static func error(_ failure: RouteFailure) -> Reply {
        switch failure {
        case .noSuchPath: reply(404, "There is no such route.")
        case .methodNotAllowed(let allowed):
            reply(405, "This route does not have that method.", headers: [("Allow", allowed)])
        case .unsupportedMediaType: reply(415, "The request body must be application/json.")
        case .foreignOrigin: reply(403, "Cross-origin requests are not allowed.")
        case .rejected(let status, let detail): reply(status, detail)
        case .service(let error): service(error)
        }
    }

    private static func service(_ error: ServiceError) -> Reply {
        switch error {
        case .unauthenticated:
            reply(
                401, "This endpoint requires session-level authentication.", headers: [("WWW-Authenticate", "Bearer")])
        case .forbidden(let message): reply(403, message)
        case .notFound: reply(404, "There is no such integration.")
        case .invalid(let field, let message): reply(400, "\(field): \(message)")
        case .limit(let message): reply(400, message)
        case .conflict(let message): reply(409, message)
        case .rateLimited(let seconds):
            reply(429, "Too many requests.", headers: [("Retry-After", String(seconds))])
        case .provider(let error): provider(error)
        case .notConfigured(let message): reply(500, message)
        case .unavailable(_, let seconds):
            reply(503, "The store cannot be reached for now.", headers: [("Retry-After", String(seconds))])
        case .damaged, .internalFault: reply(500, "Internal error.")
        }
    }

    /// What the service refused is the caller's fault; everything else is not.
    private static func provider(_ error: ProviderError) -> Reply {
        if let status = error.status, 400..<500 ~= status {
            return reply(400, "The service refused the code with status \(status).")
        }
        if let status = error.status { return reply(500, "The service answered with status \(status).") }
        return reply(500, "We failed to reach the service, or did not understand its answer.")
    }

    private static func reply(
        _ status: Int, _ description: String, headers: [(name: String, value: String)] = []
    ) -> Reply {
        var reply = Reply.json(status) { writer in
            writer.member("success", false)
            writer.member("description", description)
        }
        reply.headers = headers
        return reply
    }
}
