// One step of a walk along a ListRequest: from a cursor to a page and its successor. The sending is done by the caller's context.

extension ListRequest {
    /// The page at `cursor`.
    ///
    /// - Parameters:
    ///   - cursor: what the page before gave; nil for the first.
    ///   - moment: changes only, where ``since`` says how.
    ///   - context: the way to the provider.
    /// - Throws: ``ProviderError`` of the call, or a permanent one when the answer is not a page of this list.
    public func page(
        at cursor: JSONValue?, since moment: Timestamp? = nil, in context: ProviderContext
    ) async throws(ProviderError) -> SyncPage {
        let (response, cursor) = try await answer(at: cursor, since: moment, in: context)
        // Nothing changed since the moment that was asked about (RFC 9110 section 15.4.5).
        if response.status == 304 {
            guard moment != nil else { throw Self.contradiction("says that nothing changed, and was asked for all") }
            return SyncPage([])
        }
        let answer = try response.json(recordsAt: items)
        var page = try page(answer, at: cursor, now: context.now)
        if let changeLog {
            var walk = ChangeWalk(self, changeLog, at: cursor, in: context)
            page = try await walk.page(answer, as: page)
        }
        for index in page.records.indices where !additions.isEmpty {
            page.records[index].value = try page.records[index].value.adding(additions, in: context)
        }
        return page
    }

    /// The answer at `cursor`, or at the latest place before it that the provider still takes.
    ///
    /// A place is a record or a token. It is not taken any more when the record was deleted or the token has expired.
    private func answer(
        at cursor: JSONValue?, since moment: Timestamp?, in context: ProviderContext
    ) async throws(ProviderError) -> (ProviderResponse, JSONValue?) {
        var place = cursor
        while true {
            do throws(ProviderError) {
                return (try await context.http.send(try request(at: place, since: moment)), place)
            } catch {
                guard let refused = place, error.refusesPlace else { throw error }
                guard let earlier = WalkTrail.stepBack(from: refused) else {
                    throw ProviderError(.cursorRefused, error.message, code: error.code, status: error.status)
                }
                place = earlier
            }
        }
    }

    /// The request for the page at `cursor`.
    public func request(at cursor: JSONValue?, since moment: Timestamp?) throws(ProviderError) -> ProviderRequest {
        var request = request
        if let pageSizeParameter {
            // Where every record is read by itself, a page is no longer than the reads for one page.
            let isShort = changeLog != nil && ChangeWalk.isFull(cursor)
            let whole = numberedWalk(at: cursor)?.size ?? pageSize
            let size = isShort ? min(whole, ChangeLog.readsPerPageMax) : whole
            add(pageSizeParameter, .number(JSONNumber(size)), to: &request)
        }
        if let moment, let since {
            let text = since.text(moment)
            switch since.location {
            case .query: request.query.append(NamedValue(since.name, text))
            case .header: request.headers.append(NamedValue(since.name, text))
            case .body: add(since.name, .string(text), in: .body, to: &request)
            }
        }
        switch paging.current {
        case .none: break
        case .lastRecord(let parameter, _, _), .token(let parameter, _, _):
            if let value = cursor?["at"] { add(parameter, value, to: &request) }
        case .pageNumber(let parameter, let first, _), .offset(let parameter, let first, _):
            add(parameter, cursor?["at"] ?? .number(JSONNumber(first)), to: &request)
        case .link(let link):
            guard let place = cursor?["at"] else { break }
            if let parameter = link.parameter {
                add(parameter, place, to: &request)
            } else if let url = place.string {
                request.path = url
                request.query = []
            }
        default: break
        }
        return request
    }

    private func add(_ name: String, _ value: JSONValue, to request: inout ProviderRequest) {
        add(name, value, in: parameterPlace, to: &request)
    }

    private func add(_ name: String, _ value: JSONValue, in place: ParameterPlace, to request: inout ProviderRequest) {
        let text = value.scalarText ?? ""
        switch (place, request.body) {
        case (.query, _): request.query.append(NamedValue(name, text))
        case (.body, .form(let fields)): request.body = .form(fields + [NamedValue(name, text)])
        case (.body, .json(let object)): request.body = .json(.object((object.members ?? []) + [(name, value)]))
        // A list's own body holds parameters; one that is already written takes no more.
        case (.body, .bytes): break
        case (.body, nil): request.body = .json(.object([(name, value)]))
        }
    }

