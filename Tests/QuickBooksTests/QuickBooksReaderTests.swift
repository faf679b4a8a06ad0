// Reading QuickBooks: statements, pages, changes, deletions.

import ProviderSDK
import ProviderSDKTesting
import Testing

@testable import QuickBooks

@Suite("QuickBooks reading", .timeLimit(.minutes(2)))
struct QuickBooksReaderTests {
    static let now = Timestamp(iso8601: "2024-06-01") ?? .epoch
    let provider = QuickBooksProvider()

    func context(_ answer: @escaping @Sendable (ProviderRequest) -> ProviderResponse) -> (ProviderContext, ScriptedHTTP)
    {
        let http = ScriptedHTTP(provider.manifest, now: Self.now, answer: answer)
        return (.testing(http, accountID: "4620816365", now: Self.now), http)
    }

    static func rows(_ range: Range<Int>, of entity: String, total: Int? = nil) -> ProviderResponse {
        let rows = range.map { #"{"Id":"\#($0)"}"# }.joined(separator: ",")
        let count = total.map { #","totalCount":\#($0)"# } ?? ""
        return .json(
            #"{"QueryResponse":{"\#(entity)":[\#(rows)],"startPosition":\#(range.lowerBound),"maxResults":\#(range.count)\#(count)},"time":"t"}"#
        )
    }

    static func query(_ request: ProviderRequest, _ name: String = "query") -> String {
        request.query.first { $0.name == name }?.value ?? ""
    }

    @Test(
        "Each data type has its statement, inactive names included",
        arguments: [
            ("invoices", nil, "SELECT * FROM Invoice ORDERBY Id STARTPOSITION 1 MAXRESULTS 1000"),
            ("expenses", nil, "SELECT * FROM Purchase ORDERBY Id STARTPOSITION 1 MAXRESULTS 1000"),
            (
                "customers", nil,
                "SELECT * FROM Customer WHERE Active IN (true, false) ORDERBY Id STARTPOSITION 1 MAXRESULTS 1000"
            ),
            (
                "vendors", nil,
                "SELECT * FROM Vendor WHERE Active IN (true, false) ORDERBY Id STARTPOSITION 1 MAXRESULTS 1000"
            ),
            (
                "invoices", 1_714_521_600,
                "SELECT * FROM Invoice WHERE MetaData.LastUpdatedTime >= '2024-05-01T00:00:00Z' ORDERBY Id STARTPOSITION 1 MAXRESULTS 1000"
            ),
            (
                "vendors", 1_714_521_600,
                "SELECT * FROM Vendor WHERE Active IN (true, false) AND MetaData.LastUpdatedTime >= '2024-05-01T00:00:00Z' ORDERBY Id STARTPOSITION 1 MAXRESULTS 1000"
            ),
        ] as [(String, Int64?, String)])
    func states(dataType: String, since: Int64?, statement: String) async throws {
        let (context, http) = context { _ in .json(#"{"QueryResponse":{},"time":"t"}"#) }
        let page = try await provider.page(
            PageRequest(dataType: dataType, since: since.flatMap(Timestamp.init(seconds:))), in: context)
        #expect(page.records.isEmpty)
        #expect(http.requests[0].method == .get)
        #expect(http.requests[0].path == "/v3/company/{accountId}/query")
        #expect(http.requests[0].query == [NamedValue("query", statement), NamedValue("minorversion", "75")])
    }

    @Test("A total beyond the page is reported, the count of the page is not", arguments: [2500, 1000])
    func counts(total: Int) async throws {
        let (context, _) = context { _ in Self.rows(1..<1001, of: "Invoice", total: total) }
        let page = try await provider.page(PageRequest(dataType: "invoices"), in: context)
        #expect(page.totalCount == (total == 2500 ? 2500 : nil))
    }

    @Test("A page without rows that counts more is a failure that may pass, never the end")
    func refusesContradictions() async throws {
        let (context, _) = context { _ in Self.rows(1..<1, of: "Invoice", total: 2500) }
        let error = await #expect(throws: ProviderError.self) {
            try await provider.page(PageRequest(dataType: "invoices", cursor: ["at": 1001]), in: context)
        }
        #expect(error?.kind == .transient)
    }

    /// An answer to a statement about `rows`.
    static func answer(_ request: ProviderRequest, _ ids: [Int], total: Int? = nil) -> ProviderResponse {
        let words = query(request).split(separator: " ")
        func value(behind word: String) -> Int {
            words.firstIndex { $0 == word }.flatMap { Int(words[$0 + 1]) } ?? 0
        }
        let page = ids.dropFirst(value(behind: "STARTPOSITION") - 1).prefix(value(behind: "MAXRESULTS"))
        let rows = page.map { #"{"Id":"\#($0)"}"# }.joined(separator: ",")
        let count = total.map { #","totalCount":\#($0)"# } ?? ""
        return .json(#"{"QueryResponse":{"Invoice":[\#(rows)]\#(count)}}"#)
    }

    @Test("Pages go on until one is shorter than asked for, and the rows at each seam are read again")
    func pages() async throws {
        let (context, http) = context { Self.answer($0, Array(1...1037)) }
        let first = try await provider.page(PageRequest(dataType: "invoices"), in: context)
        #expect(first.records.count == 1000)
        let stored = try first.next.map { try JSONValue.parse($0.serialized) }
        let second = try await provider.page(PageRequest(dataType: "invoices", cursor: stored), in: context)
        #expect(second.records.count == 37)
        #expect(second.next == nil)
        #expect(Self.query(http.requests[1]).hasSuffix("STARTPOSITION 1001 MAXRESULTS 1000"))
        #expect(Self.query(http.requests[2]).hasSuffix("STARTPOSITION 1000 MAXRESULTS 2"))
        #expect(first.continuity == .continuous && second.continuity == .continuous && http.requests.count == 3)
    }

    @Test("A list that ends with a full page has an empty page behind it")
    func fullLastPage() async throws {
        let (context, http) = context { Self.answer($0, Array(1...1000)) }
        let first = try await provider.page(PageRequest(dataType: "invoices"), in: context)
        let second = try await provider.page(PageRequest(dataType: "invoices", cursor: first.next), in: context)
        #expect(second.records.isEmpty && second.next == nil && second.continuity == .continuous)
        #expect(http.requests.count == 3)
    }

    @Test("A cursor of an earlier version, whose page begins at the last row of the page before, continues")
    func earlierCursors() async throws {
        let (context, http) = context { Self.answer($0, Array(1...1037)) }
        let cursor: JSONValue = ["at": 1000, "last": "1000"]
        let page = try await provider.page(PageRequest(dataType: "invoices", cursor: cursor), in: context)
        #expect(page.records.count == 37 && page.continuity == .continuous && http.requests.count == 1)
        let (moved, _) = self.context { Self.answer($0, Array(2...1037)) }
        #expect(
            try await provider.page(PageRequest(dataType: "invoices", cursor: cursor), in: moved).continuity == .broken)
    }

    @Test("A row that moved from one page to another while the list was read breaks the walk", arguments: [1001, 1500])
    func movedRows(count: Int) async throws {
        // Invoice 5 is deleted after the first page: 1001 stands at position 1000 now.
        let (context, _) = context { request in
            let isFirst = Self.query(request).contains("STARTPOSITION 1 ")
            return Self.answer(request, (1...count).filter { isFirst || $0 != 5 })
        }
        let first = try await provider.page(PageRequest(dataType: "invoices"), in: context)
        let second = try await provider.page(PageRequest(dataType: "invoices", cursor: first.next), in: context)
        #expect(second.continuity == .broken)
    }

    @Test("A short page goes on when the answer says that there is more")
    func trustsTotals() async throws {
        let (context, _) = context { request in
            let query = Self.query(request)
            if query.contains("STARTPOSITION 1 ") { return Self.rows(1..<101, of: "Invoice", total: 150) }
            return Self.answer(request, Array(1...150), total: 150)
        }
        let first = try await provider.page(PageRequest(dataType: "invoices"), in: context)
        #expect(first.next == ["at": 101, "behind": "100"])
        let second = try await provider.page(PageRequest(dataType: "invoices", cursor: first.next), in: context)
        #expect(second.next == nil && second.records.count == 50 && second.continuity == .continuous)
    }

    @Test("After the changed rows come the deleted ones, whatever order their groups have")
    func readsDeletions() async throws {
        let (context, http) = context { request in
            request.path.hasSuffix("/cdc")
                ? .json(
                    #"""
                    {"CDCResponse":[{"QueryResponse":[{},{"Customer":[{"Id":"5","status":"Deleted"}]},
                    {"Invoice":[{"domain":"QBO","status":"Deleted","Id":"9","MetaData":{}},{"Id":"10","TotalAmt":5}],
                    "startPosition":1,"maxResults":2}]}],"time":"t"}
                    """#)
                : Self.rows(10..<11, of: "Invoice")
        }
        let since = Timestamp(iso8601: "2024-05-30T12:00:00Z")
        let changed = try await provider.page(PageRequest(dataType: "invoices", since: since), in: context)
        #expect(changed.records.map(\.change) == [.upserted])
        let stored = try changed.next.map { try JSONValue.parse($0.serialized) }
        let deleted = try await provider.page(
            PageRequest(dataType: "invoices", cursor: stored, since: since), in: context)
        #expect(deleted.records.map(\.change) == [.deleted])
        #expect(deleted.records.map { $0.value["Id"] } == ["9"])
        #expect(deleted.next == nil)
        #expect(http.requests[1].path == "/v3/company/{accountId}/cdc")
        #expect(
            http.requests[1].query == [
                NamedValue("entities", "Invoice"), NamedValue("changedSince", "2024-05-30T12:00:00Z"),
                NamedValue("minorversion", "75"),
            ])
    }

    @Test("Of a list of changes, an object that cannot be read stops no other, and one that may be deleted is not lost")
    func readsDamagedDeletions() async throws {
        let (context, _) = context { _ in
            .json(
                #"""
                {"CDCResponse":[{"QueryResponse":[{"Invoice":[{"Id":"1","status":"Deleted","n":1.5.3},{"Id":"2","n":},
                {"Id":"3","status":"\ud83d"},{"Id":"4","TotalAmt":5},{"Id":"5","status":"Deleted"}]}]}],"time":"t"}
                """#)
        }
        let page = try await provider.page(
            PageRequest(dataType: "invoices", cursor: ["deletions": true], since: Self.now), in: context)
        #expect(page.records.map { $0.value["Id"] } == ["1", "2", "3", "5"])
        #expect(page.records.map(\.change) == [.deleted, .upserted, .upserted, .deleted])
        #expect(page.records.map { $0.value.damage != nil } == [true, true, true, false])
    }

    @Test("A full answer about changes may have left some out: everything is read instead")
    func givesUpOnTruncatedChanges() async throws {
        let objects = (1...1000).map { #"{"Id":"\#($0)"}"# }.joined(separator: ",")
        let (context, _) = context { _ in .json(#"{"CDCResponse":[{"QueryResponse":[{"Invoice":[\#(objects)]}]}]}"#) }
        let error = await #expect(throws: ProviderError.self) {
            try await provider.page(
                PageRequest(dataType: "invoices", cursor: ["deletions": true], since: Self.now), in: context)
        }
        #expect(error?.kind == .changesUnavailable)
    }

    @Test(
        "An answer of another shape is an error, not an empty page",
        arguments: [
            ("{}", false), (#"{"QueryResponse":[]}"#, false), ("{}", true), (#"{"CDCResponse":[{}]}"#, true),
            (#"{"CDCResponse":[{"Fault":{"type":"x"}}]}"#, true), ("[]", false), ("<html>", false),
        ])
    func refusesOtherAnswers(body: String, isDeletions: Bool) async {
        let (context, _) = context { _ in .json(body) }
        await #expect(throws: ProviderError.self) {
            try await provider.page(
                PageRequest(dataType: "invoices", cursor: isDeletions ? ["deletions": true] : nil, since: Self.now),
                in: context)
        }
    }

    @Test("A fault in an answer with status 200 is an error")
    func findsFaults() async {
        let (context, _) = context { _ in
            .json(
                #"{"Fault":{"Error":[{"Message":"Invalid query","Detail":"d","code":"4001"}],"type":"ValidationFault"}}"#
            )
        }
        let error = await #expect(throws: ProviderError.self) {
            try await provider.page(PageRequest(dataType: "invoices"), in: context)
        }
        #expect(error == ProviderError(.permanent, "Invalid query", code: "4001", status: 200))
    }

    @Test("An unknown data type is refused without a call")
    func refusesUnknownDataTypes() async {
        let (context, http) = context { _ in .json("{}") }
        await #expect(throws: ProviderError.self) {
            try await provider.page(PageRequest(dataType: "bills"), in: context)
        }
        #expect(http.requests.isEmpty)
    }

    @Test("Incremental reads go back less than the 30 days in which deletions are reported")
    func reaches() {
        for dataType in provider.manifest.dataTypes {
            #expect(dataType.incremental?.reach == .seconds(29 * 86_400))
        }
    }
}
