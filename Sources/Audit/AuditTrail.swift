// Records acts in the audit log: adds the moment, the actor of the present task and keyed hashes of user ids. The key comes from the key
// ring, so that no line names a user, and the erasure of a user leaves the chain whole.

package import Cryptography
package import Primitives
import ProviderSDK
package import StoreFiles

/// Records acts in the audit log.
package struct AuditTrail: Sendable {
    private static let userPurpose = KeyPurpose("audit-user")

    private let log: AuditLog
    private let time: TimeSource
    /// The keys; nil while an installation has none.
    private let ring: @Sendable () -> KeyRing?

    package init(_ log: AuditLog, time: TimeSource, ring: @escaping @Sendable () -> KeyRing?) {
        self.log = log
        self.time = time
        self.ring = ring
    }

    /// Records an act; durable on return.
    ///
    /// Call it before the act: then no act is without its line, however a crash falls.
    package func append(
        _ action: AuditAction, _ target: AuditTarget, _ result: AuditResult
    ) async throws(StoreError) {
        let actor = AuditActor.current
        let ring = actor.userID != nil || target.userID != nil ? ring() : nil
        var entry = AuditEntry(
            at: Timestamp(milliseconds: time.millisecondsSince1970) ?? .epoch, action: action, result: result,
            actor: actor)
        entry.target = target
        if let ring {
            entry.actorUser = actor.userID.flatMap { Self.hash($0, ring, ring.primaryID) }
            entry.targetUser = target.userID.flatMap { Self.hash($0, ring, ring.primaryID) }
        }
        try await log.append(entry)
    }

    /// Returns the keyed hash of a user's id: the id of the key, and 128 bits in hexadecimal.
    private static func hash(_ userID: String, _ ring: KeyRing, _ keyID: String) -> String? {
        guard let key = try? ring.key(for: userPurpose, id: keyID) else { return nil }
        return "\(keyID):\(HMACSHA256(key: key).code(for: userID).hex.prefix(32))"
    }

    // MARK: Reading

    /// The sequence of the last line; 0 for an empty log.
    package var lastSequence: Int { log.lastSequence }

    /// Returns the lines behind a sequence, the oldest first.
    ///
    /// - Parameter userID: only lines of this user's acts, and of acts that concern the user; nil for all lines. Lines whose key has
    ///   left the ring are not found.
    package func page(after sequence: Int, limit: Int, userID: String?) async throws(StoreError) -> AuditPage {
        guard let userID else { return try await log.page(after: sequence, limit: limit) { _ in true } }
        let hashes = ring().map { ring in Set(ring.ids.compactMap { Self.hash(userID, ring, $0) }) } ?? []
        return try await log.page(after: sequence, limit: limit) { line in
            [line["user"]?.string, line["actor"]?["user"]?.string].contains { $0.map(hashes.contains) ?? false }
        }
    }
}