    /// The page in `answer`.
    public func page(_ answer: JSONValue, at cursor: JSONValue?, now: Timestamp) throws(ProviderError) -> SyncPage {
        guard pageWhen?.isMet(by: answer, now: now) ?? true, let items = items(in: answer) else {
            throw ProviderError(.permanent, "The provider's answer is not a page of this list.")
        }
        var page = try page(of: items, answer, at: cursor, now: now)
        page.totalCount = totalCount?.first(in: answer)?.wholeNumber.map(Int.init(clamping:))
        if let condition = self.where { page.records.removeAll { !isRecord($0.value, condition, now: now) } }
        for index in page.records.indices {
            let item = page.records[index].value
            // An item without its record is a record that cannot be mapped, not one that is not there.
            page.records[index] = SourceRecord(
                record.first(in: item) ?? item, deletedWhen?.isMet(by: item, now: now) ?? false ? .deleted : .upserted)
        }
        return page
    }

    /// The page of all items of an answer that were not on the page before.
    private func page(
        of items: [JSONValue], _ answer: JSONValue, at cursor: JSONValue?, now: Timestamp
    ) throws(ProviderError) -> SyncPage {
        let number = Int(cursor?["page"]?.integer ?? 1)
        let hasNext = nextWhen?.isMet(by: answer, now: now) ?? true
        var page: SyncPage
        var next: JSONValue?
        if case .offset(_, let first, let total) = paging.current {
            let walk = OffsetWalk(at: cursor, first: Int64(first))
            let end = walk.position - Int64(first) + Int64(items.count)
            let isMore = total?.first(in: answer)?.wholeNumber.map { end < $0 } ?? (items.count >= pageSize)
            guard !isMore || !items.isEmpty else { throw Self.contradiction("counts more records and has none") }
            page = walk.page(items.map { SourceRecord($0) }, ids: ids(of: items), hasMore: isMore && hasNext)
            next = page.next.map { Self.numbered($0.members ?? [], number + 1) }
        } else if let walk = numberedWalk(at: cursor) {
            var found = try numberedAnswer(items, answer, at: walk)
            if !hasNext { found.hasMore = false }
            let (read, members) = walk.page(found)
            page = read
            next = members.map { Self.numbered($0, number + 1) }
        } else {
            page = SyncPage(items.map { SourceRecord($0) })
            if hasNext, let place = try position(after: items, of: answer, cursor: cursor) {
                next = try Self.cursor(of: number + 1, at: place, after: cursor)
                if case .lastRecord(_, let id, _) = paging.current {
                    next = WalkTrail.noting(items, id: id, before: cursor, in: next ?? .null)
                }
            }
            page.continuity = continuity(items, at: cursor, isLast: next == nil)
        }
        guard next == nil || number < pagesMax else {
            throw ProviderError(.permanent, "The list has more than \(pagesMax) pages.")
        }
        page.next = next
        if keepsPlace == true, page.continuity == .unproven { page.continuity = .continuous }
        return page
    }

    /// What a page shows about what lies between it and the one before, where pages do not overlap.
    private func continuity(_ items: [JSONValue], at cursor: JSONValue?, isLast: Bool) -> PageContinuity {
        guard cursor != nil else { return .continuous }
        // The page before promised more. Some providers answer so where the record of the place is gone.
        if items.isEmpty, isLast { return .unproven }
        switch paging.current {
        case .link: return keepsPlace == true ? .continuous : .unproven
        default: return keepsPlace == false ? .unproven : .continuous
        }
    }

    private func ids(of items: [JSONValue]) -> [String?] {
        items.map { item in
            let record = record.first(in: item) ?? item
            let parts = recordID.map { $0.first(in: record)?.idText }
            return parts.isEmpty || parts.contains(nil) ? nil : parts.compactMap(\.self).joined(separator: "-")
        }
    }

    private func numberedWalk(at cursor: JSONValue?) -> NumberedWalk? {
        guard case .pageNumber(_, let first, _) = paging.current else { return nil }
        return NumberedWalk(
            at: cursor, first: first, sizes: pageSizeParameter == nil || recordID.isEmpty ? nil : pageSizes)
    }

    private func numberedAnswer(
        _ items: [JSONValue], _ answer: JSONValue, at walk: NumberedWalk
    ) throws(ProviderError) -> NumberedWalk.Answer {
        guard case .pageNumber(_, _, let pageCount) = paging.current else {
            throw ProviderError(.permanent, "The list has no numbered pages.")
        }
        let count = pageCount.flatMap { $0.first(in: answer)?.wholeNumber }
        let isMore = count.map { walk.number < $0 }
        guard isMore != true || !items.isEmpty else {
            throw Self.contradiction("counts more pages and has no records")
        }
        return NumberedWalk.Answer(
            rows: items.map { SourceRecord($0) }, ids: ids(of: items), hasMore: isMore,
            isFull: items.count >= pageSize, total: totalCount?.first(in: answer)?.wholeNumber)
    }

