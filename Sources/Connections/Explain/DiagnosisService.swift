// Collects the facts for a diagnosis: the stored connection, whether its credential can be opened, and what a running sync waits
// for.
// It also reads which requests the provider's limits hold back. Makes no decisions.

package import ConnectionModel
package import Primitives
import ProviderSDK
package import Providers
package import RecordStore
package import Sync
package import Users

/// A service that explains connections.
package struct DiagnosisService: Sendable {
    package let users: UserStore
    package let registry: ProviderRegistry
    package let vault: CredentialVault
    package let records: Records
    /// The running syncs; nil when no host runs.
    package let sync: SyncEngine?
    /// The limits of the provider; nil when no host runs, so that no request is held back.
    package let limiter: ProviderRateLimiter?
    package let time: TimeSource
    /// Why the host does no background work; nil when it does.
    private let pauseReason: @Sendable () -> String?

    package init(
        users: UserStore, registry: ProviderRegistry, vault: CredentialVault, records: Records, sync: SyncEngine?,
        limiter: ProviderRateLimiter?, time: TimeSource, pauseReason: @escaping @Sendable () -> String? = { nil }
    ) {
        self.pauseReason = pauseReason
        self.records = records
        self.users = users
        self.registry = registry
        self.vault = vault
        self.sync = sync
        self.limiter = limiter
        self.time = time
    }

    /// Returns why a connection of `userID` is in its state.
    ///
    /// - Throws: ``ServiceError/notFound`` also when the connection belongs to another user.
    package func explain(
        _ id: String, of userID: String
    ) async throws(ServiceError) -> (connection: Connection, explanation: Explanation) {
        let user = try await users.user(userID)
        guard let connection = user.connection(id) else { throw .notFound }
        return (connection, await explanation(connection, of: user, at: time.now))
    }

    /// Returns the explanations of all connections of a user.
    package func explainAll(
        of userID: String
    ) async throws(ServiceError) -> [(connection: Connection, explanation: Explanation)] {
        let now = time.now
        var found: [(connection: Connection, explanation: Explanation)] = []
        let user = try await users.user(userID)
        for connection in user.connections {
            found.append((connection, await explanation(connection, of: user, at: now)))
        }
        return found
    }

    /// Returns the class of a connection; reads nothing but memory.
    func kind(of connection: Connection, user: String) -> DiagnosisClass {
        let provider = registry[connection.service]
        return Diagnosis(
            connection: connection, provider: provider, credential: vault.state(of: connection, user: user),
            pause: provider.flatMap { limiter?.pause(of: $0, account: connection.accountID) },
            progress: sync?.progress(of: connection), now: time.now
        ).kind
    }

    /// Returns the name of a connection's provider.
    package func name(of connection: Connection) -> String {
        registry[connection.service]?.manifest.name ?? connection.service
    }

    private func explanation(_ connection: Connection, of user: User, at now: Timestamp) async -> Explanation {
        let provider = registry[connection.service]
        let linked = ExternalAccount(user.externalAccount).flatMap { account in
            account.provider.utf8.elementsEqual(connection.service.utf8) ? provider?.notes(on: account) : nil
        }
        return Diagnosis(
            // Without the history the explanation says less, and still what matters.
            connection: (try? await users.histories.recalled(connection)) ?? connection, provider: provider,
            credential: vault.state(of: connection, user: user.id),
            pause: provider.flatMap { limiter?.pause(of: $0, account: connection.accountID) },
            progress: sync?.progress(of: connection),
            deadLetters: await DeadLetterService.count(of: connection.id, in: records), otherNotes: linked ?? [],
            pauseReason: pauseReason(),
            now: now
        ).explanation
    }
}
