// The documents of a data directory: compare-and-swap by revision, one writer per document, a cache for callers that
// cannot wait. Knows bytes and keys; what a document means is the caller's.

package import DocumentJournal
import Primitives
public import StoreFiles
import Synchronization

/// Durable documents by key.
///
/// A write that returned is on disk: first in the journal, where one sync acknowledges all writes that came
/// meanwhile, and later in its own file. Writers of one document take turns, writers of different documents share a
/// sync, and a reader never waits for a writer: it sees the last acknowledged revision. No call blocks the calling
/// thread.
public final class Documents: Sendable {
    /// The end of the name of a collection that holds what has left the documents of another; backups copy it behind that one.
    package static let archiveSuffix = "-history"

    private let folders: DocumentFolders
    private let waiting: WaitingDocuments
    private let threads: IOThreads
    /// The journal of the documents.
    package let journal: Journal
    /// The journal segments that were damaged and salvaged at this start.
    package let journalDamage: [JournalDamage]
    let checkpoint: DocumentCheckpoint
    private let cache: DocumentCache
    private let locks = KeyLocks<DocumentKey>()
    private let turns = KeyLocks<DocumentKey>()
    private let deleted = DeletedRevisions()

    /// The settings of the document store.
    package struct Options: Sendable {
        /// The bytes of documents kept in memory.
        package var cacheBytesMax: Int
        /// The bytes of acknowledged documents that may wait for their files.
        package var journalBytesMax: Int
        /// The time an acknowledged document may wait for its file.
        package var checkpointDelay: Duration
        /// The time that closing may spend on bringing documents into their files.
        package var closingTimeMax: Duration
        /// Whether a damaged journal is read as far as possible instead of refused.
        package var salvagesJournal: Bool

        /// The given values.
        package init(
            cacheBytesMax: Int, journalBytesMax: Int, checkpointDelay: Duration, closingTimeMax: Duration,
            salvagesJournal: Bool
        ) {
            self.cacheBytesMax = cacheBytesMax
            self.journalBytesMax = journalBytesMax
            self.checkpointDelay = checkpointDelay
            self.closingTimeMax = closingTimeMax
            self.salvagesJournal = salvagesJournal
        }
    }

    /// Reads the journal and starts the threads that write.
    package init(folders: DocumentFolders, threads: IOThreads, options: Options) throws(StoreError) {
        self.folders = folders
        waiting = WaitingDocuments(folders: folders, salvages: options.salvagesJournal)
        self.threads = threads
        cache = DocumentCache(bytesMax: options.cacheBytesMax)
        let folder = try folders.files.makeDirectory("journal", in: folders.root)
        let found = try JournalRecovery(folder: folder, files: folders.files, salvages: options.salvagesJournal).run()
        journalDamage = try Self.keepDamaged(found.damaged, of: folder, folders)
        for name in found.empty { try folders.files.remove(name, in: folder) }
        let checkpoint = DocumentCheckpoint(
            placement: DocumentPlacement(waiting: waiting, cache: cache), delay: options.checkpointDelay,
            closingTime: options.closingTimeMax,
            journalBytesMax: options.journalBytesMax)
        self.checkpoint = checkpoint
        journal = Journal(
            folder: folder, files: folders.files, found: found, bytesMax: options.journalBytesMax,
            onCommit: { checkpoint.committed(bytes: $0) })
        checkpoint.start(journal)
        journal.start()
    }

    /// A segment of the journal that was damaged and salvaged.
    package struct JournalDamage: Sendable {
        /// Its path, and that of its copy.
        package let path: String
        package let copy: String
        package let segment: DamagedSegment
    }

    /// Links damaged segments into the quarantine folder, so that their bytes outlive the checkpoint.
    ///
    private static func keepDamaged(
        _ segments: [DamagedSegment], of journal: Directory, _ folders: DocumentFolders
    ) throws(StoreError) -> [JournalDamage] {
        if segments.isEmpty { return [] }
        var kept: [JournalDamage] = []
        let quarantine = try folders.files.makeDirectory(Quarantine.folderName, in: folders.root)
        for segment in segments {
            let name = segment.name
            let copy = "journal_\(name).\(Hex.encode(randomBytes(4)))"
            do throws(CallFailure) {
                try journal.fileSystem.link(
                    name, in: journal.fd, to: copy, in: quarantine.fd, path: journal.path(of: name))
            } catch { throw folders.files.gate.error(for: error) }
            kept.append(
                JournalDamage(path: journal.path(of: name), copy: quarantine.path(of: copy), segment: segment))
        }
        try folders.files.sync(quarantine)
        return kept
    }

