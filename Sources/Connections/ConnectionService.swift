// Creates, lists, reads, changes and removes connections. Authorizing and syncing them is implemented elsewhere.
// One model serves all API documents. Does not depend on HTTP.

package import ConnectionModel
import Cryptography
package import Notifications
package import OAuth
package import Primitives
import ProviderSDK
package import Providers
package import Users

/// The connections of users.
package final class ConnectionService: Sendable {
    package let users: UserStore
    package let registry: ProviderRegistry
    package let oauth: OAuthService
    package let gateway: ProviderGateway
    package let vault: CredentialVault
    package let lifecycle: ConnectionLifecycle
    package let webhookURLs: NotificationURLPolicy
    package let time: TimeSource

    package init(
        users: UserStore, registry: ProviderRegistry, oauth: OAuthService, gateway: ProviderGateway,
        vault: CredentialVault, lifecycle: ConnectionLifecycle, webhookURLs: NotificationURLPolicy, time: TimeSource
    ) {
        self.users = users
        self.registry = registry
        self.oauth = oauth
        self.gateway = gateway
        self.vault = vault
        self.lifecycle = lifecycle
        self.webhookURLs = webhookURLs
        self.time = time
    }

    /// The parameters of a new connection.
    package struct NewConnection: Sendable {
        package var service: String
        package var variant: String?
        package var permissions: [String] = []
        package var redirectURI: String?
        /// The account id, for providers that are connected with an account id.
        package var accountID: String?
        /// The API key, for providers that are connected with a key.
        package var apiKey: Secret?

        package init(
            service: String, variant: String? = nil, permissions: [String] = [], redirectURI: String? = nil,
            accountID: String? = nil, apiKey: Secret? = nil
        ) {
            self.service = service
            self.variant = variant
            self.permissions = permissions
            self.redirectURI = redirectURI
            self.accountID = accountID
            self.apiKey = apiKey
        }
    }

    /// A new connection, and the URL to send the user to when an authorization is needed.
    package struct Created: Sendable {
        package let connectionID: String
        package let authorizationURL: String?
        package let state: String?
    }

    package func create(_ new: NewConnection, for principal: Principal) async throws(ServiceError) -> Created {
        guard let provider = registry[new.service] else {
            throw .invalid(field: "service", message: "Service not supported")
        }
        if provider.usesOAuth {
            let authorization = try await oauth.authorize(
                .init(
                    service: new.service, variant: new.variant, redirectURI: new.redirectURI,
                    permissions: new.permissions), for: principal)
            return Created(
                connectionID: authorization.connectionID, authorizationURL: authorization.url,
                state: authorization.state)
        }
        return Created(
            connectionID: try await connectDirectly(new, provider, for: principal), authorizationURL: nil, state: nil)
    }

    /// Connects a provider that needs no authorization: with an account id, a key, or nothing.
    private func connectDirectly(
        _ new: NewConnection, _ provider: ConfiguredProvider, for principal: Principal
    ) async throws(ServiceError) -> String {
        if !provider.manifest.variants.isEmpty, !provider.hasVariant(new.variant) {
            throw .invalid(field: "variant", message: "\(provider.manifest.name) needs one of its variants")
        }
        let variant = provider.stored(new.variant)
        guard provider.isAvailable(variant) else {
            throw .invalid(field: "service", message: "\(provider.manifest.name) is not configured on this host")
        }
        try provider.check(new.permissions, variant: variant)
        var accountID: String?
        switch provider.manifest.auth {
        case .accountID(let auth):
            if let problem = auth.refusal(of: new.accountID ?? "") {
                throw .invalid(field: "accountId", message: "accountId \(problem)")
            }
            accountID = new.accountID
        case .apiKey:
            guard let given = new.apiKey, !given.value.isEmpty,
                given.value.utf8.count <= ConnectionLimits.tokenBytesMax,
                given.value.utf8.allSatisfy({ 0x21...0x7E ~= $0 })
            else { throw .invalid(field: "apiKey", message: "An API key is needed") }
            return try await connect(with: given, provider, variant: variant, new.permissions, for: principal)
        default: break
        }
        let random = try Self.random()
        let now = time.now
        return try await users.update(principal.userID) { (user) throws(ServiceError) -> String in
            let id = try user.add(
                service: provider.id, variant: variant, status: .connected,
                shard: UserStore.shard(of: principal.userID), random: random, at: now)
            try user.update(id) { (connection) throws(ServiceError) in
                try connection.linked(to: accountID, permissions: new.permissions, at: now)
            }
            return id
        }
    }

    private static func random() throws(ServiceError) -> String {
        do { return try SecureRandom.base62(22) } catch { throw .internalFault("\(error)") }
    }

    /// Returns the user's connections, newest last.
    package func list(for principal: Principal) async throws(ServiceError) -> [Connection] {
        try await users.user(principal.userID).connections
    }

    /// Returns one connection of the user.
    package func connection(_ id: String, of principal: Principal) async throws(ServiceError) -> Connection {
        guard let connection = try await users.user(principal.userID).connection(id) else { throw .notFound }
        return connection
    }

    /// Returns one connection of the user with its ended syncs and deliveries.
    package func withHistory(_ id: String, of principal: Principal) async throws(ServiceError) -> Connection {
        try await users.histories.recalled(try await connection(id, of: principal))
    }

    package func update(_ id: String, _ change: SettingsChange, for principal: Principal) async throws(ServiceError)
        -> Connection
    {
        if case .some(.some(let url)) = change.webhookURL { try webhookURLs.check(url) }
        let now = time.now
        let (vault, userID, registry) = (vault, principal.userID, registry)
        let changed = try await users.update(userID) { (user) throws(ServiceError) -> Connection in
            try user.update(id) { (connection) throws(ServiceError) -> Connection in
                let newSecret = { () throws(ServiceError) -> String in
                    try vault.newSigningSecret(user: userID, connection: id)
                }
                try registry[connection.service]?.check(change.permissions ?? [], variant: connection.variant)
                try connection.settingsChanged(change, newSecret: newSecret, at: now)
                return connection
            }
        }
        // An erased secret stays in the journal until all journaled changes are in their final files.
        if case .some(nil) = change.webhookURL { await users.flush() }
        return changed
    }

    /// Removes a connection with its credentials and records, everywhere and durably.
    ///
    /// The grant is first ended at the provider, if the provider supports this. A failure there does not keep the connection.
    package func delete(_ id: String, for principal: Principal) async throws(ServiceError) {
        try await lifecycle.end(id, .delete, of: principal.userID)
    }
}
