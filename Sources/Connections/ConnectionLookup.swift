// Connections by provider and account id, for documents that name them so: find, disconnect, refresh. Knows no HTTP.

package import ConnectionModel
package import OAuth
package import Primitives
import ProviderSDK
package import Providers

/// A user's connections, found by provider and account.
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

    /// The connection of a user to an account: a working one before an expired one before any other.
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

    /// Ends a connection and keeps what was synced.
    ///
    /// Its sync stops, the grant is ended at the provider where that offers a way, and the credentials are erased durably.
    package func disconnect(_ connection: Connection, of principal: Principal) async throws(ServiceError) {
        // Each step may be repeated: what is being ended is noted with the connection.
        try await Retrying.run(on: time) { () async throws(ServiceError) in
            try await lifecycle.end(connection.id, .disconnect, of: principal.userID)
        }
    }

    /// Replaces the access token of a connection.
    ///
    /// - Returns: the connection as it is after that.
    package func refresh(_ connection: Connection, of principal: Principal) async throws(ServiceError) -> Connection {
        guard let provider = registry[connection.service], let oauth = provider.oauth, oauth.refreshes else {
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
    /// Whether access tokens can be replaced.
    package var refreshes: Bool {
        switch refresh {
        case .refreshToken, .accessToken: true
        default: false
        }
    }
}