    /// The cached state of a document.
    public enum Cached: Sendable {
        /// There is none under this key.
        case absent
        /// Its last acknowledged revision.
        case present(Document)

        /// The document; nil without one.
        public var document: Document? {
            if case .present(let document) = self { document } else { nil }
        }
    }

    /// Returns the cached state, or nil when the cache has no entry; the document may still exist on disk.
    ///
    /// Never waits for I/O or for a writer; O(1).
    public func cached(_ key: DocumentKey) -> Cached? {
        cache.find(key).map { $0.isAbsence ? .absent : .present($0) }
    }

    /// Counts the memory of a form that ``Document/decoded(_:)`` made against the bounds of the cache.
    package func count(_ formBytes: Int, with document: Document) { cache.count(formBytes, with: document) }

    /// The last acknowledged revision of a document, or nil without one.
    ///
    /// Throws ``StoreError/corrupt(path:_:)`` when the file is damaged; it is then set aside beside its place with
    /// the suffix `.corrupt-<time>`, and the key stays blocked with the same error until the copy is moved away or
    /// ``discardCorrupt(_:)`` removes it. Throws ``StoreError/newerSchema(path:found:supported:)``,
    /// ``StoreError/io(errno:call:path:)``, ``StoreError/invalidName(_:)``, ``StoreError/busy`` or
    /// ``StoreError/closed`` for what they say.
    ///
    /// - Parameter keeping: whether a document that is not in the cache enters it.
    public func load(_ key: DocumentKey, keeping: Bool = true) async throws(StoreError) -> Document? {
        if let known = cached(key) { return known.document }
        let location = try DocumentLocation(key)
        let loaded = try await threads.run { () throws(StoreError) in
            try self.read(key, at: location, keeping: keeping)
        }
        switch loaded {
        case .absent: return nil
        case .found(let document): return document
        case .damaged: break
        }
        // Looked at again as a writer: a file replaced in the meantime must not be set aside.
        await locks.acquire(key)
        defer { locks.release(key) }
        return try await threads.run { () throws(StoreError) in try self.readAlone(key, at: location) }
    }

    /// Runs `body` when all who came before for the same key are done: for changes that read, decide and then save.
    ///
    /// Without it every one of them but the first would find a newer revision, and start again. It does not keep other callers from saving; bodies
    /// for the same key must not be nested.
    public func inTurn<Value, Failure: Error>(
        _ key: DocumentKey, _ body: () async throws(Failure) -> Value
    ) async throws(Failure) -> Value {
        await turns.acquire(key)
        defer { turns.release(key) }
        return try await body()
    }

    /// As ``inTurn(_:_:)``, in steps that wait only where another has the turn: takes the turn of a key if it is free.
    ///
    /// - Returns: whether the caller has the turn and must call ``endTurn(of:)``.
    package func tryTurn(of key: DocumentKey) -> Bool { turns.tryAcquire(key) }

    /// Takes the turn of a key behind all who came before; the caller must call ``endTurn(of:)``.
    package func waitForTurn(of key: DocumentKey) async { await turns.acquire(key) }

    /// Gives the turn of a key to the next.
    package func endTurn(of key: DocumentKey) { turns.release(key) }

