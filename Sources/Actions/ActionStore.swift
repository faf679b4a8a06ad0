// Runs on the disk. A connection's document has the runs that have not ended; a run that ends moves to a separate document in two
// durable steps, and a stop between them loses and doubles nothing.

import ConnectionModel
package import DocumentStore
import ProviderSDK
import Users

/// The store of runs.
package struct ActionStore: Sendable {
    /// The collection of the connections' documents.
    package static let collection = "actions"

    private let books: DocumentCollection<PlainForm<ActionBook>>
    private let endedRuns: DocumentCollection<PlainForm<EndedRun>>

    package init(_ documents: Documents) {
        books = DocumentCollection(documents, name: Self.collection, noun: "list of actions")
        endedRuns = DocumentCollection(
            documents, name: Self.collection + Documents.archiveSuffix, noun: "run of an action")
    }

    private static func key(_ id: String, _ connectionID: String) -> [UInt8] { Array("\(connectionID)/\(id)".utf8) }

    /// Returns a run; nil without one.
    func run(_ id: String, of connectionID: String) async throws(ServiceError) -> ActionRunRecord? {
        // In this order: a run that ends meanwhile is in its own document first.
        if let run = try await books.load(Array(connectionID.utf8))?.value.run(id) { return run }
        return try await endedRuns.peek(Self.key(id, connectionID))?.run
    }

    /// Returns the newest runs of a connection, at most `limit`.
    func runs(of connectionID: String, limit: Int) async throws(ServiceError) -> [ActionRunRecord] {
        guard let book = try await books.load(Array(connectionID.utf8))?.value else { return [] }
        var found = Array(book.open.reversed())
        for id in book.ended where found.count < limit && !found.contains(where: { $0.id == id }) {
            if let run = try await endedRuns.peek(Self.key(id, connectionID))?.run { found.append(run) }
        }
        return Array(found.sorted { $0.startedAt > $1.startedAt }.prefix(limit))
    }

    /// Adds a run that begins; durable on return.
    func add(_ run: ActionRunRecord, connection id: String, user userID: String) async throws(ServiceError) {
        try await books.update(Array(id.utf8)) { (stored) throws(ServiceError) in
            var book = stored ?? ActionBook(connectionID: id, userID: userID)
            try book.add(run)
            stored = book
        }
    }

    /// Changes a run that has not ended, and moves it when it has; durable on return.
    ///
    /// - Returns: the run; nil when it has ended before or was erased.
    @discardableResult
    func update(
        _ id: String, of connectionID: String, _ change: (inout ActionRunRecord) -> Void
    ) async throws(ServiceError) -> ActionRunRecord? {
        let changed = try await books.update(Array(connectionID.utf8)) { (stored) throws(ServiceError) in
            guard var book = stored else { return nil as ActionRunRecord? }
            let run = book.update(id, change)
            if run != nil { stored = book }
            return run
        }
        if let changed, changed.phase.isEnd { try await close(changed, of: connectionID) }
        return changed
    }

    /// Moves a run that has ended to its own document.
    func close(_ run: ActionRunRecord, of connectionID: String) async throws(ServiceError) {
        let key = Self.key(run.id, connectionID)
        try await endedRuns.update(key) { $0 = EndedRun(run) }
        let isKept = try await books.update(Array(connectionID.utf8)) { stored in
            guard var book = stored else { return false }
            book.close(run.id)
            stored = book
            return true
        }
        // The connection was erased meanwhile, and its runs with it.
        if !isKept { _ = try await endedRuns.remove(key) }
    }

    /// Passes the connections that have runs which have not ended to `body`, with those runs.
    func forEachOpen(
        _ body: (_ connectionID: String, _ userID: String, [ActionRunRecord]) async throws(ServiceError) -> Void
    ) async throws(ServiceError) {
        var position: Documents.ListPosition?
        repeat {
            let page = try await books.ids(after: position)
            for id in page.ids where !Task.isCancelled {
                guard let book = try await books.peek(id), !book.open.isEmpty else { continue }
                try await body(book.connectionID, book.userID, book.open)
            }
            position = page.next
        } while position != nil && !Task.isCancelled
    }

    /// Removes what is kept of a connection's runs; durable on return, and repeatable.
    func erase(_ connectionID: String) async throws(ServiceError) {
        guard try await books.peek(Array(connectionID.utf8)) != nil else { return }
        let prefix = Array("\(connectionID)/".utf8)
        var position: Documents.ListPosition?
        repeat {
            let page = try await endedRuns.ids(after: position)
            for id in page.ids where id.starts(with: prefix) { _ = try await endedRuns.remove(id) }
            position = page.next
        } while position != nil
        _ = try await books.remove(Array(connectionID.utf8))
    }

    /// Removes the runs that ended before `moment`.
    ///
    /// - Returns: how many there were.
    func removeEnded(before moment: Timestamp) async throws(ServiceError) -> Int {
        try await endedRuns.removeAll { ($0.run.completedAt ?? $0.run.startedAt) < moment }
    }
}
