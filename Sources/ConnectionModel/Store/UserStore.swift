// Users by id. A decoded user is cached with its document, and observers are notified of every change.

package import DocumentStore
import Primitives
import ProviderSDK
import StoreFiles
package import Synchronization

/// A decoded user that is cached with its document: immutable and shared by all readers.
package final class StoredUser: StoredForm {
    package let value: User
    /// The rendered status report; the first request for it fills it in.
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

/// The store of users.
package struct UserStore: Sendable {
    /// A position in the list of all users.
    package typealias ListPosition = DocumentCollection<StoredUser>.ListPosition

    /// The observers that are notified of changes.
    package let changes: UserChanges
    private let users: DocumentCollection<StoredUser>

    package init(_ documents: Documents) {
        let changes = UserChanges()
        self.changes = changes
        users = DocumentCollection(documents, name: "users", noun: "user") { changes.notify($0) }
    }

    /// The 3 hex digits of the user's shard, which are part of the ids of the user's connections.
    package static func shard(of userID: String) -> String {
        String(Hex.encode(DocumentKey.shard(ofID: Array(userID.utf8))).dropFirst())
    }

    /// Returns the cached user, or nil when the cache has no entry.
    ///
    /// Returns a user without connections when the cache knows that nothing is stored.
    package func cached(_ userID: String) -> StoredUser? {
        switch users.cached(Array(userID.utf8)) {
        case .present(let user): user
        case .absent: StoredUser(User(id: userID))
        case nil: nil
        }
    }

    /// Returns the stored user, which is cached with its document, or nil when nothing is stored.
    package func stored(_ userID: String) async throws(ServiceError) -> StoredUser? {
        try await users.load(Array(userID.utf8))
    }

    /// Returns the user, or a user without connections when nothing is stored.
    package func user(_ userID: String) async throws(ServiceError) -> User {
        try await stored(userID)?.value ?? User(id: userID)
    }

    /// Changes a user.
    ///
    /// `change` may run several times when others change the same user, so it must not have side effects. Nothing is stored when it
    /// throws. The result is durable when this returns.
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

    /// Writes all journaled changes to their final files, so that no file holds older data.
    ///
    /// After a failure, the next start does this.
    package func flush() async { await users.flush() }

    /// Returns the ids of all users, page by page.
    package func userIDs(after position: ListPosition?) async throws(ServiceError) -> (
        ids: [String], next: ListPosition?
    ) {
        let page = try await users.ids(after: position)
        return (page.ids.map { String(decoding: $0, as: UTF8.self) }, page.next)
    }

    /// Returns the ids of the users who may own a connection; empty when the connection id is invalid.
    ///
    /// A connection's id contains the shard of its user, so only that shard is read.
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
