// The routes of application keys: /api/app-keys. Superusers make, list, rotate and revoke them.

import ConnectionModel
import HTTPServer
package import Primitives
import ProviderSDK
package import Requests
package import Sessions
import Users

/// The application keys as routes.
package struct ApplicationKeyRoutes: Sendable {
    package let keys: ApplicationKeys
    package let time: TimeSource

    package init(keys: ApplicationKeys, time: TimeSource) {
        self.keys = keys
        self.time = time
    }

    private typealias Declared = ApplicationKeyDeclarations

    package var family: RouteFamily {
        RouteFamily(
            name: "app-keys", prefixes: ["/api/app-keys"],
            routes: [
                RouteEntry(.post, "/api/app-keys", Declared.create, create),
                RouteEntry(.get, "/api/app-keys", Declared.list, list),
                RouteEntry(.post, "/api/app-keys/{id}/rotate", Declared.rotate, rotate),
                RouteEntry(.delete, "/api/app-keys/{id}", Declared.revoke, revoke),
            ].map { $0.opened(by: .admin) }, errors: ApplicationErrors.document)
    }

    @Sendable private func create(_ context: RouteContext) async throws(ServiceError) -> Reply {
        try context.requireSuperuser()
        let body = try context.body()
        let scopes = try body[Declared.scopes].map { (names) throws(ServiceError) in
            try ApplicationScope.scopes(named: names)
        }
        let new = try NewApplicationKey(
            name: try body[Declared.name], scopes: scopes, lifetimeDays: try body[Declared.lifetimeDays], at: time.now)
        let (key, stored) = try await keys.create(new)
        return Self.secret(key, stored, status: 201)
    }

    @Sendable private func list(_ context: RouteContext) async throws(ServiceError) -> Reply {
        try context.requireSuperuser()
        let found = try await keys.list()
        return .json { writer in
            writer.member("success", true)
            writer.key("keys")
            writer.array { writer in
                for key in found { ApplicationKeyRendering.key(key, to: &writer) }
            }
        }
    }

    @Sendable private func rotate(_ context: RouteContext) async throws(ServiceError) -> Reply {
        try context.requireSuperuser()
        let hours = try context.body()[Declared.overlapHours]
        let (key, stored) = try await keys.rotate(
            try context.parameter("id"), overlapHours: hours ?? ApplicationKeyLimits.overlapHoursDefault)
        return Self.secret(key, stored, status: 200)
    }

    @Sendable private func revoke(_ context: RouteContext) async throws(ServiceError) -> Reply {
        try context.requireSuperuser()
        guard try await keys.revoke(try context.parameter("id")) else { throw .notFound }
        return .json { writer in writer.member("success", true) }
    }

    /// Returns a key with its secret, which no later answer has.
    private static func secret(_ key: IssuedKey, _ stored: ApplicationKey, status: Int) -> Reply {
        .json(status) { writer in
            writer.member("success", true)
            writer.member("secret", key.text)
            writer.key("key")
            ApplicationKeyRendering.key(stored, to: &writer)
        }
    }
}

extension RouteContext {
    /// Checks that the caller is a superuser; routes check this before anything else in the request.
    func requireSuperuser() throws(ServiceError) {
        guard try authenticated().isSuperuser else { throw .forbidden("Only superusers may do this") }
    }
}
