// Which users have connected an account of a provider. Some providers end every grant to an account at once, so that only the last
// connection may ask for it. The list is added to before a connection is stored and checked against the users' own documents before
// anything is decided by it: it may name too many users, never too few.

import Cryptography
import DocumentStore
import Primitives
import ProviderSDK

/// The users of each account.
struct AccountGrants: Sendable {
    let users: UserStore
    let documents: Documents
    let time: TimeSource

    /// How long an entry counts whose connection is not stored yet.
    static let connectingTimeMax = Duration.seconds(120)

    private struct Entry {
        let user: String
        let at: Timestamp
    }

    /// Notes that a user is about to connect an account.
    func add(_ connection: Connection, accountID: String, user: String) async throws(ServiceError) {
        let now = time.now
        try await change(key(connection, accountID)) { entries in
            var entries = entries
            entries.removeAll { $0.user.utf8.elementsEqual(user.utf8) }
            entries.append(Entry(user: user, at: now))
            return entries
        }
    }

    /// Whether no other connection to the account of `connection` has a grant.
    ///
    /// O(users of the account), or O(users) for an account that was connected before there was a list.
    func isLast(_ connection: Connection, user: String) async throws(ServiceError) -> Bool {
        guard let accountID = connection.accountID else { return false }
        let key = key(connection, accountID)
        guard let (entries, _) = try await load(key) else {
            return try await !isHeldByAnybody(connection, accountID)
        }
        let now = time.now
        var isLast = true
        var gone: [String] = []
        for entry in entries {
            let isOwn = entry.user.utf8.elementsEqual(user.utf8)
            if try await users.user(entry.user).holds(accountID, of: connection) {
                isLast = false
            } else if !isOwn, entry.at.advanced(by: Self.connectingTimeMax) > now {
                isLast = false
            } else {
                gone.append(entry.user)
            }
        }
        let removed = gone
        try await change(key) { entries in
            // One that was added meanwhile is about to connect.
            return entries.filter { entry in
                entry.at > now || !removed.contains { $0.utf8.elementsEqual(entry.user.utf8) }
            }
        }
        return isLast
    }

    private func isHeldByAnybody(_ connection: Connection, _ accountID: String) async throws(ServiceError) -> Bool {
        var position: UserStore.ListPosition?
        repeat {
            let page = try await users.userIDs(after: position)
            for id in page.ids where try await users.user(id).holds(accountID, of: connection) { return true }
            position = page.next
        } while position != nil
        return false
    }

    // MARK: Documents

    private func key(_ connection: Connection, _ accountID: String) -> DocumentKey {
        var name = ""
        for part in [connection.service, connection.variant ?? "", accountID] { name += "\(part.utf8.count):\(part)" }
        return DocumentKey(collection: "account-grants", id: Array(SHA256.digest(name).base64URL.utf8))
    }

    private func load(_ key: DocumentKey) async throws(ServiceError) -> (entries: [Entry], revision: UInt64)? {
        let document: Document?
        do throws(StoreError) { document = try await documents.load(key) } catch { throw ServiceError(error) }
        guard let document else { return nil }
        guard let value = try? JSONValue.parse(document.bytes), let stored = value["users"]?.array else {
            throw .internalFault("A list of the users of an account cannot be read.")
        }
        let entries = stored.compactMap { entry in
            entry["userId"]?.string.map { user in
                Entry(user: user, at: entry["at"]?.string.flatMap(Timestamp.init(iso8601:)) ?? .epoch)
            }
        }
        return (entries, document.revision)
    }

    /// Changes a list; an empty one where there is none.
    private func change(_ key: DocumentKey, _ change: ([Entry]) -> [Entry]) async throws(ServiceError) {
        for _ in 0..<HostLimits.updateAttemptsMax {
            let stored = try await load(key)
            let entries = change(stored?.entries ?? [])
            var writer = JSONWriter(capacity: 64 * (entries.count + 1))
            writer.object { writer in
                writer.key("users")
                writer.array { writer in
                    for entry in entries {
                        writer.object { writer in
                            writer.member("userId", entry.user)
                            writer.member("at", entry.at.text(withMilliseconds: true))
                        }
                    }
                }
            }
            do throws(StoreError) {
                try await documents.save(
                    key, writer.bytes, expecting: stored.map { .revision($0.revision) } ?? .absent)
                return
            } catch {
                guard case .conflict = error else { throw ServiceError(error) }
            }
        }
        throw .unavailable("Too many changes of this account at the same time: try again.", retryAfterSeconds: 1)
    }
}

extension User {
    /// Whether another connection than `connection`, one that is not being ended, has a grant to the same account.
    fileprivate func holds(_ accountID: String, of connection: Connection) -> Bool {
        connections.contains { other in
            !other.id.utf8.elementsEqual(connection.id.utf8) && other.ending == nil && !other.credentials.isEmpty
                && other.isOf(connection.service, connection.variant, accountID: accountID)
        }
    }
}

extension Connection {
    /// Whether it is to this account, compared byte for byte.
    func isOf(_ service: String, _ variant: String?, accountID: String) -> Bool {
        self.service.utf8.elementsEqual(service.utf8)
            && (self.variant ?? "").utf8.elementsEqual((variant ?? "").utf8)
            && (self.accountID.map { $0.utf8.elementsEqual(accountID.utf8) } ?? false)
    }
}
