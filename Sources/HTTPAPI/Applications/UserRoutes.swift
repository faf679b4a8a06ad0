// The routes of an installation's users and of all their connections: /api/users and /api/connections. They are for application keys and
// superusers; a user may read itself.

import ConnectionModel
package import Connections
import HTTPServer
import ProviderSDK
package import Requests
import Users

/// The users of an installation as routes.
package struct UserRoutes: Sendable {
    package let directory: UserDirectory
    package let erasure: UserErasure

    package init(directory: UserDirectory, erasure: UserErasure) {
        self.directory = directory
        self.erasure = erasure
    }

    private typealias Declared = UserDeclarations

    package var family: RouteFamily {
        RouteFamily(
            name: "users", prefixes: ["/api/users", "/api/connections"],
            routes: [
                RouteEntry(.get, "/api/users", scope: .users, isLarge: true, Declared.list, list),
                RouteEntry(.get, "/api/users/{id}", scope: .users, isLarge: true, Declared.get, get),
                RouteEntry(.delete, "/api/users/{id}", scope: .users, Declared.erase, erase),
                RouteEntry(
                    .get, "/api/connections", scope: .connections, isLarge: true, Declared.listConnections,
                    listConnections),
            ], errors: ApplicationErrors.document)
    }

    @Sendable private func list(_ context: RouteContext) async throws(ServiceError) -> Reply {
        try context.requireApplication()
        let page = try await directory.users(
            after: try context[Declared.userCursor], limit: try context[Declared.limit])
        return .json { writer in
            writer.member("success", true)
            writer.key("users")
            writer.array(of: page.entries) { UserRendering.entry($0, to: &$1) }
            writer.member("nextCursor", page.next?.text)
        }
    }

    @Sendable private func get(_ context: RouteContext) async throws(ServiceError) -> Reply {
        let id = try context.parameter("id")
        let principal = try context.authenticated()
        let isOwn = principal.isUser && principal.userID.utf8.elementsEqual(id.utf8)
        // To a user, other users look missing.
        guard isOwn || principal.isApplication || principal.isSuperuser else { throw .notFound }
        let user = try await directory.user(id)
        return .json { writer in
            writer.member("success", true)
            writer.key("user")
            UserRendering.user(user, to: &writer)
        }
    }

    @Sendable private func erase(_ context: RouteContext) async throws(ServiceError) -> Reply {
        try context.requireApplication()
        let outcome = try await erasure.erase(try context.parameter("id"))
        return .json { writer in
            writer.member("success", true)
            writer.key("erased")
            UserRendering.erased(outcome, to: &writer)
        }
    }

    @Sendable private func listConnections(_ context: RouteContext) async throws(ServiceError) -> Reply {
        try context.requireApplication()
        let filter = ConnectionFilter(
            kind: try context[Declared.kind], service: try context[IntegrationsDeclarations.service],
            status: try context[IntegrationsDeclarations.status])
        let page = try await directory.connections(
            filter, after: try context[Declared.connectionCursor], limit: try context[Declared.limit])
        return .json { writer in
            writer.member("success", true)
            writer.key("connections")
            writer.array(of: page.found) { UserRendering.connection($0, withUser: true, to: &$1) }
            writer.member("nextCursor", page.next?.text)
        }
    }
}

extension Principal {
    /// Whether the caller is an application, for itself or for a user.
    fileprivate var isApplication: Bool { kind == .application || kind == .onBehalf }
}

extension RouteContext {
    /// Checks that the caller is an application or a superuser; the scopes of the application are checked before.
    fileprivate func requireApplication() throws(ServiceError) {
        let principal = try authenticated()
        guard principal.isApplication || principal.isSuperuser else {
            throw .forbidden("Only application keys and superusers may do this")
        }
    }
}
