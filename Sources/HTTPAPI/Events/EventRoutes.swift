// The route of live events: /api/events. A user reads its own, and an application those of all users or of one.

import ConnectionModel
package import Events
import HTTPServer
package import Requests
import Users

/// The live events as a route.
package struct EventRoutes: Sendable {
    package let hub: EventHub

    package init(hub: EventHub) { self.hub = hub }

    package var family: RouteFamily {
        RouteFamily(
            name: "events", prefixes: ["/api/events"],
            routes: [RouteEntry(.get, "/api/events", scope: .records, EventDeclarations.read, read)],
            errors: ApplicationErrors.document)
    }

    @Sendable private func read(_ context: RouteContext) async throws(ServiceError) -> Reply {
        let principal = try context.authenticated()
        guard principal.isUser || principal.kind == .application else {
            throw .forbidden("Only users and application keys may do this")
        }
        let audience: EventAudience = principal.kind == .application ? .all : .user(principal.userID)
        let lastID = try context[EventDeclarations.lastID]
        switch hub.refusal(of: principal.userID) {
        case .tooMany: throw .unavailable("Too many readers of live events: try again.", retryAfterSeconds: 30)
        case .tooManyOfCaller: throw .rateLimited(retryAfterSeconds: 30)
        case nil: break
        }
        return .events(from: hub.stream(audience, caller: principal.userID, after: lastID))
    }
}

extension Reply {
    /// An answer of Server-Sent Events.
    fileprivate static func events(from stream: StreamedBody) -> Reply {
        var reply = Reply(
            status: 200,
            headers: [
                ("Content-Type", "text/event-stream"), ("Cache-Control", "no-store"),
                // nginx would collect events before it passes them on.
                ("X-Accel-Buffering", "no"),
            ], body: [])
        reply.stream = stream
        return reply
    }
}