    /// Replaces a document when its revision is the expected one.
    ///
    /// - Parameters:
    ///   - bytes: at most ``DocumentLimits/documentBytesMax``. One JSON value keeps the file readable as JSON; the
    ///     store does not look.
    ///   - summary: what can be known of the document without reading it, for ``heads(_:shard:)``: one JSON value
    ///     without a line break, of at most ``DocumentLimits/summaryBytesMax``.
    ///   - form: the caller's own form of `bytes`, for ``Document/decoded(_:)``.
    ///   - formBytes: the memory that `form` takes.
    /// - Returns: the new revision, durable.
    ///
    /// Throws ``StoreError/conflict(expected:found:)`` when another revision is stored. After any other error but
    /// ``StoreError/readOnly(reason:)`` the old revision is still in place; after that one only the next start shows which.
    @discardableResult
    public func save(
        _ key: DocumentKey, _ bytes: [UInt8], expecting: Expectation, summary: [UInt8]? = nil,
        form: (any AnyObject & Sendable)? = nil, formBytes: Int = 0
    ) async throws(StoreError) -> Document {
        try Self.check(bytes, summary)
        // Waiting costs memory even where there is nothing to wait for.
        if !locks.tryAcquire(key) { await locks.acquire(key) }
        defer { locks.release(key) }
        let current = if let known = cached(key) { known.document } else { try await current(key) }
        try Self.check(expecting, found: current?.revision)
        let revision = current.map { $0.revision + 1 } ?? deleted.firstRevision(of: key)
        let document = Document(
            key: key, revision: revision, bytes: bytes, summary: summary, form: form, formBytes: formBytes)
        if let failure = await journal.append(try entry(of: document, after: current)) { throw failure }
        cache.store(document)
        return document
    }

    /// Removes a document when its revision is the expected one; durable on return.
    ///
    /// - Returns: false when there was nothing to remove, which only ``Expectation/any`` and ``Expectation/absent``
    ///   allow.
    @discardableResult
    public func delete(_ key: DocumentKey, expecting: Expectation) async throws(StoreError) -> Bool {
        let location = try DocumentLocation(key)
        await locks.acquire(key)
        defer { locks.release(key) }
        let current = try await current(key)
        try Self.check(expecting, found: current?.revision)
        guard let current else { return false }
        try await write(key, at: location, revision: current.revision, .deletion)
        deleted.remember(key, revision: current.revision)
        cache.store(.absence(of: key))
        return true
    }

    /// Removes the copies of a document that was set aside as damaged, and with them the block on its key; durable on
    /// return.
    public func discardCorrupt(_ key: DocumentKey) async throws(StoreError) {
        let location = try DocumentLocation(key)
        await locks.acquire(key)
        defer { locks.release(key) }
        try await threads.run { () throws(StoreError) in try self.folders.discardSetAside(at: location) }
        try await forgetWaiting(key, at: location)
    }

    /// Frees the key of a document whose waiting changes have lost what they change; durable on return.
    package func forgetUnreadable(_ key: DocumentKey) async throws(StoreError) {
        let location = try DocumentLocation(key)
        await locks.acquire(key)
        defer { locks.release(key) }
        try await forgetWaiting(key, at: location)
    }

    private func forgetWaiting(_ key: DocumentKey, at location: DocumentLocation) async throws(StoreError) {
        let shard = JournalLedger.Shard(location)
        guard let chain = journal.ledger.withLock({ $0.find(key, in: shard) }), !chain.isDeletion else { return }
        let found = try await threads.run { () throws(StoreError) in
            try self.waiting.read(chain, key: key, at: location)
        }
        guard case .damaged = found else { return }
        try await write(key, at: location, revision: chain.revision, .deletion)
        cache.store(.absence(of: key))
    }

    /// One page of a listing.
    public struct KeyPage: Sendable {
        /// The keys, ordered by folder and file name.
        public let keys: [DocumentKey]
        /// The position of the next page; nil on the last page.
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
    ///   - limit: 1 to ``DocumentLimits/listPageMax``; other values are moved there.
    public func list(
        _ collection: String, shard: UInt16? = nil, after position: ListPosition? = nil, limit: Int = 1000
    ) async throws(StoreError) -> KeyPage {
        try DocumentLocation.validate(collection: collection)
        let limit = max(1, min(limit, DocumentLimits.listPageMax))
        let listing = DocumentListing(waiting: waiting, journal: journal, collection: collection)
        return try await threads.run { () throws(StoreError) in
            try listing.page(shard: shard, after: position, limit: limit)
        }
    }

    /// The numbers of the folders of a collection that exist, or will when the journal is in place; in order.
    public func shards(of collection: String) async throws(StoreError) -> [UInt16] {
        try DocumentLocation.validate(collection: collection)
        let listing = DocumentListing(waiting: waiting, journal: journal, collection: collection)
        return try await threads.run { () throws(StoreError) in try listing.shards(nil, from: 0) }
    }

