// All users, folder by folder: many documents with one look at a folder, the next folders meanwhile, and nothing of it in the cache.

package import ConnectionModel
import DocumentStore
package import ProviderSDK

/// The users of one folder.
package struct UserFolder: Sendable {
    /// The users, in the order of their file names.
    package let users: [User]
    /// The users whose documents cannot be read.
    package let unreadable: [(id: String, error: ServiceError)]
}

extension UserStore {
    /// Folders that are read at the same time.
    private static let foldersReadTogether = 4
    /// Folders that are read at the same time for a page of a list, whose bounds are known.
    private static let foldersListedTogether = 32

    /// Returns the users of a folder.
    package func folder(_ shard: UInt16) async throws(ServiceError) -> UserFolder {
        let found = try await values(shard: shard)
        var (users, unreadable): ([User], [(id: String, error: ServiceError)]) = ([], [])
        for (id, value) in found {
            switch value {
            case .success(let user): users.append(user)
            case .failure(let error): unreadable.append((String(decoding: id, as: UTF8.self), error))
            }
        }
        return UserFolder(users: users, unreadable: unreadable)
    }

    /// Passes the users of these folders to `body`, in this order, until it returns false.
    package func forEachFolder(
        of shards: some Collection<UInt16>, _ body: (UInt16, UserFolder) async throws(ServiceError) -> Bool
    ) async throws(ServiceError) {
        let shards = Array(shards)
        // `body` cannot be passed into a group of tasks, so a few folders are read together and then passed on.
        for start in stride(from: 0, to: shards.count, by: Self.foldersReadTogether) {
            let part = shards[start..<min(shards.count, start + Self.foldersReadTogether)]
            for (shard, folder) in try await folders(part) where try await !body(shard, folder) { return }
        }
    }

    private func folders(_ shards: ArraySlice<UInt16>) async throws(ServiceError) -> [(UInt16, UserFolder)] {
        let found = await withTaskGroup(of: (UInt16, Result<UserFolder, ServiceError>).self) { group in
            for shard in shards {
                group.addTask {
                    do throws(ServiceError) { return (shard, .success(try await self.folder(shard))) } catch {
                        return (shard, .failure(error))
                    }
                }
            }
            return await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
        }
        var read: [(UInt16, UserFolder)] = []
        for shard in shards { if let folder = found[shard] { read.append((shard, try folder.get())) } }
        return read
    }

    // MARK: Connections in order

    /// A place behind a connection in the list of all users' connections.
    package struct ConnectionPosition: Sendable, Equatable {
        package let userID: String
        package let number: Int

        package init(userID: String, number: Int) {
            (self.userID, self.number) = (userID, number)
        }
    }

    /// A connection with its user.
    package typealias Owned = (user: User, connection: Connection)

    /// Returns up to `limit` connections of all users, behind the first `skipped` ones.
    ///
    /// The order is that of the folders and of the file names in them. Whole folders are skipped by their counts, so the last
    /// page costs what the first one does.
    package func connections(skipping skipped: Int, limit: Int, at now: Timestamp) async throws(ServiceError) -> [Owned]
    {
        var left = skipped
        var counts = try await connectionCounts().filter { $0.count > 0 }[...]
        while let first = counts.first, left >= first.count {
            left -= first.count
            counts.removeFirst()
        }
        var found: [Owned] = []
        try await forEachFolder(of: counts, holding: left + limit) { (_, folder) throws(ServiceError) in
            for user in try folder.all() {
                let user = user.asOf(now)
                let passed = min(left, user.connections.count)
                left -= passed
                found += user.connections.dropFirst(passed).prefix(limit - found.count).map { (user, $0) }
            }
            return found.count < limit
        }
        return found
    }

    /// Returns up to `limit` connections of all users, behind a position.
    ///
    /// Costs what it returns and the folder of the position.
    package func connections(
        after position: ConnectionPosition, limit: Int, at now: Timestamp
    ) async throws(ServiceError) -> [Owned] {
        let (place, first) = try listPlace(of: position.userID)
        let counts = try await connectionCounts()[Int(first)...].filter { $0.count > 0 }[...]
        let inFirst = counts.first.map { $0.shard == first ? $0.count : 0 } ?? 0
        var found: [Owned] = []
        try await forEachFolder(of: counts, holding: inFirst + limit) { (shard, folder) throws(ServiceError) in
            for user in try folder.all() {
                let user = user.asOf(now)
                var connections = user.connections[...]
                if shard == first {
                    let other = try listPlace(of: user.id).name
                    if other < place { continue }
                    if other == place { connections = connections.drop { $0.number <= position.number } }
                }
                found += connections.prefix(limit - found.count).map { (user, $0) }
            }
            return found.count < limit
        }
        return found
    }

    /// Passes the users of folders to `body`, in order, until it returns false; reads together those that hold `wanted` connections.
    private func forEachFolder(
        of counts: ArraySlice<(shard: UInt16, count: Int)>, holding wanted: Int,
        _ body: (UInt16, UserFolder) throws(ServiceError) -> Bool
    ) async throws(ServiceError) {
        var (rest, wanted) = (counts, wanted)
        while !rest.isEmpty {
            var part: [UInt16] = []
            // A folder whose users have lost connections meanwhile leaves some to be read from the ones behind.
            repeat {
                let next = rest.removeFirst()
                part.append(next.shard)
                wanted -= next.count
            } while wanted > 0 && !rest.isEmpty && part.count < Self.foldersListedTogether
            for (shard, folder) in try await folders(part[...]) where try !body(shard, folder) { return }
        }
    }
}

extension UserFolder {
    /// - Throws: the first reason why a document could not be read.
    fileprivate func all() throws(ServiceError) -> [User] {
        if let first = unreadable.first { throw first.error }
        return users
    }
}
