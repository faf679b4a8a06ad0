// Connections by provider and account id, for documents that name them so: find, disconnect, refresh. Knows no HTTP.

import DocumentStore
import Primitives
import ProviderSDK

/// A user's connections, found by provider and account.
struct ConnectionLookup: Sendable {
    let users: UserStore
    let registry: ProviderRegistry
    let refresher: RefreshService
    let lifecycle: ConnectionLifecycle
    let time: TimeSource

    /// The connection of a user to an account: a working one before an expired one before any other.
    func connection(
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
    func disconnect(_ connection: Connection, of principal: Principal) async throws(ServiceError) {
        // Each step may be repeated: what is being ended is noted with the connection.
        try await Retrying.run(on: time) { () async throws(ServiceError) in
            try await lifecycle.end(connection.id, .disconnect, of: principal.userID)
        }
    }

    /// Replaces the access token of a connection.
    ///
    /// - Returns: the connection as it is after that.
    func refresh(_ connection: Connection, of principal: Principal) async throws(ServiceError) -> Connection {
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
    var refreshes: Bool {
        switch refresh {
        case .refreshToken, .accessToken: true
        default: false
        }
    }
}
