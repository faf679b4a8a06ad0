// How pages of each paging style show that a list moved, and how a walk steps back when its place is gone.

import ProviderSDK
import ProviderSDKTesting
import Synchronization
import Testing

@Suite("Walks along lists", .timeLimit(.minutes(2)))
struct ListWalkTests {
    let now = Timestamp(iso8601: "2024-06-01") ?? .epoch

    /// Pages of a list whose answers come from a script.
    func read(
        _ list: ListRequest, cursor: JSONValue? = nil,
        _ answer: @escaping @Sendable (ProviderRequest) -> ProviderResponse
    ) async throws(ProviderError) -> (page: SyncPage, requests: [ProviderRequest]) {
        let manifest = ProviderManifest(id: "x", name: "X") { $0.endpoints = ["api": "https://api.example.com"] }
        let http = ScriptedHTTP(manifest, now: now, answer: answer)
        let page = try await list.page(at: cursor, in: .testing(http, now: now))
        return (page, http.requests)
    }

    static func rows(_ ids: some Sequence<Int>, _ more: String = "") -> ProviderResponse {
        .json(#"{"data":[\#(ids.map { #"{"id":"\#($0)"}"# }.joined(separator: ","))]\#(more)}"#)
    }

    static func ids(_ page: SyncPage) -> [String] { page.records.compactMap { $0.value["id"]?.string } }

    static func value(_ name: String, of request: ProviderRequest) -> String? {
        request.query.first { $0.name == name }?.value
    }

    @Test("Pages by position begin with the last record of the page before, and show when it moved")
    func offsets() async throws {
        var list = ListRequest(
            .get("/x"), items: "data", paging: .offset(parameter: "start", first: 1, total: nil))
        list.pageSize = 3
        list.recordID = ["id"]
        let first = try await read(list) { _ in Self.rows(1...3) }.page
        #expect(Self.ids(first) == ["1", "2", "3"] && first.continuity == .continuous)
        let second = try await read(list, cursor: first.next) { _ in Self.rows(3...5) }
        #expect(Self.value("start", of: second.requests[0]) == "3")
        #expect(Self.ids(second.page) == ["4", "5"] && second.page.continuity == .continuous)
        // One came in before: the last record stands a place further.
        let shifted = try await read(list, cursor: first.next) { _ in Self.rows([2, 3, 4]) }.page
        #expect(Self.ids(shifted) == ["4"] && shifted.continuity == .continuous && shifted.next != nil)
        // One went before it, or it went itself.
        for rows in [[4, 5, 6], [4], []] {
            let moved = try await read(list, cursor: first.next) { _ in Self.rows(rows) }.page
            #expect(moved.continuity == .broken, "\(rows)")
        }
        #expect(try await read(list, cursor: first.next) { _ in Self.rows([3]) }.page.next == nil)
    }

    @Test(
        "Where pages do not overlap, the two rows at the seam show whether anything lies between them",
        arguments: [
            // Rows behind "c" at position 3, the two at the seam, what they show.
            (["d", "e"], ["c", "d"], .continuous), (["d"], ["c", "d", "e"], .continuous), ([], ["c"], .continuous),
            // A row before the seam is gone: "d" is on neither page, or was pushed onto the end of the first.
            (["e"], ["d", "e"], .broken), ([], ["d"], .broken), ([], ["c", "d"], .broken), (["d"], ["c"], .broken),
            (["d", "e"], [], .broken), (["e"], ["c", "d"], .broken), (["d"], [nil, "d"], .broken),
            // The page holds the record before it: the seam is on the page.
            (["b", "c", "d"], nil, .continuous), (["c"], nil, .continuous),
            // What has no id, and a list that is shorter than what was read of it, show nothing.
            ([nil, "e"], ["c", nil], .unproven), (["d"], ["c", nil], .unproven), ([], [], .unproven),
        ] as [([String?], [String?]?, PageContinuity)])
    func seams(rows: [String?], seam: [String?]?, expected: PageContinuity) async throws {
        func page(_ ids: [String?], at cursor: JSONValue?, seam: [String?]?) async throws(ProviderError) -> SyncPage {
            let records = ids.map { SourceRecord(["id": $0.map { .string($0) } ?? .null]) }
            let walk = OffsetWalk(at: cursor, first: 0)
            return try await walk.page(records, ids: ids, hasMore: ids.count >= 3) {
                position throws(ProviderError) in
                #expect(position == walk.position - 1)
                guard let seam else { throw ProviderError(.permanent, "The page itself shows it.") }
                return seam
            }
        }
        let first = try await page(["a", "b", "c"], at: nil, seam: nil)
        #expect(first.records.count == 3 && first.next == ["at": 3, "behind": "c"])
        let second = try await page(rows, at: first.next, seam: seam)
        #expect(second.continuity == expected)
        #expect(second.records.count == rows.count - (rows.lastIndex(of: "c").map { $0 + 1 } ?? 0))
        // Behind a row without an id, the next page begins at one that has an id.
        let odd = try await page(["a", "b", nil], at: nil, seam: nil)
        #expect(odd.next == ["at": 1, "last": "b"])
        #expect(try await page(["b", nil, "d"], at: odd.next, seam: nil).continuity == .continuous)
        #expect(try await page([nil, "d"], at: odd.next, seam: nil).continuity == .broken)
    }

    @Test("Numbered pages of different sizes overlap")
    func sizes() async throws {
        var list = ListRequest(
            .get("/x"), items: "data", paging: .pageNumber(parameter: "page", first: 1, pageCount: "pages"))
        list.pageSizeParameter = "size"
        list.pageSizes = 5...10
        list.recordID = ["id"]
        for count in [0, 1, 9, 10, 11, 19, 20, 50, 99, 100, 101, 1000] {
            var cursor: JSONValue?
            var seen: [String] = []
            var pages = 0
            repeat {
                let (page, _) = try await read(list, cursor: cursor) { request in
                    let size = Int(Self.value("size", of: request) ?? "") ?? 0
                    let number = Int(Self.value("page", of: request) ?? "") ?? 0
                    let start = min(count, (number - 1) * size)
                    return Self.rows(start..<min(count, start + size), ",\"pages\":\((count + size - 1) / size)")
                }
                #expect(page.continuity == .continuous)
                seen += Self.ids(page)
                cursor = page.next
                pages += 1
            } while cursor != nil && pages < 1000
            #expect(seen == (0..<count).map(String.init), "\(count)")
            #expect(pages <= count / 5 + 2, "\(count): \(pages) pages")
        }
    }

    @Test("Numbered pages of a provider with a size of its own are read one after the other and prove nothing")
    func ownSize() async throws {
        var list = ListRequest(
            .get("/x"), items: "data", paging: .pageNumber(parameter: "page", first: 1, pageCount: nil))
        list.pageSizeParameter = "size"
        list.pageSizes = 5...10
        list.recordID = ["id"]
        list.totalCount = "total"
        let first = try await read(list) { _ in Self.rows(1...3, ",\"total\":5") }.page
        let second = try await read(list, cursor: first.next) { _ in Self.rows(4...5, ",\"total\":5") }
        #expect(Self.value("page", of: second.requests[0]) == "2")
        #expect(Self.ids(second.page) == ["4", "5"] && second.page.continuity == .unproven)
        let moved = try await read(list, cursor: first.next) { _ in Self.rows(5...5, ",\"total\":4") }.page
        #expect(moved.continuity == .broken)
        #expect(try await read(list, cursor: second.page.next) { _ in Self.rows([]) }.page.next == nil)
    }

    @Test("Links prove nothing unless the provider promises it, tokens do unless it does not")
    func promises() async throws {
        var links = ListRequest(.get("/x"), items: "data", paging: .nextLink(link: "next", required: true))
        let linked: JSONValue = ["at": "/x?page=2", "page": 2]
        func continuity(_ list: ListRequest) async throws -> PageContinuity {
            try await read(list, cursor: linked) { _ in Self.rows(1...2, ",\"next\":null") }.page.continuity
        }
        #expect(try await continuity(links) == .unproven)
        links.keepsPlace = true
        #expect(try await continuity(links) == .continuous)
        var tokens = ListRequest(
            .get("/x"), items: "data", paging: .token(parameter: "after", token: "next", hasMore: nil))
        let token: JSONValue = ["at": "t", "page": 2]
        #expect(try await read(tokens, cursor: token) { _ in Self.rows(1...2) }.page.continuity == .continuous)
        // A page that promises more and leads to nothing: its record may be gone.
        #expect(try await read(tokens, cursor: token) { _ in Self.rows([]) }.page.continuity == .unproven)
        tokens.keepsPlace = false
        #expect(try await read(tokens, cursor: token) { _ in Self.rows(1...2) }.page.continuity == .unproven)
    }

    @Test("When the record at which a page begins is gone, the walk continues behind an earlier one")
    func stepsBack() async throws {
        let list = ListRequest(
            .get("/x"), items: "data", paging: .lastRecord(parameter: "after", id: "id", hasMore: "more"))
        let first = try await read(list) { _ in Self.rows(1...9, ",\"more\":true") }.page
        for gone in [Set(["9"]), ["9", "8"], ["9", "8", "7", "6"]] {
            let second = try await read(list, cursor: first.next) { request in
                let after = Self.value("after", of: request) ?? ""
                if gone.contains(after) { return .json(#"{"error":"no such record"}"#, status: 404) }
                return Self.rows((Int(after) ?? 0) + 1...11, ",\"more\":false")
            }
            #expect(Set(Self.ids(second.page)).isSuperset(of: ["10", "11"]) && second.page.continuity == .continuous)
            #expect(second.requests.count <= gone.count + 1)
        }
        let error = await #expect(throws: ProviderError.self) {
            try await read(list, cursor: first.next) { _ in .json("{}", status: 400) }
        }
        #expect(error?.kind == .cursorRefused)
        // Other failures are what they are.
        for (status, kind) in [(500, ProviderError.Kind.transient), (401, .authExpired), (403, .scopeMissing([]))] {
            let error = await #expect(throws: ProviderError.self) {
                try await read(list, cursor: first.next) { _ in .json("{}", status: status) }
            }
            #expect(error?.kind == kind)
        }
        let fresh = await #expect(throws: ProviderError.self) { try await read(list) { _ in .json("{}", status: 404) } }
        #expect(fresh?.kind == .permanent)
    }

    @Test("Volatile fields stand last, are counted, and can only be rows of the whole record")
    func volatileFields() throws {
        let fields = [
            Field("url", from: "url").volatile, Field("name", from: "name"),
            Field("age", from: "age", as: .decimal).volatile,
            Field("tags", from: "tags", as: .each(.text)),
        ]
        let mapping = FieldMapping("thing", sourceID: ["id"], fields)
        let text = #"{"id":"1","url":"https://x","age":3,"tags":["a"],"name":"n"}"#
        let parsed = try mapping.map(try JSONValue.parse(Array(text.utf8)), now: now)
        let expected = #"{"id":"thing-1","sourceId":"1","name":"n","tags":["a"],"url":"https://x","age":3}"#
        #expect(String(decoding: parsed.json, as: UTF8.self) == expected)
        #expect(parsed.volatileBytes == #","url":"https://x","age":3}"#.utf8.count)
        let built: JSONValue = ["id": "1", "url": "https://x", "age": 3, "tags": ["a"], "name": "n"]
        #expect(try mapping.map(built, now: now) == parsed)
        #expect(FieldMapping("thing", sourceID: ["id"], [fields[1]]).problems.isEmpty)
        #expect(try FieldMapping("thing", sourceID: ["id"], [fields[1]]).map(built, now: now).volatileBytes == 0)
        let nested = FieldMapping("thing", sourceID: ["id"], [Field("o", from: "o", as: .object([fields[0]]))])
        #expect(nested.problems.count == 1)
    }
}
