// Brings together what a diagnosis needs: the stored connection, whether its credential opens, what a running sync waits for, and
// what the provider's limits hold back. Decides nothing itself.

package import ConnectionModel
package import Primitives
import ProviderSDK
package import Providers
package import Sync

/// Explains connections.
package struct DiagnosisService: Sendable {
    package let users: UserStore
    package let registry: ProviderRegistry
    package let vault: CredentialVault
    /// Nil where no host runs, and so no sync.
    package let sync: SyncEngine?
    /// Nil where no host runs, and so nothing is held back.
    package let limiter: ProviderRateLimiter?
    package let time: TimeSource

    package init(
        users: UserStore, registry: ProviderRegistry, vault: CredentialVault, sync: SyncEngine?,
        limiter: ProviderRateLimiter?, time: TimeSource
    ) {
        self.users = users
        self.registry = registry
        self.vault = vault
        self.sync = sync
        self.limiter = limiter
        self.time = time
    }

    /// Why a connection of `userID` is as it is.
    ///
    /// - Throws: ``ServiceError/notFound`` also for a connection of somebody else.
    package func explain(
        _ id: String, of userID: String
    ) async throws(ServiceError) -> (connection: Connection, explanation: Explanation) {
        guard let connection = try await users.user(userID).connection(id) else { throw .notFound }
        return (connection, explanation(connection, of: userID, at: time.now))
    }

    /// The explanations of all connections of a user.
    package func explainAll(
        of userID: String
    ) async throws(ServiceError) -> [(connection: Connection, explanation: Explanation)] {
        let now = time.now
        return try await users.user(userID).connections.map { ($0, explanation($0, of: userID, at: now)) }
    }

    /// The name of a connection's provider.
    package func name(of connection: Connection) -> String {
        registry[connection.service]?.manifest.name ?? connection.service
    }

    private func explanation(_ connection: Connection, of userID: String, at now: Timestamp) -> Explanation {
        let provider = registry[connection.service]
        return Diagnosis(
            connection: connection, provider: provider, credential: vault.state(of: connection, user: userID),
            pause: provider.flatMap { limiter?.pause(of: $0, account: connection.accountID) },
            progress: sync?.progress(of: connection), now: now
        ).explanation
    }
}
