// A walk by position whose pages overlap by one record. The record that both pages hold shows whether the list moved in between.
// It knows no requests.

/// One step of a walk along a list by position.
///
/// Each page begins at the last record of the page before. As long as the list keeps its order, everything behind that record is
/// behind it in the new page too, also when others came or went before it. A page without that record says that rows moved.
///
/// The cursor keeps the position and the id of the record to meet there.
public struct OffsetWalk: Sendable {
    /// The position at which the page begins.
    public let position: Int64
    /// The id of the record that the page before ended with; nil when nothing has to be met.
    private let last: String?
    private let isContinued: Bool

    /// The step at `cursor`; positions are counted from `first`.
    public init(at cursor: JSONValue?, first: Int64) {
        position = max(cursor?["at"]?.integer ?? first, first)
        last = cursor?["last"]?.string
        isContinued = cursor != nil
    }

    /// The page of the rows that were found at ``position``.
    ///
    /// - Parameters:
    ///   - rows: all rows of the answer, in its order.
    ///   - ids: the ids of `rows`; nil where a row has none.
    ///   - hasMore: whether there are rows behind them.
    public func page(_ rows: [SourceRecord], ids: [String?], hasMore: Bool) -> SyncPage {
        var page = SyncPage(rows)
        if let last {
            if let met = ids.lastIndex(where: { $0?.utf8.elementsEqual(last.utf8) ?? false }) {
                page.records.removeFirst(met + 1)
            } else {
                page.continuity = .broken
            }
        } else if isContinued {
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
}
