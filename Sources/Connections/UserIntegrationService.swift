// User integrations: all connections as pairs of a user and an integration that is connected or not.
// An integration without a provider is stored as the application reports it. An integration of a provider is connected by the
// provider's flow only.
// Does not depend on HTTP.

package import ConnectionModel
import Cryptography
package import Primitives
import ProviderSDK
package import Providers
package import Users

/// The pairs of users and integrations.
package final class UserIntegrationService: Sendable {
    package let users: UserStore
    package let registry: ProviderRegistry
    package let connections: ConnectionService
    package let accounts: ConnectionLookup
    package let time: TimeSource

    package init(
        users: UserStore, registry: ProviderRegistry, connections: ConnectionService, accounts: ConnectionLookup,
        time: TimeSource
    ) {
        self.users = users
        self.registry = registry
        self.connections = connections
        self.accounts = accounts
        self.time = time
    }

    /// A pair of a user and an integration.
    package struct UserIntegration: Sendable {
        package let id: String
        package let userID: String
        package let integrationID: String
        package let isConnected: Bool

        package init(_ connection: Connection, user: String) {
            id = connection.id
            userID = user
            integrationID = connection.service
            isConnected = connection.isConnected
        }
    }

    /// Adds a pair for a user; only a superuser can name another user.
    package func create(
        user userID: String, integration: String, isConnected: Bool, for principal: Principal
    ) async throws(ServiceError) -> UserIntegration {
        try checkAccess(to: userID, principal)
        if isConnected { try checkUnmanaged(integration) }
        let random = try Self.random()
        let now = time.now
        return try await users.update(userID) { (user) throws(ServiceError) -> UserIntegration in
            let id = try user.add(
                service: integration, variant: nil, status: isConnected ? .connected : .disconnected,
                isReported: true, shard: UserStore.shard(of: userID), random: random, at: now)
            return try user.update(id) { (connection) throws(ServiceError) in
                if isConnected { try connection.noted(isConnected: true, at: now) }
                return UserIntegration(connection, user: userID)
            }
        }
    }

    /// A page of pairs.
    package struct Page: Sendable {
        package var integrations: [UserIntegration]
        /// The position behind the last pair; nil when the page has room for more, and for the pairs of one user.
        package var next: UserStore.ConnectionPosition?
    }

    /// Returns a page of pairs, in the order of their creation.
    ///
    /// - Parameters:
    ///   - userID: the user; nil means the principal itself, and all users for a superuser.
    ///   - position: where the page begins; nil begins it after the pages before.
    package func list(
        user userID: String?, page: Int, limit: Int, after position: UserStore.ConnectionPosition? = nil,
        for principal: Principal
    ) async throws(ServiceError) -> Page {
        let skipped = (page - 1).multipliedReportingOverflow(by: limit)
        if let userID { try checkAccess(to: userID, principal) }
        guard userID == nil, principal.isSuperuser else {
            let user = try await users.user(userID ?? principal.userID)
            let rest = skipped.overflow ? [] : user.connections.dropFirst(skipped.partialValue)
            return Page(integrations: rest.prefix(limit).map { UserIntegration($0, user: user.id) })
        }
        if position == nil, skipped.overflow { return Page(integrations: []) }
        let now = time.now
        let found =
            if let position {
                try await users.connections(after: position, limit: limit, at: now)
            } else {
                try await users.connections(skipping: skipped.partialValue, limit: limit, at: now)
            }
        let last = found.last.map { UserStore.ConnectionPosition(userID: $0.user.id, number: $0.connection.number) }
        return Page(
            integrations: found.map { UserIntegration($0.connection, user: $0.user.id) },
            next: found.count == limit ? last : nil)
    }

    /// Returns one pair; only a superuser can read another user's pair.
    package func find(_ id: String, for principal: Principal) async throws(ServiceError) -> UserIntegration {
        if let own = try await users.user(principal.userID).connection(id) {
            return UserIntegration(own, user: principal.userID)
        }
        guard principal.isSuperuser else { throw .notFound }
        let owner = try await owner(of: id)
        guard let connection = try await users.user(owner).connection(id) else { throw .notFound }
        return UserIntegration(connection, user: owner)
    }

    /// Changes a pair of any user.
    ///
    /// - Parameter isConnected: nil leaves it unchanged. For a provider's integration only false is allowed, which disconnects it.
    package func update(_ id: String, isConnected: Bool?, by principal: Principal) async throws(ServiceError)
        -> UserIntegration
    {
        let owner = try await owner(of: id, for: principal)
        guard let connection = try await users.user(owner).connection(id) else { throw .notFound }
        guard let isConnected, isConnected != connection.isConnected else {
            return UserIntegration(connection, user: owner)
        }
        if registry[connection.service] != nil {
            guard !isConnected else { throw Self.managed }
            try await accounts.disconnect(connection, of: .standIn(for: owner, by: principal))
        } else {
            let now = time.now
            try await users.update(owner) { (user) throws(ServiceError) in
                try user.update(id) { (connection) throws(ServiceError) in
                    try connection.noted(isConnected: isConnected, at: now)
                }
            }
        }
        guard let changed = try await users.user(owner).connection(id) else { throw .notFound }
        return UserIntegration(changed, user: owner)
    }

    /// Removes a pair of any user, with its credentials and records.
    package func delete(_ id: String, by principal: Principal) async throws(ServiceError) {
        let owner = try await owner(of: id, for: principal)
        try await connections.delete(id, for: .standIn(for: owner, by: principal))
    }

    private static let managed = ServiceError.invalid(
        field: "isconnected", message: "A provider's integration is connected by the provider's flow only")

    // What does not wait is done by calls that do not: the frame of a call that waits keeps room for all that it does.
    private func checkUnmanaged(_ integration: String) throws(ServiceError) {
        if registry[integration] != nil { throw Self.managed }
    }

    private static func random() throws(ServiceError) -> String {
        do { return try SecureRandom.base62(22) } catch { throw .internalFault("\(error)") }
    }

    private func checkAccess(to userID: String, _ principal: Principal) throws(ServiceError) {
        guard principal.isSuperuser || userID.utf8.elementsEqual(principal.userID.utf8) else {
            throw .forbidden("Only superusers may access integrations of other users")
        }
    }

    private func owner(of id: String, for principal: Principal) async throws(ServiceError) -> String {
        guard principal.isSuperuser else { throw .forbidden("Only superusers may do this") }
        return try await owner(of: id)
    }

    private func owner(of id: String) async throws(ServiceError) -> String {
        for candidate in try await users.candidates(forOwnerOf: id)
        where try await users.user(candidate).connection(id) != nil {
            return candidate
        }
        throw .notFound
    }
}

extension Principal {
    /// A superuser acts on another user's data.
    fileprivate static func standIn(for userID: String, by superuser: Principal) -> Principal {
        Principal(userID: userID, roles: [], kind: superuser.kind, sessionBinding: superuser.sessionBinding)
    }
}
