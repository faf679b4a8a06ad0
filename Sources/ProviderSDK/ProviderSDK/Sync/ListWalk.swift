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
        let response = try await context.http.send(try request(at: cursor, since: moment))
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

    /// The request for the page at `cursor`.
    public func request(at cursor: JSONValue?, since moment: Timestamp?) throws(ProviderError) -> ProviderRequest {
        var request = request
        if let pageSizeParameter {
            // Where every record is read by itself, a page is no longer than the reads for one page.
            let isShort = changeLog != nil && ChangeWalk.isFull(cursor)
            let size = isShort ? min(pageSize, ChangeLog.readsPerPageMax) : pageSize
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
        case .pageNumber(let parameter, let first, _):
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
        case (.body, nil): request.body = .json(.object([(name, value)]))
        }
    }

    /// The page in `answer`.
    public func page(_ answer: JSONValue, at cursor: JSONValue?, now: Timestamp) throws(ProviderError) -> SyncPage {
        guard pageWhen?.isMet(by: answer, now: now) ?? true, let items = items(in: answer) else {
            throw ProviderError(.permanent, "The provider's answer is not a page of this list.")
        }
        let number = Int(cursor?["page"]?.integer ?? 1)
        let records = try matchingItems(in: answer, now: now).map { item in
            // An item without its record is a record that cannot be mapped, not one that is not there.
            SourceRecord(
                record.first(in: item) ?? item, deletedWhen?.isMet(by: item, now: now) ?? false ? .deleted : .upserted)
        }
        var page = SyncPage(records)
        page.totalCount = totalCount?.first(in: answer)?.wholeNumber.map(Int.init(clamping:))
        if nextWhen?.isMet(by: answer, now: now) ?? true,
            let next = try position(after: items, of: answer, cursor: cursor)
        {
            guard number < pagesMax else {
                throw ProviderError(.permanent, "The list has more than \(pagesMax) pages.")
            }
            page.next = try Self.cursor(of: number + 1, at: next, after: cursor)
        }
        return page
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
        return items.filter { item in
            // Where the condition looks at what cannot be read, the item may be a record.
            condition.isMet(by: item, now: now)
                || item.damage != nil && condition.paths.contains { $0.first(in: item)?.damage != nil }
        }
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
        case .pageNumber(_, let first, let pageCount):
            let current = cursor?["at"]?.integer ?? Int64(first)
            let count = pageCount.flatMap { $0.first(in: answer)?.wholeNumber }
            guard count.map({ current < $0 }) ?? isFull else { return nil }
            guard !items.isEmpty else { throw Self.contradiction("counts more pages and has no records") }
            return .number(JSONNumber(current + 1))
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
