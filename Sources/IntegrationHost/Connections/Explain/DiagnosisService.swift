// Brings together what a diagnosis needs: the stored connection, whether its credential opens, what a running sync waits for, and
// what the provider's limits hold back. Decides nothing itself.

import Primitives
import ProviderSDK

/// Explains connections.
struct DiagnosisService: Sendable {
    let users: UserStore
    let registry: ProviderRegistry
    let vault: CredentialVault
    /// Nil where no host runs, and so no sync.
    let sync: SyncEngine?
    /// Nil where no host runs, and so nothing is held back.
    let limiter: ProviderRateLimiter?
    let time: TimeSource

    /// Why a connection of `userID` is as it is.
    ///
    /// - Throws: ``ServiceError/notFound`` also for a connection of somebody else.
    func explain(
        _ id: String, of userID: String
    ) async throws(ServiceError) -> (connection: Connection, explanation: Explanation) {
        guard let connection = try await users.user(userID).connection(id) else { throw .notFound }
        return (connection, explanation(connection, of: userID, at: time.now))
    }

    /// The explanations of all connections of a user.
    func explainAll(
        of userID: String
    ) async throws(ServiceError) -> [(connection: Connection, explanation: Explanation)] {
        let now = time.now
        return try await users.user(userID).connections.map { ($0, explanation($0, of: userID, at: now)) }
    }

    /// The name of a connection's provider.
    func name(of connection: Connection) -> String { registry[connection.service]?.manifest.name ?? connection.service }

    private func explanation(_ connection: Connection, of userID: String, at now: Timestamp) -> Explanation {
        let provider = registry[connection.service]
        return Diagnosis(
            connection: connection, provider: provider, credential: vault.state(of: connection, user: userID),
            pause: provider.flatMap { limiter?.pause(of: $0, account: connection.accountID) },
            progress: sync?.progress(of: connection), now: now
        ).explanation
    }
}
