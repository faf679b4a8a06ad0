// The rendered status reports that were read lately, apart from the documents: a report takes a fraction of the memory of its user's
// document. Every stored change of a user removes the user's report.

import Primitives
package import ProviderSDK
import Synchronization

/// The rendered status reports of users, bounded by bytes.
///
/// Two generations have half the capacity each. A full younger generation becomes the older one, and reports unused since
/// the last change are dropped. Every operation is O(1) on average.
package final class RenderedStatusCache: Sendable {
    /// The moment when a read began; see ``insert(_:of:readAt:)``.
    package struct Epoch: Sendable {
        fileprivate let value: UInt64
    }

    /// The default of ``init(bytesMax:)``.
    package static let bytesMaxDefault = 64 << 20
    private static let shardCount = 16

    private let shards: [RenderedStatusShard]
    private let hashKey = SipKey(low: .random(in: .min ... .max), high: .random(in: .min ... .max))

    /// A cache that takes at most `bytesMax` of memory, give or take a fifth.
    package init(bytesMax: Int = bytesMaxDefault) {
        let shardBytesMax = bytesMax / Self.shardCount
        shards = (0..<Self.shardCount).map { _ in RenderedStatusShard(bytesMax: shardBytesMax) }
    }

    /// Returns the report of a user if it is correct at `now`.
    package func find(_ userID: String, at now: Timestamp) -> RenderedStatus? {
        let id = userID.utf8Span.span
        let hash = SipHash.hash64(id, key: hashKey)
        return shard(hash).find(hash, id, at: now)
    }

    /// Returns the moment from which a read of the user sees all changes that are stored so far.
    package func epoch(of userID: String) -> Epoch { Epoch(value: shard(hash(userID)).epoch) }

    /// Keeps the report that a read found, unless the user may have changed since the read began.
    package func insert(_ report: RenderedStatus, of userID: String, readAt epoch: Epoch) {
        let hash = hash(userID)
        shard(hash).insert(.init(id: userID, report: report), hash, readAt: epoch.value)
    }

    /// Removes the report of a user who has changed.
    package func remove(_ userID: String) {
        let hash = hash(userID)
        shard(hash).remove(hash)
    }

    /// The reports held and their bytes.
    package var size: (reports: Int, bytes: Int) {
        shards.reduce((0, 0)) { size, shard in
            let part = shard.size
            return (size.0 + part.reports, size.1 + part.bytes)
        }
    }

    private func hash(_ userID: String) -> UInt64 { SipHash.hash64(userID.utf8Span.span, key: hashKey) }

    private func shard(_ hash: UInt64) -> RenderedStatusShard {
        shards[Int(truncatingIfNeeded: hash >> 32) & (Self.shardCount - 1)]
    }
}

/// The reports of a part of all users.
private final class RenderedStatusShard: Sendable {
    struct Entry: Sendable {
        // A text, which needs no memory apart where it is short.
        let id: String
        let report: RenderedStatus

        /// The memory of the entry: its text and its id, and the objects, buffers and table places around them.
        var cost: Int { report.bytes.capacity + id.utf8.count + RenderedStatusShard.entryBytes }

        func report(of id: Span<UInt8>, at now: Timestamp) -> RenderedStatus? {
            let known = self.id.utf8Span.span
            guard known.count == id.count, report.isValid(at: now) else { return nil }
            for index in id.indices where known[index] != id[index] { return nil }
            return report
        }
    }

    private struct State {
        // By hash. The hash has a secret key, so no caller can find two ids that share a place.
        var young: [UInt64: Entry] = [:]
        var old: [UInt64: Entry] = [:]
        var youngBytes = 0
        var oldBytes = 0
        // Counts the changes of the users, so that a slow read cannot put an old report over a newer user.
        var epoch: UInt64 = 0
    }

    /// The memory of an entry besides its text and its id.
    private static let entryBytes = 256

    private let state = Mutex(State())
    private let generationBytesMax: Int

    init(bytesMax: Int) { generationBytesMax = bytesMax / 2 }

    var epoch: UInt64 { state.withLock { $0.epoch } }

    var size: (reports: Int, bytes: Int) {
        state.withLock { ($0.young.count + $0.old.count, $0.youngBytes + $0.oldBytes) }
    }

    func find(_ hash: UInt64, _ id: Span<UInt8>, at now: Timestamp) -> RenderedStatus? {
        state.withLock { state in
            if let entry = state.young[hash] { return entry.report(of: id, at: now) }
            guard let entry = Self.removeOld(hash, from: &state) else { return nil }
            guard let report = entry.report(of: id, at: now) else { return nil }
            put(entry, hash, in: &state)
            return report
        }
    }

    func insert(_ entry: Entry, _ hash: UInt64, readAt epoch: UInt64) {
        state.withLock { state in
            guard state.epoch == epoch, entry.cost <= generationBytesMax else { return }
            _ = Self.removeOld(hash, from: &state)
            put(entry, hash, in: &state)
        }
    }

    func remove(_ hash: UInt64) {
        state.withLock { state in
            state.epoch &+= 1
            if let entry = state.young.removeValue(forKey: hash) { state.youngBytes -= entry.cost }
            _ = Self.removeOld(hash, from: &state)
        }
    }

    private static func removeOld(_ hash: UInt64, from state: inout State) -> Entry? {
        guard let entry = state.old.removeValue(forKey: hash) else { return nil }
        state.oldBytes -= entry.cost
        return entry
    }

    private func put(_ entry: Entry, _ hash: UInt64, in state: inout State) {
        if state.youngBytes + entry.cost > generationBytesMax {
            (state.old, state.oldBytes) = (state.young, state.youngBytes)
            (state.young, state.youngBytes) = ([:], 0)
        }
        state.youngBytes += entry.cost
        if let replaced = state.young.updateValue(entry, forKey: hash) { state.youngBytes -= replaced.cost }
    }
}
