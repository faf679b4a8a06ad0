// Values by id, each stored as one document. All reads, decisions and compare-and-swap writes happen here. Does not depend on the
// type of the value.

package import ConnectionModel
package import DocumentStore
import ProviderSDK
import StoreFiles

/// A value that is stored as one document.
package protocol StoredValue: Sendable {
    /// - Throws: ``ServiceError/internalFault(_:)`` with the reason, when `document` cannot be read.
    init(document: [UInt8]) throws(ServiceError)
    /// The value as the bytes of its document.
    var document: [UInt8] { get }
    /// The memory that the value takes besides its document; nil where twice the document's bytes are near enough.
    var heapBytes: Int? { get }
}

extension StoredValue {
    package var heapBytes: Int? { nil }
}

/// A decoded value that is cached with its document: immutable and shared by all readers.
package protocol StoredForm: AnyObject, Sendable {
    associatedtype Value: StoredValue
    var value: Value { get }
    init(_ value: Value)
}

/// A cached form that holds the value only.
package final class PlainForm<Value: StoredValue>: StoredForm {
    package let value: Value
    package init(_ value: Value) { self.value = value }
}

/// A collection of documents of one kind, by id.
package struct DocumentCollection<Form: StoredForm>: Sendable {
    package typealias Value = Form.Value
    /// A position in the list of all ids.
    package typealias ListPosition = Documents.ListPosition

    private let documents: Documents
    private let name: String
    /// The name of a value in error messages.
    private let noun: String
    /// Called before each change is stored.
    private let willChange: @Sendable (_ before: Value?, _ after: Value) -> Change

    /// What goes with a change of a value.
    package struct Change {
        /// Records the change elsewhere before it is stored, and once more when it could not be stored; nil for a change that is not
        /// recorded.
        var record: (@Sendable (_ hasFailed: Bool) async throws(ServiceError) -> Void)?
        /// The summary that is stored in the head of the document; nil for none.
        let summary: [UInt8]?
        /// Called when the change is durable, before the next change of the same value starts.
        let isDurable: () -> Void
    }

    package init(
        _ documents: Documents, name: String, noun: String,
        willChange: @escaping @Sendable (_ before: Value?, _ after: Value) -> Change = { _, _ in
            Change(summary: nil, isDurable: {})
        }
    ) {
        self.documents = documents
        self.name = name
        self.noun = noun
        self.willChange = willChange
    }

    func key(_ id: [UInt8]) -> DocumentKey { DocumentKey(collection: name, id: id) }

    // MARK: Reading

    /// The cached state of a value.
    package enum Cached {
        case absent
        case present(Form)
    }

    /// Returns the cached value, or nil when the cache has no entry or the document cannot be read.
    package func cached(_ id: [UInt8]) -> Cached? {
        switch documents.cached(key(id)) {
        case .present(let document): (try? form(document)).map { .present($0) }
        case .absent: .absent
        case nil: nil
        }
    }

    /// Returns the value, or nil when nothing is stored.
    package func load(_ id: [UInt8]) async throws(ServiceError) -> Form? { try await find(key(id))?.form }

    /// Returns the value, or nil when nothing is stored; what is not in the cache does not enter it.
    package func peek(_ id: [UInt8]) async throws(ServiceError) -> Value? {
        let document: Document?
        do throws(StoreError) { document = try await documents.load(key(id), keeping: false) } catch {
            throw ServiceError(error)
        }
        return try document.map { (document) throws(ServiceError) in try form(document).value }
    }

    private func find(_ key: DocumentKey) async throws(ServiceError) -> (form: Form, revision: UInt64)? {
        let document: Document?
        do throws(StoreError) { document = try await documents.load(key) } catch { throw ServiceError(error) }
        return try document.map(stored)
    }

    private func stored(_ document: Document) throws(ServiceError) -> (form: Form, revision: UInt64) {
        (try form(document), document.revision)
    }

    /// Returns the decoded form of a document, which the cache counts with the document.
    private func form(_ document: Document) throws(ServiceError) -> Form {
        var isNew = false
        let form = try document.decoded { bytes throws(ServiceError) in
            isNew = true
            return Form(try Value(document: bytes))
        }
        if isNew { documents.count(Self.formBytes(form.value, document.bytes), with: document) }
        return form
    }

    /// The memory of a decoded form beside its document.
    private static func formBytes(_ value: Value, _ bytes: [UInt8]) -> Int {
        (value.heapBytes ?? 2 * bytes.count) + HeapMeter.allocated(16 + MemoryLayout<Value>.stride)
    }

    // MARK: Writing

    /// Changes a value; nil stands for a value that is not stored.
    ///
    /// `change` may run several times when others change the same value, so it must not have side effects. Nothing is stored when
    /// it throws or leaves nil. The result is durable when this returns.
    @discardableResult
    package func update<Result: Sendable>(
        _ id: [UInt8], _ change: (inout Value?) throws(ServiceError) -> Result
    ) async throws(ServiceError) -> Result {
        let key = key(id)
        // Waiting costs memory even where there is nothing to wait for.
        if !documents.tryTurn(of: key) { await documents.waitForTurn(of: key) }
        defer { documents.endTurn(of: key) }
        for _ in 0..<ConnectionLimits.updateAttemptsMax {
            let stored: (form: Form, revision: UInt64)?
            switch documents.cached(key) {
            case .present(let document): stored = try self.stored(document)
            case .absent: stored = nil
            case nil: stored = try await find(key)
            }
            var value = stored?.form.value
            let result = try change(&value)
            guard let value else { return result }
            let changed = willChange(stored?.form.value, value)
            if let record = changed.record { try await record(false) }
            do throws(StoreError) {
                let bytes = value.document
                try await documents.save(
                    key, bytes, expecting: stored.map { .revision($0.revision) } ?? .absent,
                    summary: changed.summary, form: Form(value), formBytes: Self.formBytes(value, bytes))
                changed.isDurable()
                return result
            } catch {
                // The change is the error that the caller has to see.
                if let record = changed.record { try? await record(true) }
                guard case .conflict = error else { throw ServiceError(error) }
            }
        }
        throw .unavailable("Too many changes of this \(noun) at the same time: try again.", retryAfterSeconds: 1)
    }

    /// Stores a new value.
    ///
    /// - Returns: false when a value with this id exists.
    package func add(_ id: [UInt8], _ value: Value) async throws(ServiceError) -> Bool {
        do throws(StoreError) {
            let bytes = value.document
            try await documents.save(
                key(id), bytes, expecting: .absent, form: Form(value), formBytes: Self.formBytes(value, bytes))
            return true
        } catch {
            if case .conflict = error { return false }
            throw ServiceError(error)
        }
    }

    /// Removes a value if `isMeant` accepts it; a value that changes in the meantime is kept.
    ///
    /// - Returns: whether the value was removed.
    package func remove(_ id: [UInt8], where isMeant: (Value) -> Bool) async throws(ServiceError) -> Bool {
        guard let stored = try await find(key(id)), isMeant(stored.form.value) else { return false }
        do throws(StoreError) {
            return try await documents.delete(key(id), expecting: .revision(stored.revision))
        } catch {
            if case .conflict = error { return false }
            throw ServiceError(error)
        }
    }

    /// Removes a value if `isMeant` accepts it, in turn with the changes of the same value.
    ///
    /// - Parameter isDurable: called when the removal is durable, before the next change of the same value starts.
    /// - Returns: whether nothing is stored any more.
    func removeInTurn(
        _ id: [UInt8], where isMeant: (Value) -> Bool, isDurable: (_ before: Value) -> Void
    ) async throws(ServiceError) -> Bool {
        let key = key(id)
        return try await documents.inTurn(key) { () async throws(ServiceError) in
            guard let stored = try await find(key) else { return true }
            guard isMeant(stored.form.value) else { return false }
            do throws(StoreError) { try await documents.delete(key, expecting: .revision(stored.revision)) } catch {
                if case .conflict = error { return false }
                throw ServiceError(error)
            }
            isDurable(stored.form.value)
            return true
        }
    }

    /// Removes the values that `isMeant` accepts, page by page.
    ///
    /// Reads every value once. A value that changes in the meantime, or cannot be read, is kept.
    ///
    /// - Returns: the number of removed values.
    package func removeAll(where isMeant: (Value) -> Bool) async throws(ServiceError) -> Int {
        var removed = 0
        var position: ListPosition?
        repeat {
            let page = try await ids(after: position)
            for id in page.ids where !Task.isCancelled {
                do throws(ServiceError) {
                    if try await remove(id, where: isMeant) { removed += 1 }
                } catch {
                    guard case .internalFault = error else { throw error }
                }
            }
            position = page.next
        } while position != nil && !Task.isCancelled
        return removed
    }

    /// Removes a value in its present state.
    ///
    /// - Returns: whether there was one.
    package func remove(_ id: [UInt8]) async throws(ServiceError) -> Bool {
        do throws(StoreError) { return try await documents.delete(key(id), expecting: .any) } catch {
            throw ServiceError(error)
        }
    }

    /// Writes all journaled changes to their final files, so that no file holds older data.
    ///
    /// After a failure, the next start does this.
    package func flush() async { try? await documents.flush() }

    // MARK: Listing

    /// Returns the numbers of the shards that hold values, in order.
    func shards() async throws(ServiceError) -> [UInt16] {
        do throws(StoreError) { return try await documents.shards(of: name) } catch { throw ServiceError(error) }
    }

    /// Returns the keys in a shard that have these hashes.
    func keys(withHashes hashes: Set<UInt64>, in shard: UInt16) async throws(ServiceError) -> [DocumentKey] {
        do throws(StoreError) { return try await documents.keys(withHashes: hashes, in: name, shard: shard) } catch {
            throw ServiceError(error)
        }
    }

    /// Returns the values in a shard, in the order of their file names; what is not in the cache does not enter it.
    func values(shard: UInt16) async throws(ServiceError) -> [(id: [UInt8], value: Result<Value, ServiceError>)] {
        do throws(StoreError) {
            let found = try await documents.map(name, shard: shard) { (document) -> Result<Value, ServiceError> in
                do throws(StoreError) {
                    let document = try document.get()
                    do throws(ServiceError) { return .success(try form(document).value) } catch {
                        return .failure(error)
                    }
                } catch { return .failure(ServiceError(error)) }
            }
            return found.map { ($0.key.id, $0.value) }
        } catch {
            throw ServiceError(error)
        }
    }

    /// Returns the place of a value in a list: the name of its file and the number of its shard.
    func place(_ id: [UInt8]) throws(ServiceError) -> (name: String, shard: UInt16) {
        do throws(StoreError) {
            let location = try DocumentLocation(key(id))
            return (location.fileName, location.shardNumber)
        } catch {
            throw ServiceError(error)
        }
    }

    /// Returns the heads of the values in a shard, in no order; decodes nothing.
    package func heads(shard: UInt16) async throws(ServiceError) -> [Documents.Head] {
        do throws(StoreError) { return try await documents.heads(name, shard: shard) } catch {
            throw ServiceError(error)
        }
    }

    /// Returns the ids of all values, page by page.
    ///
    /// - Parameter shard: the shard to list; nil for all shards.
    package func ids(
        shard: UInt16? = nil, after position: ListPosition?
    ) async throws(ServiceError) -> (ids: [[UInt8]], next: ListPosition?) {
        do throws(StoreError) {
            let page = try await documents.list(name, shard: shard, after: position)
            return (page.keys.map(\.id), page.next)
        } catch {
            throw ServiceError(error)
        }
    }
}