    /// What a document's head says of it.
    public struct Head: Sendable {
        /// The name of the document.
        public let key: DocumentKey
        /// The revision that the summary belongs to.
        public let revision: UInt64
        /// The summary that was saved with the document; nil when it has no summary or its head cannot be read.
        public let summary: [UInt8]?
    }

    /// The heads of all documents in one folder of a collection, in no order.
    ///
    /// Reads the beginning of each file, decodes no document and keeps none in the cache. The checksum of a file is not
    /// verified, because that takes all of it.
    public func heads(_ collection: String, shard: UInt16) async throws(StoreError) -> [Head] {
        try DocumentLocation.validate(collection: collection)
        let listing = DocumentListing(waiting: waiting, journal: journal, collection: collection)
        return try await threads.run { () throws(StoreError) in try listing.heads(shard: shard) }
    }

    /// What `body` makes of each document in one folder of a collection, in the order of their file names.
    ///
    /// `body` runs on the threads that read. What is not in the cache does not enter it, and a damaged file stays where it is.
    package func map<Value: Sendable>(
        _ collection: String, shard: UInt16, _ body: @escaping @Sendable (Result<Document, StoreError>) -> Value
    ) async throws(StoreError) -> [(key: DocumentKey, value: Value)] {
        let listing = DocumentListing(waiting: waiting, journal: journal, collection: collection)
        return try await threads.run { () throws(StoreError) in
            var found: [(key: DocumentKey, value: Value)] = []
            for key in try listing.page(shard: shard, after: nil, limit: .max).keys {
                do throws(StoreError) {
                    if let document = try self.document(key) { found.append((key, body(.success(document)))) }
                } catch {
                    found.append((key, body(.failure(error))))
                }
            }
            return found
        }
    }

    /// The last acknowledged revision, from the cache or else from the disk; blocks.
    private func document(_ key: DocumentKey) throws(StoreError) -> Document? {
        if let known = cache.peek(key) { return known.isAbsence ? nil : known }
        return try envelope(key).map {
            Document(key: key, revision: $0.revision, bytes: $0.data, summary: $0.summary)
        }
    }

    /// The keys of a folder that have these hashes, in no order; reads a file only where a name does not tell the id.
    package func keys(
        withHashes hashes: Set<UInt64>, in collection: String, shard: UInt16
    ) async throws(StoreError) -> [DocumentKey] {
        let listing = DocumentListing(waiting: waiting, journal: journal, collection: collection)
        return try await threads.run { () throws(StoreError) in try listing.keys(withHashes: hashes, shard: shard) }
    }

    /// The last acknowledged revision of a document, or nil without one; blocks, and keeps nothing in the cache.
    ///
    /// Throws ``StoreError/corrupt(path:_:)`` when it is damaged, and leaves the file where it is.
    package func envelope(_ key: DocumentKey) throws(StoreError) -> Envelope? {
        let location = try DocumentLocation(key)
        let stored: StoredDocument
        if let chain = journal.ledger.withLock({ $0.find(key, in: JournalLedger.Shard(location)) }) {
            stored = try waiting.read(chain, key: key, at: location)
        } else {
            stored = try folders.read(key, at: location)
        }
        switch stored {
        case .found(let envelope): return envelope
        case .absent: return nil
        case .damaged(let why): throw .corrupt(path: location.path, why)
        }
    }

    /// Brings every acknowledged document into its own file; durable on return.
    public func flush() async throws(StoreError) {
        if let failure = await checkpoint.flush() { throw failure }
    }

    /// A reader of documents that wait in the journal.
    package var waitingDocuments: WaitingDocuments { waiting }

    /// Figures about the cache and the journal.
    package var statistics: DocumentStatistics {
        let (cachedDocuments, cachedBytes) = cache.size
        let (waiting, bytes) = journal.ledger.withLock { ($0.pendingCount, $0.bytes) }
        return DocumentStatistics(
            cachedDocuments: cachedDocuments, cachedBytes: cachedBytes, waitingDocuments: waiting, journalBytes: bytes)
    }

    /// Ends the threads that write, after as much of a last checkpoint as its time allows.
    package func close() {
        journal.close()
        checkpoint.close()
    }

    // MARK: Reading

