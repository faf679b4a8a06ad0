// The routes of the user-integrations document: /api/v1/users/{user_id}/integrations. The path and the manifest
// determine the provider and its variants. Only the user's own session is accepted.

import ConnectionModel
package import Connections
import HTTPServer
package import OAuth
import ProviderSDK
package import Providers
package import Requests
import Users

/// The user-integrations document.
package struct V1UsersRoutes: Sendable {
    package let registry: ProviderRegistry
    package let oauth: OAuthService
    package let variants: VariantLinks

    package init(registry: ProviderRegistry, oauth: OAuthService, variants: VariantLinks) {
        self.registry = registry
        self.oauth = oauth
        self.variants = variants
    }

    private static let base = "/api/v1/users/{user_id}/integrations/{provider}"

    package var family: RouteFamily {
        RouteFamily(
            name: "user-integrations", prefixes: ["/api/v1/users/"],
            routes: [
                RouteEntry(.get, Self.base, V1UsersDeclarations.accounts, accounts),
                RouteEntry(.patch, Self.base, V1UsersDeclarations.changeAccounts, changeAccounts),
                RouteEntry(.get, Self.base + "/{variant}", V1UsersDeclarations.status, status),
                RouteEntry(
                    .post, Self.base + "/{variant}/oauth2callback", limit: .oauth, V1UsersDeclarations.complete,
                    complete),
            ], errors: V1UsersErrors.document)
    }

    @Sendable private func status(_ context: RouteContext) async throws(ServiceError) -> Reply {
        let principal = try owner(context)
        let provider = try provider(context)
        let isConnected = try await variants.isConnected(
            provider, variant: try variant(context, of: provider), of: principal)
        return .json { writer in writer.member("authStatus", isConnected) }
    }

    @Sendable private func complete(_ context: RouteContext) async throws(ServiceError) -> Reply {
        let principal = try owner(context)
        let provider = try provider(context)
        let variant = try variant(context, of: provider)
        guard provider.usesOAuth else { throw .notFound }
        let code = try context.body()[V1UsersDeclarations.code]
        do throws(CallbackFailure) {
            _ = try await oauth.complete(service: provider.id, variant: variant, code: code, for: principal)
        } catch { throw error.error }
        return .json { _ in }
    }

    @Sendable private func accounts(_ context: RouteContext) async throws(ServiceError) -> Reply {
        let principal = try owner(context)
        let (provider, _) = try accountProvider(context)
        return V1UsersRendering.accounts(
            try await variants.list(provider, of: principal), provider, userID: principal.userID)
    }

    @Sendable private func changeAccounts(_ context: RouteContext) async throws(ServiceError) -> Reply {
        let principal = try owner(context)
        let (provider, auth) = try accountProvider(context)
        let body = try context.body(named: Set(provider.manifest.variants.map(\.id)))
        var changes: [(variant: String, change: VariantLinks.Change)] = []
        for (name, value) in body {
            if value.isNull {
                changes.append((name, .remove))
            } else {
                guard let id = value.string, !id.isEmpty, id.utf8.count <= auth.bytesMax else {
                    throw .invalid(
                        field: name, message: "“\(name)” must be null or a text of 1 to \(auth.bytesMax) bytes")
                }
                if let problem = auth.refusal(of: id) {
                    throw .invalid(field: name, message: "\(name) \(problem)")
                }
                changes.append((name, .set(id)))
            }
        }
        guard !changes.isEmpty else {
            throw .invalid(field: "body", message: "The request changes nothing")
        }
        return V1UsersRendering.accounts(
            try await variants.update(provider, changes, of: principal), provider, userID: principal.userID)
    }

    // MARK: Who and what

    /// Returns the principal, which must be the user of the path with a session.
    private func owner(_ context: RouteContext) throws(ServiceError) -> Principal {
        let principal = try context.authenticated()
        guard principal.kind == .session,
            try context.parameter("user_id").utf8.elementsEqual(principal.userID.utf8)
        else { throw .forbidden("This route requires the user's own session; an API key is not accepted.") }
        return principal
    }

    private func provider(_ context: RouteContext) throws(ServiceError) -> ConfiguredProvider {
        guard let provider = registry[try context.parameter("provider")] else { throw .notFound }
        return provider
    }

    private func variant(_ context: RouteContext, of provider: ConfiguredProvider) throws(ServiceError) -> String {
        let id = try context.parameter("variant")
        guard provider.manifest.variants.contains(where: { $0.id.utf8.elementsEqual(id.utf8) }) else {
            let names = provider.manifest.variants.map(\.id).joined(separator: ", ")
            throw .invalid(
                field: "variant",
                message: names.isEmpty
                    ? "\(provider.manifest.name) has no variants."
                    : "\(provider.manifest.name) has no such variant: expected one of \(names).")
        }
        return id
    }

    /// Returns the provider of the path, if it connects with an account id per variant.
    private func accountProvider(
        _ context: RouteContext
    ) throws(ServiceError) -> (provider: ConfiguredProvider, auth: AccountIDAuth) {
        let provider = try provider(context)
        guard case .accountID(let auth) = provider.manifest.auth, !provider.manifest.variants.isEmpty else {
            throw .notFound
        }
        return (provider, auth)
    }
}
