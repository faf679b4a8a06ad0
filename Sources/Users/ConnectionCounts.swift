// How many connections the users of each folder have, so that a list can skip folders. A count holds until a user of its folder gets
// or loses connections, and is then taken again from the heads of the documents.

import StoreFiles
import Synchronization

/// The number of connections in each folder of users, as far as it is known.
final class ConnectionCounts: Sendable {
    /// When a folder began to be counted.
    struct Epoch {
        fileprivate let value: UInt32
    }

    private struct Folder {
        var count: Int32?
        var epoch: UInt32 = 0
    }

    private let folders = Mutex([Folder](repeating: Folder(), count: StoreLimits.shardCount))

    /// The counts by folder; nil where they are not known.
    var all: [Int?] { folders.withLock { $0.map { $0.count.map(Int.init) } } }

    func epoch(of shard: UInt16) -> Epoch { folders.withLock { Epoch(value: $0[Int(shard)].epoch) } }

    /// Keeps what was counted, unless a user changed since `epoch`.
    func note(_ count: Int, of shard: UInt16, since epoch: Epoch) {
        folders.withLock { folders in
            if folders[Int(shard)].epoch == epoch.value { folders[Int(shard)].count = Int32(clamping: count) }
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
            }
        }
    }

    /// Records that a user of the folder got or lost connections.
    func changed(_ shard: UInt16) {
        folders.withLock { folders in
            folders[Int(shard)].count = nil
            folders[Int(shard)].epoch &+= 1
        }
    }
}
