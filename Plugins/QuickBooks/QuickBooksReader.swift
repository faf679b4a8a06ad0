// Reading one entity: pages of a query, and after the changed ones the deleted ones, which no query shows.

import ProviderSDK

/// A walk over the objects of one entity, or over those that changed.
struct QuickBooksReader {
    /// The version of the API that is asked for; older ones are retired.
    static let minorVersion = NamedValue("minorversion", "75")
    /// Rows in one page of a query at most.
    static let pageSize = 1000
    /// Objects in one answer about changes at most; one that is full may have left some out.
    static let changesMax = 1000

    private let entity: QuickBooksEntity
    private let since: Timestamp?
    private let context: ProviderContext

    /// All objects of `entity`, or those that changed or went since `since`.
    init(_ entity: QuickBooksEntity, since: Timestamp?, in context: ProviderContext) {
        self.entity = entity
        self.since = since
        self.context = context
    }

    /// The page at `cursor`: a position in the query, or the deletions at its end.
    func page(at cursor: JSONValue?) async throws(ProviderError) -> SyncPage {
        if let since, cursor?["deletions"]?.boolean == true { return try await deletions(since: since) }
        return try await rows(at: cursor)
    }

    /// The statement for `count` rows from `position` on, counted from 1.
    ///
    /// Rows are ordered by id. In an order by time of change, a row that changes during the walk could push another one off its page.
    /// A row that is deleted moves all rows behind it, which the two rows at the seam of two pages show.
    func statement(at position: Int64, count: Int = pageSize) -> String {
        var conditions: [String] = []
        if entity.hidesInactive { conditions.append("Active IN (true, false)") }
        if let since { conditions.append("MetaData.LastUpdatedTime >= '\(since)'") }
        let filter = conditions.isEmpty ? "" : " WHERE " + conditions.joined(separator: " AND ")
        return "SELECT * FROM \(entity.name)\(filter) ORDERBY Id STARTPOSITION \(position) MAXRESULTS \(count)"
    }

    private func rows(at cursor: JSONValue?) async throws(ProviderError) -> SyncPage {
        let walk = OffsetWalk(at: cursor, first: 1)
        let (rows, total) = try await rows(at: walk.position, count: Self.pageSize)
        let isMoreTold = total >= walk.position + Int64(rows.count)
        guard !rows.isEmpty || !isMoreTold else {
            // Taken for the end, it would delete all objects behind it.
            throw ProviderError(.transient, "QuickBooks' answer counts more rows and has none.")
        }
        var page = try await walk.page(
            rows.map { SourceRecord($0) }, ids: rows.map(id), hasMore: rows.count >= Self.pageSize || isMoreTold
        ) { position throws(ProviderError) in
            try await self.rows(at: position, count: 2).rows.prefix(2).map(id)
        }
        // Some answers count the rows of the page only.
        if isMoreTold { page.totalCount = Int(clamping: total) }
        if page.next == nil, since != nil { page.next = ["deletions": true] }
        return page
    }

    private func id(of row: JSONValue) -> String? { row["Id"]?.scalarText }

    /// The rows from `position` on, and what the answer counts; 0 where it counts nothing.
    private func rows(at position: Int64, count: Int) async throws(ProviderError) -> (rows: [JSONValue], total: Int64) {
        let query = [NamedValue("query", statement(at: position, count: count)), Self.minorVersion]
        let answer = try await context.json(
            .get("/v3/company/{accountId}/query", query), recordsAt: ValuePath("QueryResponse.\(entity.name)"))
        // Without rows it is an empty object.
        guard let response = answer["QueryResponse"], response.kind == .object else {
            throw ProviderError(.permanent, "QuickBooks' answer is not a page of a query.")
        }
        let found = response[entity.name]
        guard let rows = found == nil ? [] : found?.array else {
            throw ProviderError(.permanent, "QuickBooks' answer is not a page of a query.")
        }
        return (rows, response["totalCount"]?.integer ?? 0)
    }

    private func deletions(since: Timestamp) async throws(ProviderError) -> SyncPage {
        let query = [
            NamedValue("entities", entity.name), NamedValue("changedSince", since.description), Self.minorVersion,
        ]
        let objects = ValuePath("CDCResponse[].QueryResponse[].\(entity.name)")
        let answer = try await context.json(.get("/v3/company/{accountId}/cdc", query), recordsAt: objects)
        guard let responses = answer["CDCResponse"]?.array,
            responses.allSatisfy({ $0["QueryResponse"]?.kind == .array })
        else {
            throw ProviderError(.permanent, "QuickBooks' answer is not a list of changes.")
        }
        let groups = responses.flatMap { $0["QueryResponse"]?.array ?? [] }
        let changed = groups.flatMap { $0[entity.name]?.array ?? [] }
        guard changed.count < Self.changesMax else {
            throw ProviderError(
                .changesUnavailable,
                "More than \(Self.changesMax) objects changed in QuickBooks: which were deleted is not known.")
        }
        return SyncPage(
            changed.compactMap { object in
                if object["status"] == "Deleted" { return SourceRecord(object, .deleted) }
                // Whether this one was deleted cannot be read: it fails when it is mapped, and is not lost without a word.
                let isUncertain = object.damage != nil && object["status"]?.string == nil
                return isUncertain ? SourceRecord(object) : nil
            })
    }
}
