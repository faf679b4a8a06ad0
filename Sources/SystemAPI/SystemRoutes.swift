// The routes for operators and browsers that belong to no API document: health, readiness, metrics, icons, and the
// table of routes itself.

import ConnectionModel
import HTTPServer
import ProviderSDK
package import Providers
package import Requests

/// The system routes.
package struct SystemRoutes: Sendable {
    /// Returns why the host is not ready; nil when it is ready.
    package let unreadyReason: @Sendable () async -> String?
    /// Returns why the host does no background work; nil when it does.
    package let pauseReason: @Sendable () -> String?
    package let registry: ProviderRegistry
    package let metrics: MetricsPage
    /// The version of the program.
    package let version: String
    /// The other families whose routes the OpenAPI document lists.
    package var documented: [RouteFamily] = []

    package init(
        unreadyReason: @escaping @Sendable () async -> String?,
        pauseReason: @escaping @Sendable () -> String? = { nil },
        registry: ProviderRegistry, metrics: MetricsPage,
        version: String,
        documented: [RouteFamily] = []
    ) {
        self.unreadyReason = unreadyReason
        self.pauseReason = pauseReason
        self.registry = registry
        self.metrics = metrics
        self.version = version
        self.documented = documented
    }

    /// The family with its OpenAPI document, rendered once.
    package var family: RouteFamily { family(openAPI: openAPI) }

    /// All routes, including these, as an OpenAPI document.
    package var openAPI: [UInt8] { OpenAPIDocument.json(documented + [family(openAPI: [])], version: version) }

    private func family(openAPI: [UInt8]) -> RouteFamily {
        RouteFamily(
            name: "system", prefixes: ["/"],
            routes: [
                RouteEntry(.get, "/healthz", access: .open, SystemDeclarations.health, health),
                RouteEntry(.get, "/readyz", access: .open, SystemDeclarations.ready, ready),
                RouteEntry(.get, "/metrics", access: .open, SystemDeclarations.metrics, showMetrics),
                RouteEntry(.get, "/icons/{file}", access: .open, SystemDeclarations.icon, icon),
                RouteEntry(.get, "/openapi.json", access: .open, SystemDeclarations.openAPI) { _ in
                    Reply(status: 200, body: openAPI)
                },
            ], errors: SystemErrors.document)
    }

    @Sendable private func health(_ context: RouteContext) async throws(ServiceError) -> Reply {
        .json { writer in writer.member("status", "ok") }
    }

    @Sendable private func ready(_ context: RouteContext) async throws(ServiceError) -> Reply {
        let isVerbose = try context[SystemDeclarations.verbose] != nil
        func background(_ writer: inout JSONWriter) {
            guard isVerbose else { return }
            let pause = pauseReason()
            writer.member("background", pause == nil ? "running" : "paused")
            if let pause { writer.member("backgroundReason", pause) }
        }
        guard let reason = await unreadyReason() else {
            return .json { writer in
                writer.member("status", "ready")
                background(&writer)
            }
        }
        var reply = Reply.json(503) { writer in
            writer.member("status", "unavailable")
            writer.member("reason", reason)
            background(&writer)
        }
        reply.headers = [("Retry-After", "5")]
        return reply
    }

    @Sendable private func showMetrics(_ context: RouteContext) async throws(ServiceError) -> Reply {
        Reply(
            status: 200, headers: [("Content-Type", "text/plain; version=0.0.4; charset=utf-8")],
            body: Array(metrics.text.utf8))
    }

    @Sendable private func icon(_ context: RouteContext) async throws(ServiceError) -> Reply {
        let file = try context.parameter("file")
        guard file.hasSuffix(".svg"), let provider = registry[String(file.dropLast(4))] else { throw .notFound }
        return Reply(
            status: 200,
            headers: [
                ("Content-Type", "image/svg+xml"), ("Cache-Control", "public, max-age=86400"),
                ("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'"),
            ], body: Array(ProviderIcon.svg(id: provider.id, name: provider.manifest.name).utf8))
    }
}
