// The envelope of the status document: success with data and a duration, errors with a code and a message.

import HTTPServer
import ProviderSDK

extension StatusList: ImmediateReply {
    var facts: ReplyFacts { ReplyFacts(integrationCount: count, expiredCount: expiredCount) }

    func writeBody(durationMilliseconds: Int, to body: inout ByteBuffer) {
        Metrics.integrationsTold.add(count)
        if expiredCount > 0 { Metrics.expiredTold.add(expiredCount) }
        body.append("{\"success\":true,\"data\":{\"integrations\":")
        body.append(bytes)
        body.append("},\"duration\":")
        body.append(decimal: durationMilliseconds)
        body.append(UInt8(ascii: "}"))
    }

    /// The whole answer for handlers that wait.
    func reply(durationMilliseconds: Int) -> Reply {
        var buffer = ByteBuffer(capacity: bytes.count + 128)
        writeBody(durationMilliseconds: durationMilliseconds, to: &buffer)
        return Reply(status: 200, body: buffer.array, durationMilliseconds: durationMilliseconds, facts: facts)
    }
}

enum StatusRendering {
    /// The name under which a wrong user id is told.
    static let userField = "userId"
    /// What a client waits after an error, as the document has it for all of them.
    private static let retryAfterSeconds = 60

    /// `{"success":true,"data":{…},"duration":…}`.
    static func success(_ exchange: Exchange, _ data: (inout JSONWriter) -> Void) -> Reply {
        let duration = exchange.durationMilliseconds
        var reply = Reply.json { writer in
            writer.member("success", true)
            writer.key("data")
            writer.object(data)
            writer.member("duration", duration)
        }
        reply.durationMilliseconds = duration
        return reply
    }

    /// An error in the document's shape.
    @Sendable static func error(_ failure: RouteFailure, _ exchange: Exchange) -> Reply {
        switch failure {
        case .noSuchPath: reply(404, "NOT_FOUND", "Not found", exchange)
        case .methodNotAllowed(let allowed):
            reply(405, "METHOD_NOT_ALLOWED", "Method not allowed", exchange, headers: [("Allow", allowed)])
        case .unsupportedMediaType:
            reply(415, "UNSUPPORTED_MEDIA_TYPE", "The request body must be application/json", exchange)
        case .foreignOrigin: reply(403, "FORBIDDEN_ORIGIN", "Cross-origin requests are not allowed", exchange)
        case .rejected(let status, let detail): reply(status, "INVALID_REQUEST", detail, exchange)
        case .service(let error): service(error, exchange)
        }
    }

    private static func service(_ error: ServiceError, _ exchange: Exchange) -> Reply {
        switch error {
        case .unauthenticated:
            return reply(
                401, "UNAUTHORIZED", "Authentication required", nil, headers: [("WWW-Authenticate", "Bearer")])
        case .invalid(userField, _): return reply(400, "INVALID_USER_ID", "Invalid user ID", exchange)
        case .invalid(_, let message): return reply(400, "INVALID_REQUEST", message, exchange)
        case .limit(let message): return reply(400, "LIMIT_REACHED", message, exchange)
        case .forbidden(let message): return reply(403, "FORBIDDEN", message, exchange)
        case .notFound: return reply(404, "INTEGRATION_NOT_FOUND", "Integration not found", exchange)
        case .conflict(let message): return reply(409, "CONFLICT", message, exchange)
        case .rateLimited(let seconds):
            return reply(
                429, "RATE_LIMIT_EXCEEDED", "Too many requests. Please try again later.", nil, retryAfter: seconds)
        case .provider(let error): return provider(error, exchange)
        case .notConfigured(let message): return reply(503, "NOT_CONFIGURED", message, exchange, retryAfter: 60)
        case .unavailable, .damaged, .internalFault:
            return reply(
                500, "INTERNAL_ERROR", "Failed to fetch integrations", exchange, retryAfter: retryAfterSeconds)
        }
    }

    private static func provider(_ error: ProviderError, _ exchange: Exchange) -> Reply {
        switch error.kind {
        case .authExpired, .authRevoked:
            reply(409, "REAUTHORIZATION_REQUIRED", "The integration must be connected again", exchange)
        case .rateLimited(let pause):
            reply(
                503, "PROVIDER_RATE_LIMITED", "The integration's provider is limiting requests", exchange,
                retryAfter: max(1, Int((pause ?? .seconds(60)) / .seconds(1))))
        case .transient:
            reply(
                502, "PROVIDER_UNAVAILABLE", "The integration's provider could not be reached", exchange,
                retryAfter: retryAfterSeconds)
        case .misconfigured:
            reply(502, "PROVIDER_MISCONFIGURED", "The integration is not configured correctly", exchange)
        default: reply(400, "PROVIDER_REFUSED", "The integration's provider refused", exchange)
        }
    }

    /// An error; without an exchange its body tells no duration.
    private static func reply(
        _ status: Int, _ code: String, _ message: String, _ exchange: Exchange?, retryAfter: Int? = nil,
        headers: [(name: String, value: String)] = []
    ) -> Reply {
        let duration = exchange?.durationMilliseconds
        var reply = Reply.json(status) { writer in
            writer.member("success", false)
            writer.key("error")
            writer.object { writer in
                writer.member("code", code)
                writer.member("message", message)
            }
            if let duration { writer.member("duration", duration) }
        }
        reply.headers = headers
        reply.durationMilliseconds = duration
        reply.headers.append(("Retry-After", String(retryAfter ?? retryAfterSeconds)))
        return reply
    }
}
