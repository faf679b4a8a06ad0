// The demo's link: signs a browser in as the demo's user and redirects to the authorization page of a provider. Only
// a demo host has this route.

package import Configuration
import ConnectionModel
package import Connections
import HTTPServer
import ProviderSDK
package import Providers
package import Requests
import Users

/// The routes of a demo.
package struct DemoRoutes: Sendable {
    /// The path of the link.
    package static let path = "/demo"

    package let session: DemoSession
    package let registry: ProviderRegistry
    package let connections: ConnectionService
    package let address: PublicAddress

    package init(
        session: DemoSession, registry: ProviderRegistry, connections: ConnectionService, address: PublicAddress
    ) {
        self.session = session
        self.registry = registry
        self.connections = connections
        self.address = address
    }

    package var family: RouteFamily {
        RouteFamily(
            name: "demo", prefixes: [Self.path],
            routes: [RouteEntry(.get, Self.path, access: .open, limit: .oauth, Self.declaration, enter)],
            errors: Self.errors)
    }

    private static let declaration = RouteDeclaration(
        "Sign a browser in as the demo's user, and send it to a provider.",
        parameters: [Parameter<String?>.text("code", "The code of the demo's link.").declared],
        .other(303, "The browser goes to the provider"), .other(204, "A program looked at the link"))

    /// Accepts the code once; a signed-in browser needs none.
    @Sendable private func enter(_ context: RouteContext) async throws(ServiceError) -> Reply {
        // Programs that preview a link, and browsers that load it ahead, must not use up the code.
        guard context.request.method == .get, !context.isLoadedAhead else { return Reply(status: 204, body: []) }
        var headers = [(name: "Referrer-Policy", value: "no-referrer")]
        if context.principal?.userID != DemoSession.user {
            guard let code = context.query["code"], session.admits(code) else {
                throw .forbidden(
                    "This link was already used or is wrong. Restart the demo to get a new one."
                )
            }
            headers.append(("Set-Cookie", session.cookie(isSecure: address.url.hasPrefix("https:"))))
        }
        guard let provider = Self.provider(registry) else { throw .notFound }
        let created = try await connections.create(
            .init(service: provider.id), for: context.principal ?? session.principal)
        guard let url = created.authorizationURL else { throw .notFound }
        return Reply(status: 303, headers: headers + [("Location", url)], body: [])
    }

    /// Returns the provider with the most data types among those that need no input besides the authorization.
    package static func provider(_ registry: ProviderRegistry) -> ConfiguredProvider? {
        registry.providers.filter { provider in
            provider.hasVariant(nil) && provider.isAvailable(nil) && provider.oauth(nil)?.returnsState == true
                && provider.oauth(nil)?.callbackParameters.isEmpty == true
        }.max { $0.manifest.dataTypes.count < $1.manifest.dataTypes.count }
    }

    /// The errors of the demo as plain text for people.
    package static let errors = ErrorDocument(schema: nil) { error, _ in
        guard error.kind != .methodNotAllowed else { return Reply(status: error.status, body: []) }
        return Reply(
            status: error.status, headers: [("Content-Type", "text/plain; charset=utf-8")],
            body: Array((error.message + "\n").utf8))
    } words: { facts in
        switch facts.kind {
        case .forbidden, .invalid: ErrorWords(.reason)
        case .methodNotAllowed: nil
        case .rateLimited: ErrorWords("Too many requests: wait a minute.", retryAfter: .never)
        case .notFound: "No provider of this demo is connected with OAuth."
        default: ErrorWords("There is nothing here.", status: 404, retryAfter: .never)
        }
    }
}
