// A walk by position. Pages overlap by one record, or the seam between two pages is read by itself: either shows whether the list
// moved in between. It knows no requests.

/// One step of a walk along a list by position.
///
/// Each page begins at the last record of the page before, or behind it. As long as the list keeps its order, everything behind that
/// record is behind it in the new page too, also when others came or went before it. A page that begins at it and does not hold it
/// says that rows moved. A page that begins behind it is followed by a read of the two records at the seam: where one answer shows them
/// side by side, nothing lies between the pages.
///
/// The cursor keeps the position and the id of the record to meet there or before it.
public struct OffsetWalk: Sendable {
    /// The position at which the page begins.
    public let position: Int64
    /// The id of the record that the page before ended with; nil when nothing has to be met.
    private let last: String?
    /// Whether the page begins behind that record, and not at it.
    private let isBehind: Bool
    private let isContinued: Bool

    /// The step at `cursor`; positions are counted from `first`.
    public init(at cursor: JSONValue?, first: Int64) {
        position = max(cursor?["at"]?.integer ?? first, first)
        let before = cursor?["behind"]?.string
        last = before ?? cursor?["last"]?.string
        isBehind = before != nil
        isContinued = cursor != nil
    }

    /// The page of the rows that were found at ``position``; the next one begins at its last record.
    ///
    /// - Parameters:
    ///   - rows: all rows of the answer, in its order.
    ///   - ids: the ids of `rows`; nil where a row has none.
    ///   - hasMore: whether there are rows behind them.
    public func page(_ rows: [SourceRecord], ids: [String?], hasMore: Bool) -> SyncPage {
        let (read, isMet) = page(rows, ids)
        var page = read
        if last != nil, !isMet {
            page.continuity = .broken
        } else if !isMet, isContinued {
            page.continuity = .unproven
        }
        guard hasMore, !rows.isEmpty else { return page }
        // Rows without an id cannot be met again; the next page begins before them.
        if let index = ids.lastIndex(where: { $0 != nil }), index > 0 || last == nil, let id = ids[index] {
            page.next = ["at": .number(JSONNumber(position + Int64(index))), "last": .string(id)]
        } else {
            page.next = ["at": .number(JSONNumber(position + Int64(rows.count)))]
        }
        return page
    }

    /// The page of the rows that were found at ``position``; the next one begins behind its last record.
    ///
    /// It costs a second read for each page, and no record is asked for twice.
    ///
    /// - Parameters:
    ///   - rows: all rows of the answer, in its order.
    ///   - ids: the ids of `rows`; nil where a row has none.
    ///   - hasMore: whether there are rows behind them.
    ///   - idsAt: reads the ids of the two rows from a position on, or of as many as there are.
    public func page(
        _ rows: [SourceRecord], ids: [String?], hasMore: Bool,
        idsAt: (Int64) async throws(ProviderError) -> [String?]
    ) async throws(ProviderError) -> SyncPage {
        var (page, isMet) = page(rows, ids)
        if !isMet, let last {
            page.continuity = isBehind ? Self.continuity(of: try await idsAt(position - 1), last, ids) : .broken
        } else if !isMet, isContinued {
            page.continuity = .unproven
        }
        guard hasMore, !rows.isEmpty else { return page }
        guard let id = ids.last ?? nil else {
            page.next = self.page(rows, ids: ids, hasMore: true).next
            return page
        }
        page.next = ["at": .number(JSONNumber(position + Int64(rows.count))), "behind": .string(id)]
        return page
    }

    /// What the two rows at a seam show, where the page before ended with `last` and the page has `ids`.
    private static func continuity(of seam: [String?], _ last: String, _ ids: [String?]) -> PageContinuity {
        guard let before = seam.first else {
            // The list became shorter than what was read. The page behind the seam is empty for the same reason, or rows moved onto it.
            return ids.isEmpty ? .unproven : .broken
        }
        guard let before, before.utf8.elementsEqual(last.utf8) else { return .broken }
        guard let first = ids.first else { return seam.count == 1 ? .continuous : .broken }
        guard seam.count > 1 else { return .broken }
        guard let first, let behind = seam[1] else { return .unproven }
        return behind.utf8.elementsEqual(first.utf8) ? .continuous : .broken
    }

    /// The rows behind the last one of the page before, and whether that one was among them.
    private func page(_ rows: [SourceRecord], _ ids: [String?]) -> (page: SyncPage, isMet: Bool) {
        guard let last, let met = ids.lastIndex(where: { $0?.utf8.elementsEqual(last.utf8) ?? false }) else {
            return (SyncPage(rows), false)
        }
        return (SyncPage(Array(rows[(met + 1)...])), true)
    }
}
