// The routes of connect sessions: /api/connect/sessions. An application's back end makes, reads and ends them.

package import Configuration
import ConnectionModel
package import Connections
import HTTPServer
import ProviderSDK
package import Requests
import Sessions
import Users

/// The connect sessions as routes.
package struct ConnectSessionRoutes: Sendable {
    package let sessions: ConnectSessions
    package let address: PublicAddress

    package init(sessions: ConnectSessions, address: PublicAddress) {
        self.sessions = sessions
        self.address = address
    }

    private typealias Declared = ConnectSessionDeclarations

    private static let path = "/api/connect/sessions"

    package var family: RouteFamily {
        RouteFamily(
            name: "connect-sessions", prefixes: ["/api/connect"],
            routes: [
                RouteEntry(.post, Self.path, Declared.create, create),
                RouteEntry(.get, Self.path + "/{id}", Declared.read, read),
                RouteEntry(.delete, Self.path + "/{id}", Declared.revoke, revoke),
            ].map { $0.opened(by: .connections) }, errors: ApplicationErrors.document)
    }

    @Sendable private func create(_ context: RouteContext) async throws(ServiceError) -> Reply {
        let principal = try application(context)
        let body = try context.body()
        let userID = try body[Declared.userID]
        guard UserID.isValid(userID), principal.mayActFor(userID) else {
            throw .invalid(field: "userId", message: "“userId” must be the id of the user for whom the request acts")
        }
        var new = NewConnectSession(userID: userID, returnTo: try body[Declared.returnTo])
        new.services = try body[Declared.services] ?? []
        new.permissions = try body[ConnectionFields.permissions] ?? []
        new.variant = try body[ConnectionFields.variant]
        new.reconnects = try body[Declared.reconnect]
        if let seconds = try body[Declared.ttlSeconds] { new.lifetime = .seconds(seconds) }
        let (session, token) = try await sessions.create(new)
        return .json(201) { writer in
            writer.member("success", true)
            writer.member("url", "\(address.url)/connect?session=\(token.text)")
            writer.member("token", token.text)
            writer.member("expiresAt", session.expiresAt.description)
            writer.member("id", session.id)
        }
    }

    @Sendable private func read(_ context: RouteContext) async throws(ServiceError) -> Reply {
        let session = try await session(context)
        return .json { writer in
            writer.member("success", true)
            writer.key("session")
            writer.object { writer in
                writer.member("id", session.id)
                writer.member("userId", session.userID)
                writer.member("state", session.state(at: sessions.time.now).rawValue)
                writer.member("services", session.services)
                writer.member("returnTo", session.returnTo)
                writer.member("createdAt", session.createdAt.description)
                writer.member("expiresAt", session.expiresAt.description)
                writer.member("service", session.outcome?.service)
                writer.member("connectionId", session.outcome?.connectionID)
                writer.member("reason", session.outcome?.reason?.rawValue)
            }
        }
    }

    @Sendable private func revoke(_ context: RouteContext) async throws(ServiceError) -> Reply {
        try await sessions.revoke(try await session(context).id)
        return .json { writer in writer.member("success", true) }
    }

    /// The session of the path, if the caller may see it.
    private func session(_ context: RouteContext) async throws(ServiceError) -> ConnectSession {
        let principal = try application(context)
        guard let session = try await sessions.session(try context.parameter("id")),
            principal.mayActFor(session.userID)
        else { throw .notFound }
        return session
    }

    /// The caller, who must be an application or a superuser.
    private func application(_ context: RouteContext) throws(ServiceError) -> Principal {
        let principal = try context.authenticated()
        guard principal.scopes != nil || principal.isSuperuser else {
            throw .forbidden("Only an application, with its key, makes connect sessions")
        }
        return principal
    }
}

extension Principal {
    /// Whether an application or a superuser may act for `userID` with this request.
    fileprivate func mayActFor(_ userID: String) -> Bool {
        kind != .onBehalf || self.userID.utf8.elementsEqual(userID.utf8)
    }
}