    private static func numbered(_ members: [(key: String, value: JSONValue)], _ number: Int) -> JSONValue {
        .object(members + [("page", .number(JSONNumber(number)))])
    }

    /// The cursor of page `number`, which the page at `cursor` leads to.
    ///
    /// It carries the mark of the walk's place at the last power of two. A walk that returns to that place loops; this finds loops
    /// of any
    /// length (Brent's algorithm). A page at a power of two is itself that place.
    private static func cursor(
        of number: Int, at place: JSONValue, after cursor: JSONValue?
    ) throws(ProviderError) -> JSONValue {
        func isPowerOfTwo(_ number: Int) -> Bool { number & (number - 1) == 0 }
        let before = cursor?["at"]
        let mark = isPowerOfTwo(number - 1) ? before.map(mark) : cursor?["mark"]?.integer
        guard place != before, mark == nil || Self.mark(place) != mark else {
            throw ProviderError(.permanent, "The list leads round in a circle.")
        }
        var members: [(key: String, value: JSONValue)] = [("at", place), ("page", .number(JSONNumber(number)))]
        if let mark, !isPowerOfTwo(number) { members.append(("mark", .number(JSONNumber(mark)))) }
        return .object(members)
    }

    private static func mark(_ place: JSONValue) -> Int64 { ChangeWalk.mark(place.scalarText ?? "") }

    /// An answer that contradicts itself; the next one usually does not.
    private static func contradiction(_ problem: String) -> ProviderError {
        ProviderError(.transient, "The provider's answer \(problem).")
    }

    /// The items of a page that are records of this data type.
    func matchingItems(in answer: JSONValue, now: Timestamp) throws(ProviderError) -> [JSONValue] {
        guard let items = items(in: answer) else {
            throw ProviderError(.permanent, "The provider's answer is not a page of this list.")
        }
        guard let condition = self.where else { return items }
        return items.filter { isRecord($0, condition, now: now) }
    }

    /// Whether an item is a record of this data type; where the condition looks at what cannot be read, it may be one.
    private func isRecord(_ item: JSONValue, _ condition: Condition, now: Timestamp) -> Bool {
        condition.isMet(by: item, now: now)
            || item.damage != nil && condition.paths.contains { $0.first(in: item)?.damage != nil }
    }

    private func items(in answer: JSONValue) -> [JSONValue]? {
        guard let found = items.first(in: answer) else { return nil }
        return isSingle ? (found.kind == .object ? [found] : nil) : found.array
    }

    /// What the next request must say; nil at the end of the list.
    ///
    /// A list ends where the answer says so. An answer that promises more without saying where is not the end: otherwise the records
    /// behind it would count as deleted.
    private func position(
        after items: [JSONValue], of answer: JSONValue, cursor: JSONValue?
    ) throws(ProviderError) -> JSONValue? {
        let isFull = items.count >= pageSize
        switch paging.current {
        case .none: return nil
        case .lastRecord(_, let id, let hasMore):
            var isMore = isFull
            if let hasMore {
                guard let promised = hasMore.first(in: answer)?.boolean else {
                    throw Self.contradiction("does not say whether there is another page")
                }
                isMore = promised
            }
            guard isMore else { return nil }
            guard let last = items.last else { throw Self.contradiction("promises more records and has none") }
            guard let text = id.first(in: last)?.scalarText, !text.isEmpty else {
                throw ProviderError(.permanent, "The last record of the page has no id.")
            }
            return .string(text)
        case .token(_, let token, let hasMore):
            let isMore = hasMore.flatMap { $0.first(in: answer)?.boolean }
            if isMore == false { return nil }
            let value = token.first(in: answer)
            guard let value, let text = value.scalarText, !text.isEmpty else {
                guard isMore == nil, nextWhen == nil, value.map({ $0.isNull || $0.string != nil }) ?? true else {
                    throw Self.contradiction("promises another page and does not say where")
                }
                return nil
            }
            return value.number.map(JSONValue.number) ?? .string(text)
        case .link(let next):
            let link = next.link.first(in: answer)
            if let text = link?.string {
                // A value from the provider is never read as a placeholder.
                guard !text.utf8.contains(UInt8(ascii: "{")) else {
                    throw ProviderError(.permanent, "The link to the next page is not a URL.")
                }
                guard !text.isEmpty else { return nil }
                guard next.parameter != nil else { return .string(text) }
                guard let value = next.value(in: text) else {
                    throw Self.contradiction("has a link to the next page that does not say where it begins")
                }
                return .string(value)
            }
            guard link?.isNull ?? !next.isRequired else {
                throw ProviderError(.permanent, "The page does not say whether there is another.")
            }
            return nil
        default: return nil
        }
    }
}
