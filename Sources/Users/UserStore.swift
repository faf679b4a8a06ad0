// Users by id. A decoded user is cached with its document, and observers are notified of every change.

package import Audit
package import ConnectionModel
import Cryptography
package import DocumentStore
package import Primitives
import ProviderSDK
package import StoreFiles
import Synchronization

/// A decoded user that is cached with its document: immutable and shared by all readers.
package typealias StoredUser = PlainForm<User>

extension PlainForm<User> {
    package var user: User { value }
}

extension User: StoredValue {
    package init(document: [UInt8]) throws(ServiceError) {
        do throws(UserCodingError) { try self.init(decoding: document) } catch { throw .internalFault("\(error)") }
    }

    package var document: [UInt8] { encoded }
    package var heapBytes: Int? { memoryBytes }
}

/// The store of users.
package final class UserStore: Sendable {
    /// A position in the list of all users.
    package typealias ListPosition = DocumentCollection<StoredUser>.ListPosition

    /// The collection of the users' documents.
    package static let collection = "users"

    /// The observers that are notified of changes.
    package let changes: UserChanges
    /// The rendered status reports of users.
    package let statuses: RenderedStatusCache
    /// What ended of the users' connections.
    package let histories: ConnectionHistories
    private let counts: ConnectionCounts
    private let summarizer: Summarizer
    private let recorder: ActRecorder
    private let users: DocumentCollection<StoredUser>
    /// The time by which connections are expired; nil when only events expire them.
    private let time: TimeSource?

    package init(
        _ documents: Documents, statuses: RenderedStatusCache = RenderedStatusCache(), time: TimeSource? = nil
    ) {
        self.time = time
        self.statuses = statuses
        let (changes, summarizer, recorder) = (UserChanges(), Summarizer(), ActRecorder())
        self.changes = changes
        self.summarizer = summarizer
        self.recorder = recorder
        histories = ConnectionHistories(documents)
        let counts = ConnectionCounts()
        self.counts = counts
        users = DocumentCollection(documents, name: Self.collection, noun: "user") { before, user in
            let summary = summarizer.summary(of: user)
            let pairs = ConnectionPair.pairs(before?.connections ?? [], user.connections)
            let difference = user.connections.count - (before?.connections.count ?? 0)
            let counted = difference == 0 ? nil : counts.changeBegins(SHA256.digest(user.id).shard)
            return .init(record: recorder.record(pairs, of: user.id), summary: summary?.encoded) {
                statuses.remove(user.id)
                if let counted { counts.changeEnded(counted, difference) }
                changes.notify(UserChange(before: before, user: user, pairs: pairs, summary: summary))
            }
        }
    }

    /// Makes the summaries that are stored with users, and says which of the stored ones still hold.
    private final class Summarizer: Sendable {
        struct Agenda {
            let value: any UserAgenda
            let time: TimeSource
        }

        private let agenda = Mutex<Agenda?>(nil)

        func set(_ agenda: Agenda) { self.agenda.withLock { $0 = agenda } }

        func summary(of user: User) -> UserSummary? {
            agenda.withLock { $0 }.map { UserSummary(user, $0.value, at: $0.time.now) }
        }

        /// Returns a check of summaries; without an agenda none holds.
        func check() -> (UserSummary) -> Bool {
            guard let agenda = agenda.withLock({ $0 }) else { return { _ in false } }
            let (basis, now) = (agenda.value.basis, agenda.time.now)
            return { $0.isCurrent(basis, at: now) }
        }
    }

    /// Stores with every user, from now on, when `agenda` has something to do for the user.
    ///
    /// The agenda comes after the store because the services that it asks change users themselves.
    package func summarize(with agenda: any UserAgenda, time: TimeSource) {
        summarizer.set(.init(value: agenda, time: time))
    }

    /// Records in the audit log, from now on, how connections are made and ended.
    ///
    /// The trail comes after the store because its keys do.
    package func audit(with trail: AuditTrail) { recorder.set(trail) }

    /// The 3 hex digits of the user's shard, which are part of the ids of the user's connections.
    package static func shard(of userID: String) -> String {
        String(Hex.encode(SHA256.digest(userID).shard).dropFirst())
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

    /// Returns the user as of now, or a user without connections when nothing is stored.
    ///
    /// A connection whose access token has ended and cannot be renewed is expired, whether or not that is stored already.
    package func user(_ userID: String) async throws(ServiceError) -> User {
        let user = try await stored(userID)?.value ?? User(id: userID)
        return time.map { user.asOf($0.now) } ?? user
    }

    /// Changes a user.
    ///
    /// `change` may run several times when others change the same user, so it must not have side effects. Nothing is stored when it
    /// throws, or when it leaves an unknown user without anything: late work does not bring an erased user back. The result is durable
    /// when this returns.
    @discardableResult
    package func update<Result: Sendable>(
        _ userID: String, _ change: (inout User) throws(ServiceError) -> Result
    ) async throws(ServiceError) -> Result {
        try await users.update(Array(userID.utf8)) { (stored) throws(ServiceError) in
            var user = stored ?? User(id: userID)
            if let time { try user.lapse(at: time.now) }
            let result = try change(&user)
            if stored == nil, user.isBlank { return result }
            user.boundNotifications()
            stored = user
            return result
        }
    }

    /// Removes a user's document if `isMeant` accepts the stored user; durable on return.
    ///
    /// Observers see the change as a user without connections.
    ///
    /// - Returns: whether nothing is stored any more.
    package func remove(_ userID: String, where isMeant: (User) -> Bool) async throws(ServiceError) -> Bool {
        let counted = counts.changeBegins(SHA256.digest(userID).shard)
        return try await users.removeInTurn(Array(userID.utf8), where: isMeant) { before in
            let user = User(id: userID)
            statuses.remove(userID)
            if !before.connections.isEmpty { counts.changeEnded(counted, -before.connections.count) }
            changes.notify(UserChange(before: before, user: user, summary: summarizer.summary(of: user)))
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

    /// A user as the head of the user's document shows it.
    package struct Head: Sendable {
        package let key: DocumentKey
        package let revision: UInt64
        /// Nil when the document has none, or one that does not hold any more.
        package let summary: UserSummary?
        /// The user's id.
        package var id: String { String(decoding: key.id, as: UTF8.self) }
    }

    /// Returns the numbers of the shards that hold users, in order.
    package func shards() async throws(ServiceError) -> [UInt16] { try await users.shards() }

    /// Returns the heads of the users in a shard, in no order; decodes no document.
    package func heads(shard: UInt16) async throws(ServiceError) -> [Head] {
        let isCurrent = summarizer.check()
        let epoch = counts.epoch(of: shard)
        var (heads, count): ([Head], Int?) = ([], 0)
        for head in try await users.heads(shard: shard) {
            let summary = head.summary.flatMap(UserSummary.init(decoding:))
            // The number of connections holds even where the moments do not.
            count = count.flatMap { known in summary.map { known + $0.connectionCount } }
            heads.append(
                Head(key: head.key, revision: head.revision, summary: summary.flatMap { isCurrent($0) ? $0 : nil }))
        }
        if let count { counts.note(count, of: shard, since: epoch) }
        return heads
    }

    /// Returns the number of connections in each folder, in order.
    func connectionCounts() async throws(ServiceError) -> [(shard: UInt16, count: Int)] {
        if counts.all.contains(nil) {
            let epochs = counts.epochs
            counts.noteEmpty(except: try await shards(), since: epochs)
        }
        let known = counts.all
        var found: [(shard: UInt16, count: Int)] = []
        for shard in known.indices.map({ UInt16($0) }) {
            if let count = known[Int(shard)] {
                found.append((shard, count))
            } else {
                found.append((shard, try await count(shard)))
            }
        }
        return found
    }

    /// Counts the connections in a folder, by the heads or else by the documents.
    private func count(_ shard: UInt16) async throws(ServiceError) -> Int {
        let epoch = counts.epoch(of: shard)
        _ = try await heads(shard: shard)
        if let count = counts.all[Int(shard)] { return count }
        let count = try await folder(shard).users.reduce(0) { $0 + $1.connections.count }
        counts.note(count, of: shard, since: epoch)
        return count
    }

    /// Returns the users of a folder by their ids.
    func values(shard: UInt16) async throws(ServiceError) -> [(id: [UInt8], value: Result<User, ServiceError>)] {
        try await users.values(shard: shard)
    }

    /// Returns the place of a user in a list.
    func listPlace(of userID: String) throws(ServiceError) -> (name: String, shard: UInt16) {
        try users.place(Array(userID.utf8))
    }

    /// Returns the ids of the users in a shard with the summaries in the heads of their documents, in no order.
    ///
    /// What is due in these summaries may not hold any more; the rest is as current as the document.
    func summaries(shard: UInt16) async throws(ServiceError) -> [(id: String, summary: UserSummary?)] {
        try await users.heads(shard: shard).map { head in
            (String(decoding: head.key.id, as: UTF8.self), head.summary.flatMap(UserSummary.init(decoding:)))
        }
    }

    /// Returns the ids of the users in a shard, in no order; decodes no document.
    func ids(shard: UInt16) async throws(ServiceError) -> [String] {
        var found: [String] = []
        var position: ListPosition?
        repeat {
            let page = try await users.ids(shard: shard, after: position)
            found += page.ids.map { String(decoding: $0, as: UTF8.self) }
            position = page.next
        } while position != nil
        return found
    }

    /// Returns the key of a user's document.
    package func key(_ userID: String) -> DocumentKey { users.key(Array(userID.utf8)) }

    /// Returns the ids of the users in a shard whose keys have these hashes; decodes no document.
    package func ids(
        withHashes hashes: Set<UInt64>, in shard: UInt16
    ) async throws(ServiceError) -> [(hash: UInt64, id: String)] {
        try await users.keys(withHashes: hashes, in: shard).map { ($0.hash, String(decoding: $0.id, as: UTF8.self)) }
    }

    /// Returns the stored user, or nil when nothing is stored; what is not in the cache does not enter it.
    package func peek(_ userID: String) async throws(ServiceError) -> User? {
        try await users.peek(Array(userID.utf8))
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
        return try await ids(shard: shard)
    }
}
