// The routes that providers deliver to: a request becomes a delivery, its answer is the plugin's. What is signed and what it means is
// WebhookIntake's.

import HTTPServer
import ProviderSDK

/// The routes of incoming webhooks.
struct WebhookRoutes: Sendable {
    let intake: WebhookIntake

    var family: RouteFamily {
        RouteFamily(
            name: "webhooks", prefix: "/webhooks",
            routes: [
                RouteEntry(.post, "/webhooks/{provider}", access: .signature, receive),
                RouteEntry(.post, "/webhooks/{provider}/{variant}", access: .signature, receive),
            ], render: Self.error)
    }

    @Sendable private func receive(_ context: RouteContext) async throws(ServiceError) -> Reply {
        let request = context.request
        var headers: [NamedValue] = []
        for index in 0..<request.headerCount {
            let field = request.header(at: index)
            headers.append(
                NamedValue(String(decoding: field.name, as: UTF8.self), String(decoding: field.value, as: UTF8.self)))
        }
        let answer = try await intake.receive(
            IncomingDelivery(
                provider: try context.parameter("provider"), variant: context.parameters["variant"], headers: headers,
                body: request.body))
        var reply = Reply(status: answer.status, headers: answer.headers.map { ($0.name, $0.value) }, body: [])
        // Anybody can send what is refused: that is counted, and told once in a while.
        reply.isLogged = 200...299 ~= answer.status
        if let json = answer.reply {
            var writer = JSONWriter(capacity: 256)
            writer.value(json)
            reply.body = writer.bytes
        }
        return reply
    }

    @Sendable private static func error(_ failure: RouteFailure) -> Reply {
        switch failure {
        case .noSuchPath: return reply(404, "Not found")
        case .service(.notFound): return reply(404, "There is no such provider, or it sends no webhooks")
        case .methodNotAllowed(let allowed):
            var reply = reply(405, "Method not allowed")
            reply.headers = [("Allow", allowed)]
            return reply
        case .service(.unavailable(let problem, let seconds)):
            var reply = reply(503, problem)
            reply.headers = [("Retry-After", String(seconds))]
            return reply
        case .service(.invalid(_, let message)): return reply(400, message)
        case .rejected(let status, let detail): return reply(status, detail)
        case .unsupportedMediaType, .foreignOrigin, .service: return reply(500, "Internal error")
        }
    }

    private static func reply(_ status: Int, _ error: String) -> Reply {
        var reply = Reply.json(status) { writer in
            writer.member("success", false)
            writer.member("error", error)
        }
        reply.isLogged = false
        return reply
    }
}
