// One revision of one document, immutable, with room for the caller's decoded form of it. Knows no format but bytes.

public import StoreFiles
import Synchronization

/// A revision of a document as it was stored.
///
/// The object is shared: the cache, readers and the caller hold the same one, and what ``decoded(_:)`` made lives as
/// long.
public final class Document: Sendable {
    /// The document's name.
    public let key: DocumentKey
    /// 1 for the first revision, then one more with every change.
    public let revision: UInt64
    /// The bytes as they were saved.
    public let bytes: [UInt8]
    /// The summary that was saved with it.
    let summary: [UInt8]?

    private let form: Mutex<(any AnyObject & Sendable)?>
    /// The memory of the form that came with the document; that of one that was made later is counted by the cache alone.
    let formBytes: Int

    init(
        key: DocumentKey, revision: UInt64, bytes: [UInt8], summary: [UInt8]? = nil,
        form: (any AnyObject & Sendable)? = nil, formBytes: Int = 0
    ) {
        self.formBytes = formBytes
        self.key = key
        self.revision = revision
        self.bytes = bytes
        self.summary = summary
        self.form = Mutex(form)
    }

    /// The cache entry of a key without a document.
    static func absence(of key: DocumentKey) -> Document { Document(key: key, revision: 0, bytes: []) }
    var isAbsence: Bool { revision == 0 }

    /// The caller's own form of the bytes, made by `decode` the first time and kept beside them.
    ///
    /// Two threads that come first at the same moment may both decode; one result is kept. A form of another type
    /// than `Form` is replaced, so one caller should decide what is kept.
    public func decoded<Form: AnyObject & Sendable, Failure: Error>(
        _ decode: ([UInt8]) throws(Failure) -> Form
    ) throws(Failure) -> Form {
        if let kept = form.withLock({ $0 }) as? Form { return kept }
        let made = try decode(bytes)
        return form.withLock { form in
            if let first = form as? Form { return first }
            form = made
            return made
        }
    }
}

/// Figures about documents in memory and in the journal.
public struct DocumentStatistics: Equatable, Sendable {
    /// The documents in the cache.
    public let cachedDocuments: Int
    /// The bytes they are counted with.
    public let cachedBytes: Int
    /// The acknowledged documents that are not yet in their own files.
    public let waitingDocuments: Int
    /// The bytes of the journal's entries.
    public let journalBytes: Int
}
