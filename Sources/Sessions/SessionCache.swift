// Remembers verified sessions by a hash of their tokens, so that a signature is checked once and not with every request.
// Bounded; knows no scheme, and stores neither tokens nor failures.

import ConnectionModel
import Primitives
package import ProviderSDK
import Synchronization
package import Users

/// Verified sessions by the hashes of their tokens.
///
/// Two generations have half the capacity each. A full younger generation becomes the older one, and entries unused since
/// the last change are dropped. Every operation is O(1). Failures, which any caller can cause, take no room.
package final class SessionCache: Sendable {
    /// A token, as a keyed hash, together with the place where it was found.
    ///
    /// A token verified at one place is not accepted at another. Without the key of the hash, which each cache draws at
    /// random, a caller cannot make another token with the hash of one that was verified.
    package struct Key: Sendable, Hashable {
        fileprivate let hash: SipHash128
        private let place: Int

        fileprivate init(hash: SipHash128, place: Int) {
            (self.hash, self.place) = (hash, place)
        }

        package func hash(into hasher: inout Hasher) { hasher.combine(hash.low) }
    }

    private struct Entry: Sendable {
        let principal: Principal
        let storedAt: Timestamp
        let end: Timestamp
    }

    private final class Shard: Sendable {
        struct Generations {
            var young: [Key: Entry] = [:]
            var old: [Key: Entry] = [:]
        }
        let generations = Mutex(Generations())
    }

    private static let shardCount = 16
    private let hashKey = SipKey(low: .random(in: .min ... .max), high: .random(in: .min ... .max))
    private let shards: [Shard]
    private let generationMax: Int

    /// A cache for at most `capacity` sessions.
    package init(capacity: Int = SessionLimits.cachedSessionsMax) {
        generationMax = max(1, capacity / (2 * Self.shardCount))
        shards = (0..<Self.shardCount).map { _ in Shard() }
    }

    /// Returns the key of a token that was found at `place`.
    package func key(_ token: Span<UInt8>, place: Int) -> Key {
        Key(hash: SipHash.hash128(token, key: hashKey), place: place)
    }

    /// The principal of a session that was verified before and is still good at `now`.
    package func find(_ key: Key, at now: Timestamp) -> Principal? {
        shard(key).generations.withLock { generations in
            if let entry = generations.young[key] { return Self.principal(entry, at: now) }
            guard let entry = generations.old.removeValue(forKey: key) else { return nil }
            guard let principal = Self.principal(entry, at: now) else { return nil }
            Self.insert(key, entry, into: &generations, max: generationMax)
            return principal
        }
    }

    /// Remembers a session until it ends, for at most ``SessionLimits/cachedSessionLifetimeMax``.
    package func store(_ key: Key, _ session: VerifiedSession, at now: Timestamp) {
        let entry = Entry(
            principal: session.principal, storedAt: now,
            end: min(session.expiresAt, now.advanced(by: SessionLimits.cachedSessionLifetimeMax)))
        shard(key).generations.withLock { Self.insert(key, entry, into: &$0, max: generationMax) }
    }

    /// The number of sessions that are remembered, ended ones included.
    package var count: Int {
        shards.reduce(0) { count, shard in
            count + shard.generations.withLock { $0.young.count + $0.old.count }
        }
    }

    private func shard(_ key: Key) -> Shard { shards[Int(key.hash.high % UInt64(Self.shardCount))] }

    private static func insert(_ key: Key, _ entry: Entry, into generations: inout Shard.Generations, max: Int) {
        generations.old[key] = nil
        if generations.young.count >= max, generations.young[key] == nil {
            generations.old = generations.young
            generations.young = [:]
        }
        generations.young[key] = entry
    }

    /// A clock that was set back must not extend a session: an entry from the future does not count.
    private static func principal(_ entry: Entry, at now: Timestamp) -> Principal? {
        entry.storedAt <= now && now < entry.end ? entry.principal : nil
    }
}
