// The users of the installation and their connections, page by page, for an application. A page is bounded by what it reads, not only
// by what it returns. Does not depend on HTTP.

package import ConnectionModel
package import Primitives
import ProviderSDK
package import Users

/// A service that lists users and their connections.
package struct UserDirectory: Sendable {
    private let users: UserStore
    private let diagnoses: DiagnosisService
    private let time: TimeSource
    /// How much a page of connections reads: users, and summaries of users.
    var usersReadMax = UserListLimits.usersReadMax
    var summariesReadMax = UserListLimits.summariesReadMax

    package init(users: UserStore, diagnoses: DiagnosisService, time: TimeSource) {
        self.users = users
        self.diagnoses = diagnoses
        self.time = time
    }

    // MARK: Users

    /// A user in a list.
    package struct Entry: Sendable {
        package let id: String
        /// Nil when the user's document cannot be read.
        package let user: User?
    }

    /// Returns a page of users and the place to read on from; nil at the end.
    ///
    /// Costs the users that it returns and the names in their folders.
    package func users(
        after place: UserPlace?, limit: Int
    ) async throws(ServiceError) -> (entries: [Entry], next: UserPlace?) {
        let (ids, isLast) = try await users.ids(after: place, limit: limit)
        var entries: [Entry] = []
        for id in ids {
            let found = try await readable(id)
            // A user who was erased meanwhile is left out.
            if case .absent = found { continue }
            entries.append(Entry(id: id, user: found.user))
        }
        return (entries, isLast ? nil : ids.last.map { UserPlace(of: $0) })
    }

    /// A user with connections and accounts.
    package struct Detail: Sendable {
        package let id: String
        package let connections: [ListedConnection]
        /// The account that the user linked by a token; nil without one.
        package let externalAccount: ExternalAccount?
    }

    /// Returns a user.
    ///
    /// - Throws: ``ServiceError/notFound`` when nothing is stored of the user.
    package func user(_ id: String) async throws(ServiceError) -> Detail {
        guard let stored = try await users.stored(id)?.value else { throw .notFound }
        let user = stored.asOf(time.now)
        return Detail(
            id: id, connections: listed(user), externalAccount: ExternalAccount(user.externalAccount))
    }

    // MARK: Connections

    /// A connection in a list.
    package struct ListedConnection: Sendable {
        package let userID: String
        package let connection: Connection
        package let kind: DiagnosisClass
        /// The name of the provider.
        package let serviceName: String
    }

    /// A place in the list of the connections of all users.
    package struct ConnectionPlace: Sendable, Equatable {
        package let user: UserPlace
        /// The number of the last connection of this user that was returned; nil when the user is done.
        package let number: Int?

        init(_ user: UserPlace, number: Int? = nil) {
            self.user = user
            self.number = number
        }

        /// Reads ``text``; nil for anything else.
        package init?(_ text: String) {
            let parts = text.split(separator: ".", omittingEmptySubsequences: false)
            guard parts.count <= 2, let user = parts.first.flatMap({ UserPlace(String($0)) }) else { return nil }
            self.user = user
            guard parts.count == 2 else {
                number = nil
                return
            }
            guard let number = Int(parts[1]), number >= 0, String(number) == parts[1] else { return nil }
            self.number = number
        }

        /// The place as text.
        package var text: String { number.map { "\(user.text).\($0)" } ?? user.text }
    }

    /// Returns a page of connections and the place to read on from; nil at the end.
    ///
    /// A page reads at most ``UserListLimits/usersReadMax`` users whose summaries do not rule them out, so it may be empty and have a
    /// next place all the same.
    package func connections(
        _ filter: ConnectionFilter, after start: ConnectionPlace?, limit: Int
    ) async throws(ServiceError) -> (found: [ListedConnection], next: ConnectionPlace?) {
        var found: [ListedConnection] = []
        var (read, seen) = (0, 0)
        var last = start
        for shard in try await users.shards() where shard >= start?.user.shard ?? 0 {
            guard seen < summariesReadMax else { return (found, last) }
            let heads = try await users.overview(shard: shard)
            seen += heads.count
            for head in heads {
                if let start, head.place < start.user || head.place == start.user && start.number == nil { continue }
                guard filter.mayInclude(head.kinds) else { continue }
                guard read < usersReadMax else { return (found, last) }
                read += 1
                let begun = head.place == start?.user ? start?.number : nil
                for entry in listed(try await readable(head.id).user?.asOf(time.now), after: begun)
                where filter.includes(entry) {
                    guard found.count < limit else { return (found, last) }
                    found.append(entry)
                    last = ConnectionPlace(head.place, number: entry.connection.number)
                }
                last = ConnectionPlace(head.place)
            }
            last = ConnectionPlace(UserPlace(endOf: shard))
        }
        return (found, nil)
    }

    /// Returns the connections that an id names: those of a user, or one connection.
    package func connections(named id: String) async throws(ServiceError) -> [ListedConnection] {
        let owners = try await users.candidates(forOwnerOf: id)
        for owner in owners {
            let own = listed(try await readable(owner).user?.asOf(time.now))
            if let found = own.first(where: { $0.connection.id.utf8.elementsEqual(id.utf8) }) { return [found] }
        }
        return listed(try await readable(id).user?.asOf(time.now))
    }

    /// Returns the connections of a user, with their classes, from the one behind number `number` on.
    package func listed(_ user: User?, after number: Int? = nil) -> [ListedConnection] {
        guard let user else { return [] }
        let connections = user.connections.filter { $0.number > number ?? -1 }.sorted { $0.number < $1.number }
        return connections.map { connection in
            ListedConnection(
                userID: user.id, connection: connection, kind: diagnoses.kind(of: connection, user: user.id),
                serviceName: diagnoses.name(of: connection))
        }
    }

    // MARK: Reading

    private enum Found {
        case absent
        case present(User)
        case unreadable

        var user: User? { if case .present(let user) = self { user } else { nil } }
    }

    /// Reads a user; one damaged document does not end a list.
    private func readable(_ id: String) async throws(ServiceError) -> Found {
        do throws(ServiceError) { return try await users.peek(id).map { .present($0) } ?? .absent } catch {
            switch error {
            case .internalFault, .damaged: return .unreadable
            default: throw error
            }
        }
    }
}
