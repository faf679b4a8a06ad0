// The routes that providers deliver to: a request becomes a delivery, and the plugin determines the answer.
// WebhookIntake verifies and parses the delivery.

import ConnectionModel
import HTTPServer
import ProviderSDK
package import Requests
package import Webhooks

/// The routes of incoming webhooks.
package struct WebhookRoutes: Sendable {
    package let intake: WebhookIntake

    package init(intake: WebhookIntake) {
        self.intake = intake
    }

    package var family: RouteFamily {
        RouteFamily(
            name: "webhooks", prefixes: ["/webhooks"],
            routes: [
                RouteEntry(
                    .post, "/webhooks/{provider}", access: .signature, limit: .unlimited, Self.declaration, receive),
                RouteEntry(
                    .post, "/webhooks/{provider}/{variant}", access: .signature, limit: .unlimited, Self.declaration,
                    receive),
            ], errors: Self.errors)
    }

    private static let declaration = RouteDeclaration(
        "Take a delivery of a provider. The provider fixes its body and its signature.",
        .other(200, "It is stored; the provider fixes the body of the answer", mediaType: "*/*"),
        .other(204, "It is stored, or answers the provider's question"))

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
        // Any caller can send a delivery that is refused, so refusals are counted and rarely logged.
        reply.isLogged = 200...299 ~= answer.status
        if let json = answer.reply {
            var writer = JSONWriter(capacity: 256)
            writer.value(json)
            reply.body = writer.bytes
        }
        return reply
    }

    /// The errors of the routes; the request log has no line for a refusal, because any caller can cause one.
    package static let errors = ErrorDocument(schema: nil) { error, exchange in
        var reply = SystemErrors.body(error, exchange)
        reply.isLogged = false
        return reply
    } words: { facts in
        facts.kind == .notFound ? "There is no such provider, or it sends no webhooks" : nil
    }
}
