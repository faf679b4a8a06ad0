// Records which users have connected an account of a provider. Some providers end all grants to an account at once, so only the
// last connection may end its grant.
// A user is added to the list before the connection is stored.
// Every decision checks the list against the users' own documents. It may contain too many users, never too few.

package import ConnectionModel
import Cryptography
package import DocumentStore
package import Primitives
import ProviderSDK
import StoreFiles

/// The users who have connected an account, or are about to connect it.
struct AccountUserList: StoredValue {
    struct Entry: Sendable {
        let user: String
        /// When the user started to connect the account.
        let at: Timestamp

        func isOf(_ user: String) -> Bool { self.user.utf8.elementsEqual(user.utf8) }
    }

    fileprivate var entries: [Entry] = []

    fileprivate init() {}

    init(document: [UInt8]) throws(ServiceError) {
        guard let value = try? JSONValue.parse(document), let stored = value["users"]?.array else {
            throw .internalFault("The stored list of an account's users cannot be read.")
        }
        entries = stored.compactMap { entry in
            entry["userId"]?.string.map { Entry(user: $0, at: entry.moment("at") ?? .epoch) }
        }
    }

    var document: [UInt8] {
        var writer = JSONWriter(capacity: 64 * (entries.count + 1))
        writer.object { writer in
            writer.key("users")
            writer.array(of: entries) { entry, writer in
                writer.object { writer in
                    writer.member("userId", entry.user)
                    writer.moment("at", entry.at)
                }
            }
        }
        return writer.bytes
    }
}

/// The list of users for each account.
package struct AccountGrants: Sendable {
    private let users: UserStore
    private let lists: DocumentCollection<PlainForm<AccountUserList>>
    private let time: TimeSource

    /// How long an entry counts while its connection is not stored yet.
    static let connectingTimeMax = Duration.seconds(120)

    package init(users: UserStore, documents: Documents, time: TimeSource) {
        self.users = users
        self.time = time
        lists = DocumentCollection(documents, name: "account-grants", noun: "account")
    }

    private static func id(_ connection: Connection, _ accountID: String) -> [UInt8] {
        var name = ""
        for part in [connection.service, connection.variant ?? "", accountID] { name += "\(part.utf8.count):\(part)" }
        return Array(SHA256.digest(name).base64URL.utf8)
    }

    /// Records that a user is about to connect an account.
    package func add(_ connection: Connection, accountID: String, user: String) async throws(ServiceError) {
        let now = time.now
        try await lists.update(Self.id(connection, accountID)) { (stored) throws(ServiceError) in
            var list = stored ?? AccountUserList()
            list.entries.removeAll { $0.isOf(user) }
            list.entries.append(.init(user: user, at: now))
            stored = list
        }
    }

    /// Returns whether no other connection to the account of `connection` has a grant.
    ///
    /// Costs O(users of the account), or O(all users) for an account that was connected before the list existed.
    package func isLast(_ connection: Connection, user: String) async throws(ServiceError) -> Bool {
        guard let accountID = connection.accountID else { return false }
        let id = Self.id(connection, accountID)
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

    private func isHeldByAnyUser(_ connection: Connection, _ accountID: String) async throws(ServiceError) -> Bool {
        var position: UserStore.ListPosition?
        repeat {
            let page = try await users.userIDs(after: position)
            for id in page.ids where try await users.user(id).holds(accountID, of: connection) { return true }
            position = page.next
        } while position != nil
        return false
    }
}

extension User {
    /// Whether a connection other than `connection` that is not being ended has a grant to the same account.
    fileprivate func holds(_ accountID: String, of connection: Connection) -> Bool {
        connections.contains { other in
            !other.id.utf8.elementsEqual(connection.id.utf8) && other.disconnection == nil && !other.credentials.isEmpty
                && other.isOf(connection.service, connection.variant, accountID: accountID)
        }
    }
}
