// A walk by page numbers. Where the provider takes several page sizes, each page overlaps the one before: pages of another size have
// other borders. It knows no requests.

/// One step of a walk along numbered pages.
struct NumberedWalk {
    /// The size that is asked for; nil leaves it to the provider.
    let size: Int?
    /// The number of the page.
    let number: Int64
    private let first: Int64
    private let sizes: ClosedRange<Int>?
    private let last: String?
    /// The provider's count of all records on the page before.
    private let total: Int64?
    private let isContinued: Bool
    /// Whether the provider did not keep to the size that was asked for, so that pages do not overlap.
    private let isPlain: Bool

    init(at cursor: JSONValue?, first: Int, sizes: ClosedRange<Int>?) {
        self.first = Int64(first)
        self.sizes = sizes
        number = cursor?["at"]?.integer ?? Int64(first)
        let stored = cursor?["size"]?.integer.map(Int.init(clamping:))
        size = stored.flatMap { sizes?.contains($0) == true ? $0 : nil } ?? sizes?.upperBound
        last = cursor?["last"]?.string
        total = cursor?["total"]?.integer
        isContinued = cursor != nil
        isPlain = sizes == nil || isContinued && last == nil
    }

    /// What an answer says about the rest of the list.
    struct Answer {
        var rows: [SourceRecord]
        var ids: [String?]
        /// Whether the answer says that there are more pages; nil when it says nothing.
        var hasMore: Bool?
        /// Whether a page without `hasMore` is full.
        var isFull: Bool
        var total: Int64?
    }

    /// The page of an answer, with the members of the cursor behind it.
    func page(_ answer: Answer) -> (page: SyncPage, next: [(key: String, value: JSONValue)]?) {
        guard !isPlain, let size, let sizes else { return plain(answer) }
        let count = answer.rows.count
        var page = SyncPage(answer.rows)
        if let last {
            if let met = answer.ids.lastIndex(where: { $0?.utf8.elementsEqual(last.utf8) ?? false }) {
                page.records.removeFirst(met + 1)
            } else {
                page.continuity = .broken
            }
        }
        // A first page that is not full can be one of the provider's own size.
        guard answer.hasMore ?? (count >= size || !isContinued && count > 0) else { return (page, nil) }
        guard count == size, let met = answer.ids.lastIndex(where: { $0 != nil }), let id = answer.ids[met] else {
            return (page, plainNext(answer))
        }
        let end = Int(number - first) * size + met + 1
        let next = Self.window(behind: end, sizes: sizes)
        guard (next.page + 1) * next.size > end else { return (page, plainNext(answer)) }
        return (
            page,
            [
                ("at", .number(JSONNumber(Int64(next.page) + first))), ("size", .number(JSONNumber(next.size))),
                ("last", .string(id)),
            ]
        )
    }

    /// Pages that do not overlap: a changed total shows that the list moved, an equal one does not show that it did not.
    private func plain(_ answer: Answer) -> (page: SyncPage, next: [(key: String, value: JSONValue)]?) {
        var page = SyncPage(answer.rows)
        if isContinued {
            let isMoved = total.flatMap { total in answer.total.map { $0 != total } } ?? false
            page.continuity = isMoved ? .broken : .unproven
        }
        let isFull = sizes == nil ? answer.isFull : !answer.rows.isEmpty
        return (page, answer.hasMore ?? isFull ? plainNext(answer) : nil)
    }

    private func plainNext(_ answer: Answer) -> [(key: String, value: JSONValue)] {
        var next: [(key: String, value: JSONValue)] = [("at", .number(JSONNumber(number + 1)))]
        if let size { next.append(("size", .number(JSONNumber(size)))) }
        if let total = answer.total { next.append(("total", .number(JSONNumber(total)))) }
        return next
    }

    /// The page, counted from 0, that begins at or before the last of `count` records and reaches the farthest behind it.
    static func window(behind count: Int, sizes: ClosedRange<Int>) -> (page: Int, size: Int) {
        var best = (page: 0, size: sizes.upperBound)
        var end = 0
        for size in sizes.reversed() {
            let page = max(0, count - 1) / size
            guard (page + 1) * size > end else { continue }
            end = (page + 1) * size
            best = (page, size)
        }
        return best
    }
}
