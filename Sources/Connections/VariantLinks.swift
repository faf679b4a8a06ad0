// Reads and sets one account id per variant of a provider that is connected with account ids. Does not depend on HTTP.

package import ConnectionModel
import Cryptography
package import Primitives
import ProviderSDK
package import Providers
package import Users

/// The account ids of users, one per variant of a provider.
package struct VariantLinks: Sendable {
    package let users: UserStore
    package let registry: ProviderRegistry
    package let records: RecordErasure
    package let time: TimeSource

    package init(users: UserStore, registry: ProviderRegistry, records: RecordErasure, time: TimeSource) {
        self.users = users
        self.registry = registry
        self.records = records
        self.time = time
    }

    /// A change of the account id of a variant.
    package enum Change: Sendable, Equatable {
        case remove
        case set(String)
    }

    /// Returns the variants of `provider` in its order, each with the user's account id.
    package func list(_ provider: ConfiguredProvider, of principal: Principal) async throws(ServiceError) -> [(
        variant: String, accountID: String?
    )] {
        Self.list(provider, in: try await users.user(principal.userID))
    }

    /// Whether the user is connected to a variant.
    package func isConnected(
        _ provider: ConfiguredProvider, variant: String, of principal: Principal
    ) async throws(ServiceError) -> Bool {
        try await users.user(principal.userID).connections.contains { connection in
            connection.service == provider.id && connection.variant == variant && connection.isConnected
        }
    }

    /// Applies all `changes` at once.
    ///
    /// Another account id means another connection: the records of the old one are removed with it.
    package func update(
        _ provider: ConfiguredProvider, _ changes: [(variant: String, change: Change)], of principal: Principal
    ) async throws(ServiceError) -> [(variant: String, accountID: String?)] {
        var random: [String] = []
        do throws(CryptographyError) {
            for _ in changes { random.append(try SecureRandom.base62(22)) }
        } catch {
            throw .internalFault("\(error)")
        }
        let now = time.now
        let names = random
        let (removed, list) = try await users.update(principal.userID) { (user) throws(ServiceError) in
            var removed: [String] = []
            for (index, (variant, change)) in changes.enumerated() {
                let old = user.connections.filter { $0.service == provider.id && $0.variant == variant }
                if case .set(let id) = change,
                    old.contains(where: { $0.isConnected && $0.accountID?.utf8.elementsEqual(id.utf8) == true })
                {
                    continue
                }
                removed += old.map(\.id)
                for connection in old { try user.remove(connection.id, at: now) }
                guard case .set(let id) = change else { continue }
                let added = try user.add(
                    service: provider.id, variant: variant, status: .connected,
                    shard: UserStore.shard(of: user.id), random: names[index], at: now)
                try user.update(added) { (connection) throws(ServiceError) in try connection.linked(to: id, at: now) }
            }
            return (removed, Self.list(provider, in: user))
        }
        try await records.erase(removed, of: principal.userID)
        return list
    }

    private static func list(
        _ provider: ConfiguredProvider, in user: User
    ) -> [(variant: String, accountID: String?)] {
        provider.manifest.variants.map { variant in
            let connection = user.connections.last { connection in
                connection.service == provider.id && connection.variant == variant.id && connection.isConnected
            }
            return (variant.id, connection?.accountID)
        }
    }
}
