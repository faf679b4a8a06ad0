// Removes the temporary files that a dead process left in document folders. Most starts have none and finish at once;
// a long clean-up goes on behind a host that already serves.

import Glibc

struct LeftoverCleaner: Sendable {
    let root: Directory
    let names: TemporaryNames

    /// How long the start itself may spend here.
    private static let startBudget = Duration.milliseconds(300)

    /// Cleans for a while, then goes on in the background until done or stopped.
    func start(isStopped: @escaping @Sendable () -> Bool) {
        var folders = shardFolders()
        let end = ContinuousClock.now + Self.startBudget
        while let (collection, shard) = folders.popLast() {
            clean(collection, shard)
            if ContinuousClock.now >= end { break }
        }
        if folders.isEmpty { return }
        let rest = folders
        startThread(named: "store-clean") {
            for (collection, shard) in rest where !isStopped() { clean(collection, shard) }
        }
    }

    private func shardFolders() -> [(collection: String, shard: String)] {
        var folders: [(String, String)] = []
        for name in (try? root.names()) ?? [] {
            guard (try? DocumentLocation.validate(collection: name)) != nil,
                let collection = try? root.subdirectory(name)
            else { continue }
            for shard in (try? collection.names()) ?? [] where DocumentLocation.isShardName(shard) {
                folders.append((name, shard))
            }
        }
        return folders
    }

    // Failures are left for the next start: a leftover does no harm but take space.
    private func clean(_ collection: String, _ shard: String) {
        guard let directory = try? root.subdirectory(collection)?.subdirectory(shard) else { return }
        for name in (try? directory.names()) ?? [] where names.isLeftover(name) {
            _ = try? directory.fileSystem.unlink(name, in: directory.fd, path: directory.path(of: name))
        }
    }
}