    private enum Loaded {
        case found(Document)
        case absent
        case damaged(Corruption)
    }

    /// The document as its only writer sees it.
    private func current(_ key: DocumentKey) async throws(StoreError) -> Document? {
        if let known = cached(key) { return known.document }
        let location = try DocumentLocation(key)
        return try await threads.run { () throws(StoreError) in try self.readAlone(key, at: location) }
    }

    private func readAlone(_ key: DocumentKey, at location: DocumentLocation) throws(StoreError) -> Document? {
        switch try read(key, at: location) {
        case .absent: return nil
        case .found(let document): return document
        case .damaged(let why): throw try folders.setAside(at: location, because: why)
        }
    }

    /// Reads a document from the journal or else from its file, and keeps it in the cache.
    private func read(
        _ key: DocumentKey, at location: DocumentLocation, keeping: Bool = true
    ) throws(StoreError) -> Loaded {
        let epoch = cache.epoch(of: key)
        let stored: StoredDocument
        if let chain = journal.ledger.withLock({ $0.find(key, in: JournalLedger.Shard(location)) }) {
            stored = try waiting.read(chain, key: key, at: location)
        } else {
            stored = try folders.read(key, at: location)
        }
        switch stored {
        case .absent: return keepAbsence(of: key, readAt: epoch)
        case .damaged(let why): return .damaged(why)
        case .found(let envelope):
            let document = Document(
                key: key, revision: envelope.revision, bytes: envelope.data, summary: envelope.summary)
            if keeping { cache.insert(document, readAt: epoch) }
            return .found(document)
        }
    }

    /// A user without a document asks as often as any other, and must not cost a look at the disk each time.
    private func keepAbsence(of key: DocumentKey, readAt epoch: DocumentCache.Epoch) -> Loaded {
        cache.insert(.absence(of: key), readAt: epoch)
        return .absent
    }

    // MARK: Writing

    private func write(
        _ key: DocumentKey, at location: DocumentLocation, revision: UInt64, _ content: JournalContent
    ) async throws(StoreError) {
        let shard = JournalLedger.Shard(location)
        let entry = Journal.Entry(key: key, shard: shard, revision: revision, content: content)
        if let failure = await journal.append(entry) { throw failure }
    }

    private static func check(_ bytes: [UInt8], _ summary: [UInt8]?) throws(StoreError) {
        guard bytes.count <= DocumentLimits.documentBytesMax else {
            throw .tooLarge(bytes: bytes.count, bytesMax: DocumentLimits.documentBytesMax)
        }
        if let summary, summary.count > DocumentLimits.summaryBytesMax {
            throw .tooLarge(bytes: summary.count, bytesMax: DocumentLimits.summaryBytesMax)
        }
    }

    private func entry(of document: Document, after current: Document?) throws(StoreError) -> Journal.Entry {
        let shard = try JournalLedger.Shard(of: document.key)
        return Journal.Entry(
            key: document.key, shard: shard, revision: document.revision,
            content: content(of: document, after: current, in: shard))
    }

    /// What the journal gets: the change since `current`, unless the changes that wait add up to the document itself.
    private func content(
        of document: Document, after current: Document?, in shard: JournalLedger.Shard
    ) -> JournalContent {
        let whole = JournalContent.Summary(document.summary)
        guard let current else { return .whole(whole, data: document.bytes) }
        let (change, inserted) = DocumentChange.between(current.bytes, document.bytes)
        let waiting = journal.ledger.withLock { $0.find(document.key, in: shard)?.changedBytes }
        guard inserted.count + (waiting ?? 0) < document.bytes.count else { return .whole(whole, data: document.bytes) }
        let summary = document.summary == current.summary ? JournalContent.Summary.same : whole
        return .change(summary, change, data: document.bytes, inserted: inserted)
    }

    private static func check(_ expecting: Expectation, found: UInt64?) throws(StoreError) {
        switch (expecting, found) {
        case (.any, _), (.absent, nil): return
        case (.revision(let expected), .some(let found)) where expected == found: return
        default: throw .conflict(expected: expecting, found: found)
        }
    }
}

extension JournalContent.Summary {
    fileprivate init(_ summary: [UInt8]?) { self = summary.map { .some($0) } ?? .none }
}
