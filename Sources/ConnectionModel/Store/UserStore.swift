// Users by id: a decoded user is kept beside its document, and whoever observes users is told of every change.

package import DocumentStore
import Primitives
import ProviderSDK
import StoreFiles
package import Synchronization

/// A decoded user as it is kept beside its document: immutable, shared by all readers.
package final class StoredUser: StoredForm {
    package let value: User
    /// The rendered status report; filled by the first request for it.
    package let renderedStatus = AtomicLazyReference<RenderedStatus>()

    package init(_ value: User) { self.value = value }

    package var user: User { value }
}

extension User: StoredValue {
    package init(document: [UInt8]) throws(ServiceError) {
        do throws(UserCodingError) { try self.init(decoding: document) } catch { throw .internalFault("\(error)") }
    }

    package var document: [UInt8] { encoded }
}

/// The users.
package struct UserStore: Sendable {
    /// A place in the list of all users.
    package typealias ListPosition = DocumentCollection<StoredUser>.ListPosition

    /// Who is told of changes.
    package let changes: UserChanges
    private let users: DocumentCollection<StoredUser>

    package init(_ documents: Documents) {
        let changes = UserChanges()
        self.changes = changes
        users = DocumentCollection(documents, name: "users", noun: "user") { changes.notify($0) }
    }

    /// The 3 hex digits of the user's shard, which stand in the ids of the user's connections.
    package static func shard(of userID: String) -> String {
        String(Hex.encode(DocumentKey.shard(ofID: Array(userID.utf8))).dropFirst())
    }

    /// The user when memory knows of it, one without connections when it knows that nothing is stored; nil says nothing.
    package func cached(_ userID: String) -> StoredUser? {
        switch users.cached(Array(userID.utf8)) {
        case .present(let user): user
        case .absent: StoredUser(User(id: userID))
        case nil: nil
        }
    }

    /// The user as it is stored, kept beside its document; nil when nothing is stored.
    package func stored(_ userID: String) async throws(ServiceError) -> StoredUser? {
        try await users.load(Array(userID.utf8))
    }

    /// The user; one without connections when nothing is stored.
    package func user(_ userID: String) async throws(ServiceError) -> User {
        try await stored(userID)?.value ?? User(id: userID)
    }

    /// Changes a user.
    ///
    /// `change` may run several times when others change the same user; it must have no effects of its own. When it throws,
    /// nothing is stored. The result is durable when this returns.
    @discardableResult
    package func update<Result: Sendable>(
        _ userID: String, _ change: (inout User) throws(ServiceError) -> Result
    ) async throws(ServiceError) -> Result {
        try await users.update(Array(userID.utf8)) { (stored) throws(ServiceError) in
            var user = stored ?? User(id: userID)
            let result = try change(&user)
            user.boundNotifications()
            stored = user
            return result
        }
    }

    /// Brings every change into its place, so that nothing older is left in any file; a failure leaves it to the next start.
    package func flush() async { await users.flush() }

    /// The ids of all users, page by page.
    package func userIDs(after position: ListPosition?) async throws(ServiceError) -> (
        ids: [String], next: ListPosition?
    ) {
        let page = try await users.ids(after: position)
        return (page.ids.map { String(decoding: $0, as: UTF8.self) }, page.next)
    }

    /// The ids of the users among whom the owner of a connection is; empty for an id that no connection has.
    ///
    /// A connection's id names the shard of its user: only that one is read.
    package func candidates(forOwnerOf connectionID: String) async throws(ServiceError) -> [String] {
        let digits = connectionID.utf8.dropFirst(5).prefix(3)
        guard connectionID.hasPrefix("conn-"), connectionID.utf8.count == 30, digits.count == 3,
            digits.allSatisfy({ 0x30...0x39 ~= $0 || 0x61...0x66 ~= $0 }),
            let shard = UInt16(String(decoding: Array(digits), as: UTF8.self), radix: 16)
        else { return [] }
        var ids: [String] = []
        var position: ListPosition?
        repeat {
            let page = try await users.ids(shard: shard, after: position)
            ids += page.ids.map { String(decoding: $0, as: UTF8.self) }
            position = page.next
        } while position != nil
        return ids
    }
}
