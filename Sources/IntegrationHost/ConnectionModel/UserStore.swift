// Users by id, over the document store: a decoded user is kept beside its document, and every change is a compare-and-swap.

import Cryptography
import DocumentStore
import ProviderSDK
import Synchronization

/// A decoded user as it is kept beside its document: immutable, shared by all readers.
final class StoredUser: Sendable {
    let user: User
    /// The integrations of the status document, rendered when they are first asked for.
    let renderedStatus = AtomicLazyReference<StatusList>()

    init(_ user: User) { self.user = user }
}

/// The users.
struct UserStore: Sendable {
    /// A place in the list of all users.
    typealias ListPosition = Documents.ListPosition

    /// Who is told of changes.
    let changes = UserChanges()
    private let documents: Documents

    init(_ documents: Documents) { self.documents = documents }

    private static func key(_ userID: String) -> DocumentKey {
        DocumentKey(collection: "users", id: Array(userID.utf8))
    }

    /// The 3 hex digits of the user's shard, which stand in the ids of the user's connections.
    static func shard(of userID: String) -> String {
        let hex = String(DocumentKey.shard(ofID: Array(userID.utf8)), radix: 16)
        return String(repeating: "0", count: 3 - hex.utf8.count) + hex
    }

    /// The user when memory knows of it, one without connections when it knows that nothing is stored; nil says nothing.
    func cached(_ userID: String) -> StoredUser? {
        switch documents.cached(Self.key(userID)) {
        case .present(let document): try? Self.decoded(document)
        case .absent: StoredUser(User(id: userID))
        case nil: nil
        }
    }

    /// The user as it is stored, kept beside its document; nil when nothing is stored.
    func stored(_ userID: String) async throws(ServiceError) -> StoredUser? {
        let document: Document?
        do throws(StoreError) { document = try await documents.load(Self.key(userID)) } catch {
            throw ServiceError(error)
        }
        do throws(UserCodingError) { return try document.map(Self.decoded) } catch { throw .internalFault("\(error)") }
    }

    /// The user; one without connections when nothing is stored.
    func user(_ userID: String) async throws(ServiceError) -> User {
        try await load(Self.key(userID))?.user ?? User(id: userID)
    }

    /// Changes a user.
    ///
    /// `change` may run several times when others change the same user; it must have no effects of its own. When it throws,
    /// nothing is stored. The result is durable when this returns.
    @discardableResult
    func update<Result: Sendable>(
        _ userID: String, _ change: (inout User) throws(ServiceError) -> Result
    ) async throws(ServiceError) -> Result {
        let key = Self.key(userID)
        return try await documents.inTurn(key) { () async throws(ServiceError) in try await update(key, userID, change)
        }
    }

    private func update<Result: Sendable>(
        _ key: DocumentKey, _ userID: String, _ change: (inout User) throws(ServiceError) -> Result
    ) async throws(ServiceError) -> Result {
        for _ in 0..<HostLimits.updateAttemptsMax {
            let stored = try await load(key)
            var user = stored?.user ?? User(id: userID)
            let result = try change(&user)
            user.boundNotifications()
            do throws(StoreError) {
                try await documents.save(
                    key, user.encoded, expecting: stored.map { .revision($0.revision) } ?? .absent,
                    form: StoredUser(user))
                changes.notify(user)
                return result
            } catch {
                guard case .conflict = error else { throw ServiceError(error) }
            }
        }
        throw .unavailable("Too many changes of this user at the same time: try again.", retryAfterSeconds: 1)
    }

    /// Brings every change into its place, so that nothing older is left in any file; a failure leaves it to the next start.
    func flush() async { try? await documents.flush() }

    /// The ids of all users, page by page.
    func userIDs(after position: ListPosition?) async throws(ServiceError) -> (
        ids: [String], next: ListPosition?
    ) {
        do throws(StoreError) {
            let page = try await documents.list("users", after: position)
            return (page.keys.map { String(decoding: $0.id, as: UTF8.self) }, page.next)
        } catch {
            throw ServiceError(error)
        }
    }

    /// The ids of the users among whom the owner of a connection is; empty for an id that no connection has.
    ///
    /// A connection's id names the shard of its user: only that one is read.
    func candidates(forOwnerOf connectionID: String) async throws(ServiceError) -> [String] {
        let digits = connectionID.utf8.dropFirst(5).prefix(3)
        guard connectionID.hasPrefix("conn-"), connectionID.utf8.count == 30, digits.count == 3,
            digits.allSatisfy({ 0x30...0x39 ~= $0 || 0x61...0x66 ~= $0 }),
            let shard = UInt16(String(decoding: Array(digits), as: UTF8.self), radix: 16)
        else { return [] }
        var ids: [String] = []
        var position: Documents.ListPosition?
        do throws(StoreError) {
            repeat {
                let page = try await documents.list("users", shard: shard, after: position)
                ids += page.keys.map { String(decoding: $0.id, as: UTF8.self) }
                position = page.next
            } while position != nil
        } catch {
            throw ServiceError(error)
        }
        return ids
    }

    private func load(_ key: DocumentKey) async throws(ServiceError) -> (user: User, revision: UInt64)? {
        let document: Document?
        do throws(StoreError) { document = try await documents.load(key) } catch { throw ServiceError(error) }
        guard let document else { return nil }
        do throws(UserCodingError) {
            return (try Self.decoded(document).user, document.revision)
        } catch {
            throw .internalFault("\(error)")
        }
    }

    private static func decoded(_ document: Document) throws(UserCodingError) -> StoredUser {
        try document.decoded { bytes throws(UserCodingError) in StoredUser(try User(decoding: bytes)) }
    }
}
