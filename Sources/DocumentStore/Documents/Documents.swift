// The documents of a data directory: compare-and-swap by revision, one writer per document, a cache for callers that
// cannot wait. Knows bytes and keys; what a document means is the caller's.

/// Durable documents by key.
///
/// A write that returned is on disk. Writers of one document take turns, writers of different documents run in
/// parallel, and a reader never waits for a writer: it sees the last acknowledged revision. No call blocks the
/// calling thread.
public final class Documents: Sendable {
    private let folders: DocumentFolders
    private let threads: IOThreads
    private let cache: DocumentCache
    private let locks = KeyLocks<DocumentKey>()
    private let deleted = DeletedRevisions()

    init(folders: DocumentFolders, threads: IOThreads, cacheBytesMax: Int) {
        self.folders = folders
        self.threads = threads
        cache = DocumentCache(bytesMax: cacheBytesMax)
    }

    /// The document when it is in memory; nil says nothing about whether it exists.
    ///
    /// Never waits for I/O or for a writer; O(1).
    public func cached(_ key: DocumentKey) -> Document? {
        cache.find(key)
    }

    /// The last acknowledged revision of a document, or nil when there is none.
    ///
    /// Throws ``StoreError/corrupt(path:_:)`` when the file is damaged; it is then set aside beside its place with
    /// the suffix `.corrupt-<time>`, and the key stays blocked with the same error until the copy is moved away or
    /// ``discardCorrupt(_:)`` removes it. Throws ``StoreError/newerSchema(path:found:supported:)``,
    /// ``StoreError/io(errno:call:path:)``, ``StoreError/invalidName(_:)``, ``StoreError/busy`` or
    /// ``StoreError/closed`` for what they say.
    public func load(_ key: DocumentKey) async throws(StoreError) -> Document? {
        if let document = cache.find(key) { return document }
        let location = try DocumentLocation(key)
        let epoch = cache.epoch(of: key)
        let folders = folders
        switch try await threads.run({ () throws(StoreError) in try folders.read(key, at: location) }) {
        case .absent: return nil
        case .found(let envelope):
            let document = Document(key: key, revision: envelope.revision, bytes: envelope.data)
            cache.insert(document, readAt: epoch)
            return document
        case .damaged:
            // Looked at again as a writer: a file replaced in the meantime must not be set aside.
            return try await alone(with: key) { store throws(StoreError) in try store.current(key, at: location) }
        }
    }

    /// Replaces a document when its revision is the expected one.
    ///
    /// - Parameters:
    ///   - bytes: at most ``StoreLimits/documentBytesMax``. One JSON value keeps the file readable as JSON; the store
    ///     does not look.
    ///   - form: the caller's own form of `bytes`, for ``Document/decoded(_:)``.
    /// - Returns: the new revision, durable.
    ///
    /// Throws ``StoreError/conflict(expected:found:)`` when another revision is stored. After any other error but
    /// ``StoreError/readOnly(reason:)`` the old revision is still in place; after that one only the next start tells.
    @discardableResult
    public func save(
        _ key: DocumentKey, _ bytes: [UInt8], expecting: Expectation, form: (any AnyObject & Sendable)? = nil
    ) async throws(StoreError) -> Document {
        guard bytes.count <= StoreLimits.documentBytesMax else {
            throw .tooLarge(bytes: bytes.count, bytesMax: StoreLimits.documentBytesMax)
        }
        let location = try DocumentLocation(key)
        return try await alone(with: key) { store throws(StoreError) in
            let current = try store.current(key, at: location)
            try Self.check(expecting, found: current?.revision)
            let revision = current.map { $0.revision + 1 } ?? store.deleted.firstRevision(of: key)
            let document = Document(key: key, revision: revision, bytes: bytes, form: form)
            do throws(StoreError) {
                try store.folders.write(Envelope(key: key, revision: revision, data: bytes).encoded(), at: location)
            } catch {
                store.cache.remove(key)
                throw error
            }
            store.cache.store(document)
            return document
        }
    }

    /// Removes a document when its revision is the expected one; durable on return.
    ///
    /// - Returns: false when there was nothing to remove, which only ``Expectation/any`` and ``Expectation/absent``
    ///   allow.
    @discardableResult
    public func delete(_ key: DocumentKey, expecting: Expectation) async throws(StoreError) -> Bool {
        let location = try DocumentLocation(key)
        return try await alone(with: key) { store throws(StoreError) in
            let current = try store.current(key, at: location)
            try Self.check(expecting, found: current?.revision)
            guard let current else { return false }
            store.cache.remove(key)
            try store.folders.remove(at: location)
            store.deleted.remember(key, revision: current.revision)
            store.cache.remove(key)
            return true
        }
    }

    /// Removes the copies of a document that was set aside as damaged, and with them the block on its key; durable on
    /// return.
    public func discardCorrupt(_ key: DocumentKey) async throws(StoreError) {
        let location = try DocumentLocation(key)
        try await alone(with: key) { store throws(StoreError) in try store.folders.discardSetAside(at: location) }
    }

    /// One page of a listing.
    public struct KeyPage: Sendable {
        /// The keys, ordered by folder and file name.
        public let keys: [DocumentKey]
        /// Where the next page begins; nil on the last page.
        public let next: ListPosition?
    }

    /// A place in a listing; it stays valid while documents come and go.
    public struct ListPosition: Hashable, Sendable {
        let shard: UInt16
        let fileName: String
    }

    /// The keys of a collection, page by page.
    ///
    /// A document that exists during the whole listing is listed exactly once; damaged ones whose id only they could
    /// tell are left out. A page costs the folders it reads, not the size of the collection.
    ///
    /// - Parameters:
    ///   - shard: only this folder, or nil for all ``StoreLimits/shardCount`` of them.
    ///   - limit: 1 to ``StoreLimits/listPageMax``; larger values are cut.
    public func list(
        _ collection: String, shard: UInt16? = nil, after position: ListPosition? = nil, limit: Int = 1000
    ) async throws(StoreError) -> KeyPage {
        try DocumentLocation.validate(collection: collection)
        let folders = folders
        let limit = max(1, min(limit, StoreLimits.listPageMax))
        return try await threads.run { () throws(StoreError) in
            try DocumentListing(folders: folders, collection: collection).page(
                shard: shard, after: position, limit: limit)
        }
    }

    // MARK: The work, on I/O threads

    /// Runs `body` on an I/O thread as the only writer of `key`.
    private func alone<Value: Sendable>(
        with key: DocumentKey, _ body: @escaping @Sendable (Documents) throws(StoreError) -> Value
    ) async throws(StoreError) -> Value {
        await locks.acquire(key)
        defer { locks.release(key) }
        return try await threads.run { () throws(StoreError) in try body(self) }
    }

    private static func check(_ expecting: Expectation, found: UInt64?) throws(StoreError) {
        switch (expecting, found) {
        case (.any, _), (.absent, nil): return
        case (.revision(let expected), .some(let found)) where expected == found: return
        default: throw .conflict(expected: expecting, found: found)
        }
    }

    /// The document as the only writer sees it.
    private func current(_ key: DocumentKey, at location: DocumentLocation) throws(StoreError) -> Document? {
        if let document = cache.find(key) { return document }
        let epoch = cache.epoch(of: key)
        switch try folders.read(key, at: location) {
        case .absent: return nil
        case .damaged(let why): throw try folders.setAside(at: location, because: why)
        case .found(let envelope):
            let document = Document(key: key, revision: envelope.revision, bytes: envelope.data)
            cache.insert(document, readAt: epoch)
            return document
        }
    }
}
