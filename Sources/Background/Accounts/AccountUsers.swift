// Knows which users have connected an account of a provider. A webhook about an account is for all of them. Some providers end all
// grants to an account at once, so only the last connection may end its grant.
// The users' own documents decide: neither the index nor a list lacks a user, but each may name one too many.

package import ConnectionModel
package import DocumentStore
package import Observability
package import Primitives
import ProviderSDK
import Synchronization
package import Users

/// The users of each account.
///
/// An index in memory answers look-ups for providers with webhooks: it is built from the users' documents at the start and follows
/// each change. A stored list for each account adds the users who are about to connect it.
package final class AccountUsers: Sendable {
    private let users: UserStore
    private let lists: DocumentCollection<PlainForm<AccountUserList>>
    /// The providers in the index.
    private let services: Set<String>
    private let index = Mutex(AccountIndex())
    private let time: TimeSource
    private let log: Log

    /// How long an entry of a list counts while its connection is not stored yet.
    static let connectingTimeMax = Duration.seconds(120)

    /// - Parameter services: the providers whose accounts are indexed.
    package init(users: UserStore, documents: Documents, indexing services: Set<String>, time: TimeSource, log: Log) {
        self.users = users
        self.services = services
        self.time = time
        self.log = log
        lists = DocumentCollection(documents, name: "account-grants", noun: "account")
        if !services.isEmpty { users.changes.observe { [weak self] change in self?.add(change) } }
    }

    // MARK: Index

    /// Whether the index includes every user.
    package var isComplete: Bool { index.withLock { $0.isComplete } }

    /// Returns whether the index includes the accounts of a provider.
    package func covers(_ service: String) -> Bool { services.contains(service) }

    /// Returns the users that may have a connection to an indexed account.
    ///
    /// O(1).
    package func users(of key: AccountKey) -> [String] { index.withLock { $0.users(of: key) } }

    /// Adds the accounts of every user to the index.
    ///
    /// O(users), of whose documents only the heads are read when they list the accounts.
    package func read() async {
        while !services.isEmpty, !Task.isCancelled {
            do {
                try await readAll()
                break
            } catch {
                log.warning("Could not read the users' accounts.", ["error": .text("\(error)")])
            }
            try? await time.sleep(for: .seconds(5))
        }
        if !Task.isCancelled { index.withLock { $0.isComplete = true } }
    }

    private func readAll() async throws(ServiceError) {
        for shard in try await users.shards() {
            for head in try await users.heads(shard: shard) {
                guard !Task.isCancelled else { return }
                if let summary = head.summary {
                    index.withLock { index in for key in summary.accounts { index.add(head.id, to: key) } }
                } else {
                    try await readDocument(head.id)
                }
            }
        }
    }

    /// Adds the accounts of a user whose head does not list them.
    private func readDocument(_ id: String) async throws(ServiceError) {
        do throws(ServiceError) {
            if let user = try await users.peek(id) { add(user) }
        } catch {
            guard case .internalFault = error else { throw error }
            // A document that cannot be read has no connections to sync.
            index.withLock { $0.lacksUser = true }
            log.warning("Could not read a user.", ["error": .text("\(error)")])
        }
    }

    private func add(_ change: UserChange) {
        guard let summary = change.summary else { return add(change.user) }
        index.withLock { index in for key in summary.accounts { index.add(change.user.id, to: key) } }
    }

    private func add(_ user: User) {
        for connection in user.connections where services.contains(connection.service) {
            guard let accountID = connection.accountID else { continue }
            let key = AccountKey(service: connection.service, variant: connection.variant, accountID: accountID)
            index.withLock { $0.add(user.id, to: key) }
        }
    }

    // MARK: Grants

    /// Records that a user is about to connect an account; durable on return.
    package func add(_ connection: Connection, accountID: String, user: String) async throws(ServiceError) {
        let now = time.now
        try await lists.update(Self.documentID(connection, accountID)) { (stored) throws(ServiceError) in
            var list = stored ?? AccountUserList()
            list.entries.removeAll { $0.isOf(user) }
            list.entries.append(.init(user: user, at: now))
            stored = list
        }
    }

    /// Whether other grants would end with a grant.
    package enum Standing: Sendable, Equatable {
        /// The account has no other grant.
        case last
        /// The account has another grant.
        case shared
        /// The same user has a grant whose account is not known yet.
        case undecided
    }

    /// Returns whether ending the grant of `connection` for its whole account would end another grant.
    ///
    /// A later grant of the same connection is another grant.
    ///
    /// Costs O(users of the account). For an account that was connected before lists existed and is not indexed, it costs O(all users).
    package func standing(of connection: Connection, user: String) async throws(ServiceError) -> Standing {
        guard let accountID = connection.accountID else { return .shared }
        let own = try await users.user(user)
        if own.holds(accountID, of: connection) { return .shared }
        if own.awaitsAccount(of: connection) { return .undecided }
        return try await isLast(connection, user: user) ? .last : .shared
    }

    /// Returns whether no other connection to the account of `connection` has a grant.
    private func isLast(_ connection: Connection, user: String) async throws(ServiceError) -> Bool {
        guard let accountID = connection.accountID else { return false }
        let id = Self.documentID(connection, accountID)
        guard let list = try await lists.load(id)?.value else {
            return try await !isHeldByAnyUser(connection, accountID)
        }
        let now = time.now
        var isLast = true
        var gone: [String] = []
        for entry in list.entries {
            if try await users.user(entry.user).holds(accountID, of: connection) {
                isLast = false
            } else if !entry.isOf(user), entry.at.advanced(by: Self.connectingTimeMax) > now {
                isLast = false
            } else {
                gone.append(entry.user)
            }
        }
        let removed = gone
        try await lists.update(id) { (stored) throws(ServiceError) in
            // An entry that was added in the meantime belongs to a user who is about to connect.
            stored?.entries.removeAll { entry in entry.at <= now && removed.contains(where: entry.isOf) }
        }
        return isLast
    }

    private static func documentID(_ connection: Connection, _ accountID: String) -> [UInt8] {
        AccountKey.documentID(service: connection.service, variant: connection.variant, accountID: accountID)
    }

    private func isHeldByAnyUser(_ connection: Connection, _ accountID: String) async throws(ServiceError) -> Bool {
        if covers(connection.service), index.withLock({ $0.isComplete && !$0.lacksUser }) {
            let key = AccountKey(service: connection.service, variant: connection.variant, accountID: accountID)
            for id in users(of: key) where try await users.user(id).holds(accountID, of: connection) { return true }
            return false
        }
        return try await hasUser { (id) throws(ServiceError) in
            try await users.user(id).holds(accountID, of: connection)
        }
    }

    // MARK: Erasure

    /// Removes a user from the lists of all accounts.
    ///
    /// Reads every list once, page by page. Keeps lists without users, because an account without one costs a walk over all users.
    package func eraseData(of user: User) async throws(ServiceError) -> Int {
        var removed = 0
        var position: Documents.ListPosition?
        repeat {
            let page = try await lists.ids(after: position)
            for id in page.ids {
                guard !Task.isCancelled else { throw .canceled }
                guard let list = try await lists.peek(id), list.entries.contains(where: { $0.isOf(user.id) }) else {
                    continue
                }
                try await lists.update(id) { $0?.entries.removeAll { $0.isOf(user.id) } }
                removed += 1
            }
            position = page.next
        } while position != nil
        return removed
    }

    // MARK: All users

    /// Returns whether `isFound` holds for a user's id; asks about no further user then.
    private func hasUser(
        _ isFound: (String) async throws(ServiceError) -> Bool
    ) async throws(ServiceError) -> Bool {
        var position: UserStore.ListPosition?
        repeat {
            let page = try await users.userIDs(after: position)
            for id in page.ids where try await isFound(id) { return true }
            position = page.next
        } while position != nil
        return false
    }
}

extension User {
    /// Whether the user has another grant to the account of `connection` that is not being ended.
    fileprivate func holds(_ accountID: String, of connection: Connection) -> Bool {
        connections.contains { other in
            other.hasGrant(besides: connection)
                && other.isOf(connection.service, connection.variant, accountID: accountID)
        }
    }

    /// Whether the user has a grant for the same provider whose account is not known yet.
    fileprivate func awaitsAccount(of connection: Connection) -> Bool {
        connections.contains { other in
            other.hasGrant(besides: connection) && other.grant.unidentified != nil
                && other.service.utf8.elementsEqual(connection.service.utf8) && other.variant == connection.variant
        }
    }
}

extension Connection {
    /// Whether the connection has a grant that is neither the one of `other` nor being ended.
    fileprivate func hasGrant(besides other: Connection) -> Bool {
        let isSame = id.utf8.elementsEqual(other.id.utf8) && grant.number <= other.grant.number
        return !isSame && disconnection == nil && !credentials.isEmpty
    }
}
