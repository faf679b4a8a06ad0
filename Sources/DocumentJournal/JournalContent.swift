// What an entry of the journal says of its document, as it is handed in and as it lies in a buffer. Plain data.

import StoreFiles

/// The content of a new entry.
package enum JournalContent: Sendable {
    /// The summary of a revision.
    package enum Summary: Sendable {
        /// There is none.
        case none
        /// The one of the revision before.
        case same
        case some([UInt8])
    }

    /// The whole document.
    case whole(Summary, data: [UInt8])
    /// What differs from the revision before: the bytes `inserted` of the new document.
    case change(Summary, DocumentChange, data: [UInt8], inserted: Range<Int>)
    /// The document is deleted.
    case deletion

    var kind: JournalEntry.Kind {
        switch self {
        case .whole: .whole
        case .change: .change
        case .deletion: .deletion
        }
    }

    var summary: Summary {
        switch self {
        case .whole(let summary, _), .change(let summary, _, _, _): summary
        case .deletion: .none
        }
    }

    /// About how many bytes the entry takes.
    var byteCount: Int {
        switch self {
        case .whole(_, let data): data.count
        case .change(_, _, _, let inserted): inserted.count
        case .deletion: 0
        }
    }
}

/// An entry as it lies in a buffer.
package struct JournalEntry: Sendable {
    /// The kinds of entries.
    package enum Kind: UInt8, Sendable {
        /// The document's whole file, as version 1 wrote it.
        case file = 1
        case deletion = 2
        case whole = 3
        case change = 4
    }

    let key: DocumentKey
    let revision: UInt64
    package let kind: Kind
    /// Whether the summary is the one of the revision before.
    package let hasSameSummary: Bool
    /// The place of the summary; nil when there is none, or it is the one before.
    package let summary: Range<Int>?
    /// The place of the file, the document, or the change and what it inserts.
    package let body: Range<Int>
    let byteCount: Int

    /// The change in an entry, and the bytes that it inserts; nil for an entry of another kind.
    package func change(in bytes: [UInt8]) -> (change: DocumentChange, inserted: ArraySlice<UInt8>)? {
        guard kind == .change else { return nil }
        return (
            DocumentChange(bytes.span, at: body.lowerBound), bytes[body.dropFirst(DocumentChange.byteCount)]
        )
    }
}
