// The routes of a connection's notifications: show and rotate the signing secret, list deliveries, deliver again, send a
// test. Each looks up the connection before it checks the request, so that another user's connection always looks missing.

import ConnectionModel
import Connections
import HTTPServer
import Notifications
import ProviderSDK
import Requests
import Users

extension IntegrationsRoutes {
    @Sendable func showWebhookSecret(_ context: RouteContext) async throws(ServiceError) -> Reply {
        let principal = try context.authenticated()
        return Self.reply(try await webhooks.secret(of: try context.parameter("id"), user: principal.userID))
    }

    @Sendable func rotateWebhookSecret(_ context: RouteContext) async throws(ServiceError) -> Reply {
        let (connection, principal) = try await ownConnection(context)
        _ = try context.body()
        return Self.reply(try await webhooks.rotateSecret(of: connection.id, user: principal.userID))
    }

    @Sendable func listDeliveries(_ context: RouteContext) async throws(ServiceError) -> Reply {
        let connection = try await connections.withHistory(
            try context.parameter("id"), of: context.authenticated())
        let limit = try context[IntegrationsDeclarations.deliveryLimit]
        let page = try context[ListParameters.page]
        return DeliveryRendering.deliveries(of: connection, page: page, limit: limit)
    }

    @Sendable func testDelivery(_ context: RouteContext) async throws(ServiceError) -> Reply {
        let (connection, principal) = try await ownConnection(context)
        _ = try context.body()
        return DeliveryRendering.delivery(try await webhooks.test(connection.id, of: principal.userID))
    }

    @Sendable func redeliver(_ context: RouteContext) async throws(ServiceError) -> Reply {
        let (connection, principal) = try await ownConnection(context)
        _ = try context.body()
        return DeliveryRendering.delivery(
            try await webhooks.redeliver(
                try context.parameter("eventId"), of: connection.id, user: principal.userID))
    }

    /// Returns the connection that the path names, and the caller, who owns it.
    private func ownConnection(
        _ context: RouteContext
    ) async throws(ServiceError) -> (connection: Connection, principal: Principal) {
        let principal = try context.authenticated()
        return (try await connections.connection(try context.parameter("id"), of: principal), principal)
    }

    private static func reply(_ shown: NotificationService.ShownSecret) -> Reply {
        .json { writer in
            writer.member("success", true)
            writer.member("secret", shown.secret.value)
            writer.member("previousSecretExpiresAt", shown.previousUntil?.description)
        }
    }
}
