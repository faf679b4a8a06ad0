// How many connections the users of each folder have, so that a list can skip folders. A count is taken from the heads of the
// documents, and then follows the changes of users.

import StoreFiles
import Synchronization

/// The number of connections in each folder of users, as far as it is known.
final class ConnectionCounts: Sendable {
    /// When a folder began to be counted.
    struct Epoch {
        fileprivate let value: UInt32
    }

    /// A change of a user that is being stored.
    struct Change {
        fileprivate let shard: UInt16
        fileprivate let notes: UInt32
    }

    private struct Folder {
        var count: Int32?
        var epoch: UInt32 = 0
        /// How many counts were kept.
        var notes: UInt32 = 0
    }

    private let folders = Mutex([Folder](repeating: Folder(), count: StoreLimits.shardCount))

    /// The counts by folder; nil where they are not known.
    var all: [Int?] { folders.withLock { $0.map { $0.count.map(Int.init) } } }

    func epoch(of shard: UInt16) -> Epoch { folders.withLock { Epoch(value: $0[Int(shard)].epoch) } }

    /// Keeps what was counted, unless a user changed since `epoch`.
    func note(_ count: Int, of shard: UInt16, since epoch: Epoch) {
        folders.withLock { folders in
            guard folders[Int(shard)].epoch == epoch.value else { return }
            folders[Int(shard)].count = Int32(clamping: count)
            folders[Int(shard)].notes &+= 1
        }
    }

    /// When each folder began to be counted.
    var epochs: [Epoch] { folders.withLock { $0.map { Epoch(value: $0.epoch) } } }

    /// Keeps that all folders but these hold no users.
    func noteEmpty(except shards: [UInt16], since epochs: [Epoch]) {
        var isEmpty = [Bool](repeating: true, count: epochs.count)
        for shard in shards { isEmpty[Int(shard)] = false }
        folders.withLock { folders in
            for (place, epoch) in epochs.enumerated() where isEmpty[place] && folders[place].epoch == epoch.value {
                folders[place].count = 0
                folders[place].notes &+= 1
            }
        }
    }

    /// Notes that a user of the folder is about to get or lose connections.
    func changeBegins(_ shard: UInt16) -> Change {
        folders.withLock { Change(shard: shard, notes: $0[Int(shard)].notes) }
    }

    /// Records that a user got `difference` more connections, durably.
    ///
    /// A count that was kept since the change began may have it or not, so it is taken again.
    func changeEnded(_ change: Change, _ difference: Int) {
        folders.withLock { folders in
            folders[Int(change.shard)].epoch &+= 1
            let isSure = folders[Int(change.shard)].notes == change.notes
            folders[Int(change.shard)].count = folders[Int(change.shard)].count.flatMap { count in
                isSure ? Int32(clamping: Int(count) + difference) : nil
            }
        }
    }
}
