// Rotates the host's keys while it runs: creates a new primary key, seals everything again with it, and removes unused keys.
// An interruption is safe at any point: a text that is not sealed again yet opens with its old key.

package import Audit
import Background
import Configuration
package import ConnectionModel
import Cryptography
package import Observability
package import Primitives
package import ProviderSDK
package import Users

/// Rotates the keys of an installation.
package struct KeyRotation: Sendable {
    package let users: UserStore
    package let keys: HostKeys
    /// The sealed texts that are stored with the records.
    package let letters: any SealedRecordTexts
    package let audit: AuditTrail
    package let time: TimeSource
    package let log: Log

    package init(
        users: UserStore, keys: HostKeys, letters: any SealedRecordTexts, audit: AuditTrail, time: TimeSource, log: Log
    ) {
        self.users = users
        self.keys = keys
        self.letters = letters
        self.audit = audit
        self.time = time
        self.log = log
    }

    /// The minimum time for which a retired key is kept.
    ///
    /// It is the longest lifetime of the states and, by default, sessions that the key has signed.
    static let retiredKeyLifetime = max(PendingAuthorization.lifetime, ConfigurationLimits.sessionLifetime)

    /// A key of the ring and its number of uses.
    package struct KeyState: Sendable, Equatable {
        package let id: String
        package let isPrimary: Bool
        /// The number of sealed texts that only this key opens.
        package let secrets: Int
    }

    /// The result of removing keys.
    package struct Removal: Sendable, Equatable {
        package let removed: [String]
        /// Retired keys that are still needed.
        package let kept: [KeyState]
    }

    /// Creates a new primary key and seals everything again with it.
    package func rotate() async throws -> (keyID: String, outcome: ResealOutcome) {
        try await audit.record(.rotateKeyRing, AuditTarget(), .begun)
        let id: String
        do { id = try keys.rotate() } catch {
            try await audit.record(.rotateKeyRing, AuditTarget(), .failed)
            throw error
        }
        try await audit.record(.rotateKeyRing, AuditTarget(keyID: id), .done)
        log.info("The keys were rotated.", ["keyId": .text(id)])
        return (id, try await reseal())
    }

    /// Seals again the texts of retired keys, for all users; a document that cannot be read does not block the others.
    package func reseal() async throws(ServiceError) -> ResealOutcome {
        var outcome = ResealOutcome()
        try await users.forEachFolder(of: try await users.shards()) { (_, folder) async throws(ServiceError) in
            // The users of a folder share the syncs to disk.
            outcome += await withTaskGroup(of: ResealOutcome.self) { group in
                for user in folder.users { group.addTask { await resealAll(of: user) } }
                return await group.reduce(into: ResealOutcome()) { $0 += $1 }
            }
            for (_, error) in folder.unreadable { outcome += failed(error) }
            return true
        }
        return outcome
    }

    private func resealAll(of user: User) async -> ResealOutcome {
        var outcome = ResealOutcome()
        do {
            outcome += try await reseal(user)
            for connection in user.connections where connection.mayHaveLetters {
                outcome += try await letters.reseal(connection, user: user.id)
            }
        } catch {
            outcome += failed(error)
        }
        return outcome
    }

    private func failed(_ error: ServiceError) -> ResealOutcome {
        log.warning("Secrets could not be sealed again.", ["error": .text("\(error)")])
        return ResealOutcome(failures: 1)
    }

    /// Seals again the texts of retired keys, for one user; writes only when something changes.
    package func reseal(_ user: User) async throws(ServiceError) -> ResealOutcome {
        let vault = CredentialVault(keys)
        var copy = user
        let expected = copy.reseal(with: vault)
        guard expected.resealed > 0 else { return expected }
        return try await users.update(user.id) { (user) throws(ServiceError) in user.reseal(with: vault) }
    }

    /// Returns the keys, the primary key first, with their number of uses.
    ///
    /// - Throws: ``ServiceError`` also when a single user cannot be read, because the keys of that user are unknown.
    package func states() async throws(ServiceError) -> [KeyState] {
        var use = SealedKeyUse()
        let now = time.now
        try await users.forEachFolder(of: try await users.shards()) { (_, folder) async throws(ServiceError) in
            if let (_, error) = folder.unreadable.first { throw error }
            for user in folder.users {
                use.add(user, at: now)
                for connection in user.connections where connection.mayHaveLetters {
                    try await letters.forEach(connection) { use.add($0) }
                }
            }
            return true
        }
        let ring = keys.ring
        return ring.ids.map { KeyState(id: $0, isPrimary: $0 == ring.primaryID, secrets: use.counts[$0] ?? 0) }
    }

    /// Seals everything again, and removes the retired keys that are no longer needed.
    ///
    /// - Throws: ``KeyChangeError`` while states and sessions that a retired key signed may still be valid.
    package func prune() async throws -> Removal {
        guard keys.ring.ids.count > 1 else { return Removal(removed: [], kept: []) }
        let now = time.now
        guard let changed = keys.changedAt, changed.advanced(by: Self.retiredKeyLifetime) <= now else {
            let hours = Int(Self.retiredKeyLifetime / .seconds(3600))
            throw KeyChangeError(
                description: "the keys were changed less than \(hours) hours ago, and sessions that a retired key "
                    + "signed may still be valid: try again later.")
        }
        _ = try await reseal()
        let retired = try await states().filter { !$0.isPrimary }
        let removed = retired.filter { $0.secrets == 0 }.map(\.id)
        for id in removed {
            try await audit.record(.pruneKeyRing, AuditTarget(keyID: id), .begun)
        }
        try keys.remove(removed)
        for id in removed {
            try await audit.record(.pruneKeyRing, AuditTarget(keyID: id), .done)
        }
        log.info("Retired keys were removed.", ["count": .integer(removed.count)])
        return Removal(removed: removed, kept: retired.filter { $0.secrets > 0 })
    }
}

extension Connection {
    /// Whether there can be dead letters: they come from syncs only.
    fileprivate var mayHaveLetters: Bool { syncStatus != nil }
}

/// Seals again, in the background, the texts that an interrupted rotation has left.
package struct ResealReconciler: Reconciler {
    package let rotation: KeyRotation

    package init(rotation: KeyRotation) {
        self.rotation = rotation
    }

    /// Adds nothing: a rotation seals everything again itself.
    ///
    /// What an interruption left is found at the next start, because the basis of the agenda names the key.
    package func reconcile(_ user: User, at now: Timestamp) async {
        do { _ = try await rotation.reseal(user) } catch {
            rotation.log.warning("Secrets could not be sealed again.", ["error": .text("\(error)")])
        }
    }
}
