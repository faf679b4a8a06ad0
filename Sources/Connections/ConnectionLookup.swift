// Finds, disconnects and refreshes connections by provider and account id, for API documents that identify them so. Does not depend
// on HTTP.

package import ConnectionModel
package import OAuth
package import Primitives
import ProviderSDK
package import Providers
package import Users

/// A user's connections by provider and account.
package final class ConnectionLookup: Sendable {
    package let users: UserStore
    package let registry: ProviderRegistry
    package let refresher: RefreshService
    package let lifecycle: ConnectionLifecycle
    package let time: TimeSource

    package init(
        users: UserStore, registry: ProviderRegistry, refresher: RefreshService, lifecycle: ConnectionLifecycle,
        time: TimeSource
    ) {
        self.users = users
        self.registry = registry
        self.refresher = refresher
        self.lifecycle = lifecycle
        self.time = time
    }

    /// An account as a path names it.
    package struct Account: Sendable {
        package let service: String
        package let accountID: String
        /// The variant, where the account has connections to several; nil for any.
        package var variant: String?
        /// The id of the connection, where nothing else distinguishes two; nil for any.
        package var connectionID: String?

        package init(service: String, accountID: String, variant: String? = nil, connectionID: String? = nil) {
            self.service = service
            self.accountID = accountID
            self.variant = variant
            self.connectionID = connectionID
        }

        /// - Parameter standard: the variant of connections without one.
        func isOf(_ connection: Connection, standard: String?) -> Bool {
            connection.service.utf8.elementsEqual(service.utf8) && connection.status != .disconnected
                && (connection.accountID ?? connection.service).utf8.elementsEqual(accountID.utf8)
                && (variant.map { $0.utf8.elementsEqual((connection.variant ?? standard ?? "").utf8) } ?? true)
                && (connectionID.map { $0.utf8.elementsEqual(connection.id.utf8) } ?? true)
        }
    }

    /// Returns the user's connection to an account.
    ///
    /// Connections that work or have expired come before any other.
    ///
    /// - Throws: ``ServiceError/conflict(_:)`` naming the choices when the account has several.
    package func connection(_ account: Account, of principal: Principal) async throws(ServiceError) -> Connection {
        let standard = registry[account.service]?.manifest.defaultVariant
        let found = try await users.user(principal.userID).connections.filter { account.isOf($0, standard: standard) }
        let listed = found.filter { $0.status == .connected || $0.status == .expired }
        guard let best = listed.first ?? found.first else { throw .notFound }
        guard listed.count > 1 else { return best }
        let variants = Set(listed.map { $0.variant.map { Array($0.utf8) } })
        let choices =
            variants.count == listed.count
            ? listed.map { "variant=\($0.variant ?? standard ?? "")" } : listed.map { "connectionId=\($0.id)" }
        throw .conflict(
            "The account has \(listed.count) connections: add one of \(choices.map { "?\($0)" }.joined(separator: ", "))"
        )
    }

    /// Disconnects a connection and keeps its records.
    ///
    /// Stops its sync, ends the grant at the provider if the provider supports this, and erases the credentials durably.
    package func disconnect(_ connection: Connection, of principal: Principal) async throws(ServiceError) {
        // Each step can be repeated: the connection records that it is being ended.
        try await Retrying.run(on: time) { () async throws(ServiceError) in
            _ = try await lifecycle.end(connection.id, .disconnect, of: principal.userID)
        }
    }

    /// Replaces the access token of a connection.
    ///
    /// - Returns: the updated connection.
    package func refresh(_ connection: Connection, of principal: Principal) async throws(ServiceError) -> Connection {
        guard let provider = registry[connection.service], let oauth = provider.oauth(connection.variant),
            oauth.refreshes
        else {
            throw .conflict("This integration has no token that can be refreshed")
        }
        try await Retrying.run(on: time) { () async throws(ServiceError) in
            try await refresher.refreshAtOnce(
                user: principal.userID, connection: connection.id, provider: provider)
        }
        let fresh = try await Retrying.run(on: time) { () async throws(ServiceError) in
            try await users.user(principal.userID).connection(connection.id)
        }
        guard let fresh else { throw .notFound }
        return fresh
    }
}

extension OAuth2 {
    /// Whether access tokens can be refreshed.
    package var refreshes: Bool {
        switch refresh {
        case .refreshToken, .accessToken: true
        default: false
        }
    }
}
