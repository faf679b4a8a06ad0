// The routes of the UserIntegration document: /api/userIntegration and /api/admin/userIntegration. A table of routes,
// with decoding beside it.

import ConnectionModel
package import Connections
import HTTPServer
import ProviderSDK
package import Requests
import Sessions
import Users

/// The UserIntegration document.
package struct UserIntegrationRoutes: Sendable {
    package let integrations: UserIntegrationService

    package init(integrations: UserIntegrationService) {
        self.integrations = integrations
    }

    private typealias Declared = UserIntegrationDeclarations

    package var family: RouteFamily {
        RouteFamily(
            name: "user-integration-crud", prefixes: ["/api/userIntegration", "/api/admin/userIntegration"],
            routes: [
                RouteEntry(.post, "/api/userIntegration", Declared.create, create),
                RouteEntry(.get, "/api/userIntegration", Declared.list, list),
                RouteEntry(.get, "/api/userIntegration/{id}", Declared.read, read),
                RouteEntry(.patch, "/api/admin/userIntegration/{id}", Declared.update, update),
                RouteEntry(.delete, "/api/admin/userIntegration/{id}", Declared.delete, delete),
            ].map { $0.opened(by: .connections) }, errors: UserIntegrationErrors.document)
    }

    @Sendable private func create(_ context: RouteContext) async throws(ServiceError) -> Reply {
        let principal = try caller(context)
        let wanted = try pair(context)
        let created = try await integrations.create(
            user: wanted.userID, integration: wanted.integration, isConnected: wanted.isConnected, for: principal)
        return UserIntegrationRendering.one(created, message: "UserIntegration created succesfully!!")
    }

    private func pair(
        _ context: RouteContext
    ) throws(ServiceError) -> (userID: String, integration: String, isConnected: Bool) {
        let body = try context.body()
        let isConnected = try body[Declared.requiredIsConnected] ?? false
        let userID = try body[Declared.userID]
        let integration = try body[Declared.integrationID]
        guard UserID.isValid(userID), integration.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
            throw .invalid(field: "userId", message: "“userId” must not contain control characters")
        }
        return (userID, integration, isConnected)
    }

    @Sendable private func list(_ context: RouteContext) async throws(ServiceError) -> Reply {
        let principal = try caller(context)
        let page = try context[Declared.page]
        let limit = try context[Declared.limit]
        let userID = try context[Declared.user].flatMap { $0.isEmpty ? nil : $0 }
        let position = try context[Declared.cursor]
        return UserIntegrationRendering.list(
            try await integrations.list(user: userID, page: page, limit: limit, after: position, for: principal))
    }

    @Sendable private func read(_ context: RouteContext) async throws(ServiceError) -> Reply {
        UserIntegrationRendering.one(
            try await integrations.find(try context.parameter("id"), for: caller(context)), message: nil)
    }

    @Sendable private func update(_ context: RouteContext) async throws(ServiceError) -> Reply {
        let principal = try superuser(context)
        let isConnected = try context.body()[Declared.isConnected]
        let changed = try await integrations.update(
            try context.parameter("id"), isConnected: isConnected, by: principal)
        return UserIntegrationRendering.one(changed, message: "UserIntegration updated successufully!!")
    }

    @Sendable private func delete(_ context: RouteContext) async throws(ServiceError) -> Reply {
        let principal = try superuser(context)
        try await integrations.delete(try context.parameter("id"), by: principal)
        return .json { writer in
            writer.member("status", 200)
            writer.member("message", "UserIntegration deleted Successfuly")
        }
    }

    /// Returns the principal, which must be a user or a superuser; a program of the operator owns no integrations.
    private func caller(_ context: RouteContext) throws(ServiceError) -> Principal {
        let principal = try context.authenticated()
        guard principal.isUser || principal.isSuperuser else {
            throw .forbidden("Only users and superusers may do this")
        }
        return principal
    }

    /// Returns the principal, which must be a superuser; routes check this before anything else in the request.
    private func superuser(_ context: RouteContext) throws(ServiceError) -> Principal {
        let principal = try context.authenticated()
        guard principal.isSuperuser else { throw .forbidden("Only superusers may do this") }
        return principal
    }
}
