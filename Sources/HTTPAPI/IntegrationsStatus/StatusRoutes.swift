// The routes of the status document: /api/integrations/status and three related ones. A table, and the service calls
// of each route. The event loop answers the status route.

import ConnectionModel
package import Connections
import HTTPServer
import ProviderSDK
package import Requests
import Sessions
import Users

/// The status document.
package struct StatusRoutes: Sendable {
    package let statuses: StatusService
    package let accounts: ConnectionLookup
    package let connections: ConnectionService

    package init(statuses: StatusService, accounts: ConnectionLookup, connections: ConnectionService) {
        self.statuses = statuses
        self.accounts = accounts
        self.connections = connections
    }

    package var family: RouteFamily {
        RouteFamily(
            name: "integrations-status",
            prefixes: [
                "/api/integrations/status", "/api/integrations/connect/", "/api/integrations/disconnect/",
                "/api/integrations/refresh/",
            ],
            routes: [
                RouteEntry(
                    .get, "/api/integrations/status", limit: .status, immediate: readyStatus,
                    StatusDeclarations.status, status),
                RouteEntry(
                    .post, "/api/integrations/connect/{provider}", limit: .connectionCreation,
                    StatusDeclarations.connect, connect),
                RouteEntry(
                    .delete, "/api/integrations/disconnect/{provider}/{account_id}", limit: .oauth,
                    StatusDeclarations.disconnect, disconnect),
                RouteEntry(
                    .post, "/api/integrations/refresh/{provider}/{account_id}", limit: .oauth,
                    StatusDeclarations.refresh, refresh),
            ].map { $0.opened(by: .connections) }, reportsRateLimit: true, errors: StatusErrors.document)
    }

    @Sendable private func readyStatus(_ principal: Principal) -> ReadyReply? {
        guard principal.isUser else { return nil }
        return statuses.cached(of: principal, StatusRendering.list).map(ReadyReply.init)
    }

    @Sendable private func status(_ context: RouteContext) async throws(ServiceError) -> Reply {
        let principal = try user(context)
        let status = try await Retrying.run(on: accounts.time) { () async throws(ServiceError) in
            try await statuses.read(of: principal, StatusRendering.list)
        }
        return ReadyReply(status).reply(durationMilliseconds: context.exchange.durationMilliseconds)
    }

    @Sendable private func connect(_ context: RouteContext) async throws(ServiceError) -> Reply {
        let principal = try user(context)
        var new = ConnectionService.NewConnection(service: try context.parameter("provider"))
        try IntegrationsDecoding.fill(&new, from: context.body())
        let request = new
        let created = try await Retrying.run(on: accounts.time) { () async throws(ServiceError) in
            try await connections.create(request, for: principal)
        }
        return StatusRendering.success(context.exchange) { writer in
            writer.member("provider", new.service)
            writer.member("connectionId", created.connectionID)
            writer.member("authUrl", created.authorizationURL)
            writer.member("state", created.state)
        }
    }

    @Sendable private func disconnect(_ context: RouteContext) async throws(ServiceError) -> Reply {
        let principal = try user(context)
        let connection = try await connection(context, of: principal)
        try await accounts.disconnect(connection, of: principal)
        return StatusRendering.success(context.exchange) { writer in
            writer.member("provider", connection.service)
            writer.member("accountId", connection.accountID ?? connection.service)
            writer.member("status", ConnectionStatus.disconnected.rawValue)
        }
    }

    @Sendable private func refresh(_ context: RouteContext) async throws(ServiceError) -> Reply {
        let principal = try user(context)
        let connection = try await connection(context, of: principal)
        let fresh = try await accounts.refresh(connection, of: principal)
        return StatusRendering.success(context.exchange) { writer in
            writer.member("provider", fresh.service)
            writer.member("accountId", fresh.accountID ?? fresh.service)
            writer.member("status", fresh.status.rawValue)
            writer.member("expiresAt", fresh.expiresAt?.text(withMilliseconds: true))
        }
    }

    /// Returns the connection that the path names.
    private func connection(_ context: RouteContext, of principal: Principal) async throws(ServiceError) -> Connection {
        let account = ConnectionLookup.Account(
            service: try context.parameter("provider"), accountID: try context.parameter("account_id"),
            variant: try context[StatusDeclarations.variant], connectionID: try context[StatusDeclarations.connectionID]
        )
        return try await Retrying.run(on: accounts.time) { () async throws(ServiceError) in
            try await accounts.connection(account, of: principal)
        }
    }

    /// Returns the principal, which must be a user; the token of a bot or a service names no user.
    private func user(_ context: RouteContext) throws(ServiceError) -> Principal {
        let principal = try context.authenticated()
        guard principal.isUser, UserID.isValid(principal.userID) else {
            throw .invalid(field: StatusErrors.userField, message: "Invalid user ID")
        }
        return principal
    }
}
