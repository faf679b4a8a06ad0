// The routes for operators and browsers that belong to no document: health, readiness, metrics, icons, and the table of
// routes itself.

import HTTPServer
import ProviderSDK

/// The system routes.
struct SystemRoutes: Sendable {
    let readiness: Readiness
    let registry: ProviderRegistry
    let metrics: MetricsPage
    /// The families whose routes the OpenAPI document lists besides these.
    var documented: [RouteFamily] = []

    /// The family with its OpenAPI document, made once.
    var family: RouteFamily { family(openAPI: openAPI) }

    /// All routes, these among them, as an OpenAPI document.
    var openAPI: [UInt8] { OpenAPIDocument.json(documented + [family(openAPI: [])]) }

    private func family(openAPI: [UInt8]) -> RouteFamily {
        RouteFamily(
            name: "system", prefix: "/",
            routes: [
                RouteEntry(.get, "/healthz", access: .open, health), RouteEntry(.get, "/readyz", access: .open, ready),
                RouteEntry(.get, "/metrics", access: .open, showMetrics),
                RouteEntry(.get, "/icons/{file}", access: .open, icon),
                RouteEntry(.get, "/openapi.json", access: .open) { _ in Reply(status: 200, body: openAPI) },
            ], render: Self.error)
    }

    @Sendable private func health(_ context: RouteContext) async throws(ServiceError) -> Reply {
        .json { writer in writer.member("status", "ok") }
    }

    @Sendable private func ready(_ context: RouteContext) async throws(ServiceError) -> Reply {
        guard let reason = readiness.reason else { return .json { writer in writer.member("status", "ready") } }
        var reply = Reply.json(503) { writer in
            writer.member("status", "unavailable")
            writer.member("reason", reason)
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

    @Sendable private static func error(_ failure: RouteFailure) -> Reply {
        switch failure {
        case .noSuchPath, .service(.notFound): return reply(404, "Not found")
        case .methodNotAllowed(let allowed):
            var reply = reply(405, "Method not allowed")
            reply.headers = [("Allow", allowed)]
            return reply
        case .unsupportedMediaType: return reply(415, "The request body must be application/json")
        case .foreignOrigin: return reply(403, "Cross-origin requests are not allowed")
        case .service(.invalid(_, let message)): return reply(400, message)
        case .rejected(let status, let detail): return reply(status, detail)
        case .service: return reply(500, "Internal error")
        }
    }

    private static func reply(_ status: Int, _ error: String) -> Reply {
        .json(status) { writer in
            writer.member("success", false)
            writer.member("error", error)
        }
    }
}
