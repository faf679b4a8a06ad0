// Finds, disconnects and refreshes connections by provider and account id, for API documents that identify them so. Does not depend
// on HTTP.

package import ConnectionModel
package import OAuth
package import Primitives
import ProviderSDK
package import Providers
package import Users

/// A user's connections by provider and account.
package struct ConnectionLookup: Sendable {
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

    /// Returns the user's connection to an account.
    ///
    /// Prefers a working connection, then an expired one, then any other.
    package func connection(
        service: String, accountID: String, of principal: Principal
    ) async throws(ServiceError) -> Connection {
        let found = try await users.user(principal.userID).connections.filter { connection in
            connection.service.utf8.elementsEqual(service.utf8) && connection.status != .disconnected
                && (connection.accountID ?? connection.service).utf8.elementsEqual(accountID.utf8)
        }
        let best =
            found.first { $0.status == .connected } ?? found.first { $0.status == .expired } ?? found.first
        guard let best else { throw .notFound }
        return best
    }

    /// Disconnects a connection and keeps its records.
    ///
    /// Stops its sync, ends the grant at the provider if the provider supports this, and erases the credentials durably.
    package func disconnect(_ connection: Connection, of principal: Principal) async throws(ServiceError) {
        // Each step can be repeated: the connection records that it is being ended.
        try await Retrying.run(on: time) { () async throws(ServiceError) in
            try await lifecycle.end(connection.id, .disconnect, of: principal.userID)
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
