// The route of the audit log: /api/audit, for superusers and application keys with the scope `admin`.

package import Audit
import ConnectionModel
import HTTPServer
package import ProviderSDK
package import Requests
import Users

/// The audit log as a route.
package struct AuditRoutes: Sendable {
    package let trail: AuditTrail

    package init(trail: AuditTrail) { self.trail = trail }

    package var family: RouteFamily {
        RouteFamily(
            name: "audit", prefixes: ["/api/audit"],
            routes: [
                RouteEntry(.get, "/api/audit", scope: .admin, isLarge: true, AuditDeclarations.list, list)
            ], errors: ApplicationErrors.document)
    }

    @Sendable private func list(_ context: RouteContext) async throws(ServiceError) -> Reply {
        try context.requireSuperuser()
        let (cursor, limit) = (try context[AuditDeclarations.cursor], try context[AuditDeclarations.limit])
        let userID = try context[AuditDeclarations.userID]
        let page = try await trail.lines(after: cursor, limit: limit, userID: userID)
        return .json { writer in
            writer.member("success", true)
            AuditRendering.members(page, to: &writer)
        }
    }
}

/// The audit log in JSON.
package enum AuditRendering {
    /// Writes the lines of a page and the place of the next one.
    package static func members(_ page: AuditPage, to writer: inout JSONWriter) {
        writer.key("entries")
        writer.array(of: page.entries) { $1.value($0) }
        writer.member("nextCursor", page.next.map(String.init))
    }
}
