// Removes what a dead process left half made: temporary files and streams that were being erased. Most starts have none
// and finish at once; a long clean-up goes on behind a host that already serves.

import Glibc
import Primitives
import RecordStore
import StoreFiles

struct LeftoverCleaner: Sendable {
    let root: Directory
    let names: TemporaryNames
    /// Whether the folders of streams are visited too; there is nothing in them after a clean end.
    let cleansStreams: Bool

    /// How long the start itself may spend here.
    private static let startBudget = Duration.milliseconds(300)

    private struct Shard {
        let parent: String
        let name: String
    }

    /// Cleans for a while, then goes on in the background until done or stopped.
    func start(isStopped: @escaping @Sendable () -> Bool) {
        removeTemporaries(in: root)
        var shards = shardFolders()
        let end = SystemClock.instant + Self.startBudget
        while let shard = shards.popLast() {
            clean(shard)
            if SystemClock.instant >= end { break }
        }
        if shards.isEmpty { return }
        let rest = shards
        startThread(named: "store-clean") {
            for shard in rest where !isStopped() { clean(shard) }
        }
    }

    private func shardFolders() -> [Shard] {
        var shards: [Shard] = []
        for name in (try? root.names()) ?? [] {
            let isCollection = (try? DocumentLocation.validate(collection: name)) != nil
            guard isCollection || (cleansStreams && name == StreamFolder.rootName),
                let parent = try? root.subdirectory(name)
            else { continue }
            for shard in (try? parent.names()) ?? [] where DocumentLocation.isShardName(shard) {
                shards.append(Shard(parent: name, name: shard))
            }
        }
        return shards
    }

    private func clean(_ shard: Shard) {
        guard let directory = try? root.subdirectory(shard.parent)?.subdirectory(shard.name) else { return }
        if shard.parent == StreamFolder.rootName {
            StreamFolder.finishErasures(in: directory)
            for stream in (try? directory.names()) ?? [] {
                if let folder = try? directory.subdirectory(stream) { removeTemporaries(in: folder) }
            }
        } else {
            removeTemporaries(in: directory)
        }
    }

    // Failures are left for the next start: a leftover does no harm but take space.
    private func removeTemporaries(in directory: Directory) {
        for name in (try? directory.names()) ?? [] where names.isLeftover(name) {
            _ = try? directory.fileSystem.unlink(name, in: directory.fd, path: directory.path(of: name))
        }
    }
}
