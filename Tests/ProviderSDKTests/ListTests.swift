// Reading lists: parameters in bodies, the last page, single items, added members, and links to other origins.

import ProviderSDK
import ProviderSDKTesting
import Testing

@Suite("Lists", .timeLimit(.minutes(2)))
struct ListTests {
    let now = Timestamp(iso8601: "2024-06-01") ?? .epoch

    func page(
        _ list: ListRequest, _ body: String, cursor: JSONValue? = nil, settings: [String: String] = [:]
    ) async throws -> (page: SyncPage, request: ProviderRequest) {
        let manifest = ProviderManifest(id: "x", name: "X") { $0.endpoints = ["api": "https://api.example.com"] }
        let http = ScriptedHTTP(manifest, now: now) { _ in .json(body) }
        let page = try await list.page(at: cursor, in: .testing(http, settings: settings, now: now))
        return (page, try #require(http.requests.last))
    }

    @Test("Page size and cursor are sent in a JSON body, and a number stays a number")
    func putsParametersIntoJSON() async throws {
        var list = ListRequest(
            .post("/x", .json(["kind": "a"])), items: "data.items",
            paging: .token(parameter: "cursor", token: "data.cursor", hasMore: "data.more"))
        list.pageSizeParameter = "max"
        list.pageSize = 20
        list.parameterPlace = .body
        let first = try await page(list, #"{"data":{"items":[{}],"cursor":1643332803000,"more":true}}"#)
        let second = try await page(list, #"{"data":{"items":[],"cursor":0,"more":false}}"#, cursor: first.page.next)
        #expect(second.page.next == nil)
        #expect(second.request.query.isEmpty)
        guard case .json(let body) = second.request.body else { return #expect(Bool(false), "no JSON") as Void }
        #expect(body.description == #"{"kind":"a","max":20,"cursor":1643332803000}"#)
    }

    @Test("Page size and cursor are sent in a form, or in a new JSON body")
    func putsParametersIntoForms() async throws {
        var list = ListRequest(
            .post("/x", .form([NamedValue("a", "b")])), items: "items",
            paging: .pageNumber(parameter: "page", first: 1, pageCount: nil))
        list.parameterPlace = .body
        guard case .form(let fields) = try await page(list, #"{"items":[]}"#).request.body else {
            return #expect(Bool(false), "no form") as Void
        }
        #expect(fields == [NamedValue("a", "b"), NamedValue("page", "1")])
        list.request = ProviderRequest(.post, "/x")
        guard case .json(let body) = try await page(list, #"{"items":[]}"#).request.body else {
            return #expect(Bool(false), "no JSON") as Void
        }
        #expect(body.description == #"{"page":1}"#)
    }

    @Test("A condition ends the list although the page has a token")
    func endsByCondition() async throws {
        var list = ListRequest(
            .get("/x"), items: "data", paging: .token(parameter: "after", token: "paging.after", hasMore: nil))
        list.nextWhen = .isSet("paging.next")
        let more = try await page(list, #"{"data":[],"paging":{"after":"t","next":"https://x"}}"#)
        #expect(more.page.next?["at"] == "t")
        #expect(try await page(list, #"{"data":[],"paging":{"after":"t"}}"#).page.next == nil)
    }

    @Test(
        "A page that promises another without its cursor is a transient failure",
        arguments: [
            (.lastRecord(parameter: "after", id: "id", hasMore: "more"), #"{"data":[],"more":true}"#),
            (.lastRecord(parameter: "after", id: "id", hasMore: "more"), #"{"data":[{"id":"a"}]}"#),
            (.lastRecord(parameter: "after", id: "id", hasMore: "more"), #"{"data":[],"more":null}"#),
            (.token(parameter: "at", token: "next", hasMore: "more"), #"{"data":[{}],"more":true}"#),
            (.token(parameter: "at", token: "next", hasMore: "more"), #"{"data":[{}],"more":true,"next":""}"#),
            (.token(parameter: "at", token: "next", hasMore: nil), #"{"data":[{}],"next":{"a":1}}"#),
            (.pageNumber(parameter: "page", first: 1, pageCount: "pages"), #"{"data":[],"pages":3}"#),
        ] as [(Paging, String)])
    func refusesContradictions(paging: Paging, body: String) async throws {
        let list = ListRequest(.get("/x"), items: "data", paging: paging)
        let error = await #expect(throws: ProviderError.self) { try await page(list, body) }
        #expect(error?.kind == .transient)
    }

    @Test("A condition that promises another page without its token is a transient failure")
    func holdsToItsCondition() async throws {
        var list = ListRequest(
            .get("/x"), items: "data", paging: .token(parameter: "after", token: "paging.after", hasMore: nil))
        list.nextWhen = .isSet("paging.next")
        let error = await #expect(throws: ProviderError.self) {
            try await page(list, #"{"data":[],"paging":{"next":"https://x"}}"#)
        }
        #expect(error?.kind == .transient)
    }

    @Test(
        "A list ends where the page says so",
        arguments: [
            (.lastRecord(parameter: "after", id: "id", hasMore: "more"), #"{"data":[],"more":false}"#),
            (.lastRecord(parameter: "after", id: "id", hasMore: nil), #"{"data":[]}"#),
            (.token(parameter: "at", token: "next", hasMore: "more"), #"{"data":[],"more":false,"next":"x"}"#),
            (.token(parameter: "at", token: "next", hasMore: "more"), #"{"data":[]}"#),
            (.token(parameter: "at", token: "next", hasMore: nil), #"{"data":[],"next":null}"#),
            (.pageNumber(parameter: "page", first: 1, pageCount: "pages"), #"{"data":[],"pages":0}"#),
            (.pageNumber(parameter: "page", first: 1, pageCount: "pages"), #"{"data":[],"pages":1}"#),
        ] as [(Paging, String)])
    func ends(paging: Paging, body: String) async throws {
        let list = ListRequest(.get("/x"), items: "data", paging: paging)
        #expect(try await page(list, body).page.next == nil)
    }

    @Test("A 304 answer to a full read is a transient failure")
    func refusesNotModified() async throws {
        let manifest = ProviderManifest(id: "x", name: "X") { $0.endpoints = ["api": "https://api.example.com"] }
        let http = ScriptedHTTP(manifest, now: now) { _ in .json("", status: 304) }
        var list = ListRequest(.get("/x"), items: "data", paging: .none)
        list.since = MomentParameter(in: .header, name: "If-Modified-Since", format: .iso8601)
        let context = ProviderContext.testing(http, now: now)
        #expect(try await list.page(at: nil, since: now, in: context).records.isEmpty)
        let error = await #expect(throws: ProviderError.self) { try await list.page(at: nil, in: context) }
        #expect(error?.kind == .transient)
    }

    @Test("A list whose cursors form a circle fails instead of looping")
    func endsCircles() async throws {
        let list = ListRequest(
            .get("/x"), items: "data", paging: .token(parameter: "at", token: "next", hasMore: nil))
        for (lead, length) in [(0, 1), (1, 1), (0, 2), (3, 2), (5, 3), (0, 7), (20, 13)] {
            var cursor: JSONValue?
            var pages = 0
            var error: ProviderError?
            while error == nil, pages < 200 {
                let number = Int(cursor?["at"]?.integer ?? 0)
                let next = number < lead + length - 1 ? number + 1 : max(lead, 1)
                do throws(ProviderError) {
                    cursor = try list.page(["data": [], "next": .number(JSONNumber(next))], at: cursor, now: now).next
                } catch let found { error = found }
                pages += 1
            }
            #expect(error?.kind == .permanent, "\(lead) \(length)")
            #expect(pages <= 4 * (lead + length) + 4, "\(lead) \(length): \(pages)")
        }
    }

    @Test("An item without a record is kept, so that it can be reported")
    func keepsItemsWithoutRecords() async throws {
        var list = ListRequest(.get("/x"), items: "data", paging: .none)
        list.record = "record"
        let (found, _) = try await page(list, #"{"data":[{"record":{"id":1}},{"kind":"t"},7]}"#)
        #expect(found.records.map(\.value) == [["id": 1], ["kind": "t"], 7])
    }

    @Test("A single object is a list of one; other values are not a page")
    func readsSingleItems() async throws {
        var list = ListRequest(.get("/me"), items: "", paging: .none)
        list.isSingle = true
        #expect(try await page(list, #"{"id":1}"#).page.records.map(\.value) == [["id": 1]])
        await #expect(throws: ProviderError.self) { try await page(list, "[]") }
    }

    @Test("Additions set their members on every record")
    func addsMembers() async throws {
        var list = ListRequest(.get("/x"), items: "", paging: .none)
        list.additions = [NamedValue("guild_id", "{setting.guildId}")]
        let (found, _) = try await page(list, #"[{"a":1},{"guild_id":"own"}]"#, settings: ["guildId": "7"])
        #expect(found.records.map(\.value) == [["a": 1, "guild_id": "7"], ["guild_id": "7"]])
        await #expect(throws: ProviderError.self) { try await page(list, "[{}]") }
    }

    @Test("A link to another origin or with a placeholder is not followed")
    func refusesForeignLinks() async throws {
        let list = ListRequest(.get("/x"), items: "items", paging: .nextLink(link: "next", required: true))
        let own = try await page(list, #"{"items":[],"next":"https://api.example.com/x?page=2"}"#)
        #expect(try await page(list, #"{"items":[],"next":null}"#, cursor: own.page.next).page.next == nil)
        let foreign = try await page(list, #"{"items":[],"next":"https://evil.example/x"}"#)
        await #expect(throws: ProviderError.self) { try await page(list, "{}", cursor: foreign.page.next) }
        await #expect(throws: ProviderError.self) { try await page(list, #"{"items":[],"next":"/{accountId}"}"#) }
        await #expect(throws: ProviderError.self) { try await page(list, #"{"items":[],"next":7}"#) }
        await #expect(throws: ProviderError.self) { try await page(list, #"{"items":[]}"#) }
    }

    @Test(
        "Exact transforms fail on values that they do not know",
        arguments: [
            (Transform.exactOneOf(["a": "b"]), "\"a\"", "\"b\""), (.exactOneOf(["a": "b"]), "\"\"", "null"),
            (.exactOneOf(["a": "b"]), "null", "null"), (.exactOneOf(["a": "b"]), "\"z\"", nil),
            (.exactOneOf(["a": "b"]), "[]", nil), (.exactIndex(["x", "y"], first: 1), "2", "\"y\""),
            (.exactIndex(["x", "y"], first: 1), "null", "null"), (.exactIndex(["x", "y"], first: 1), "0", nil),
            (.exactIndex(["x", "y"], first: 1), "3", nil), (.exactIndex(["x", "y"], first: 1), "\"1\"", nil),
            (.exactIndex(["x", "y"], first: 1), "1.0", "\"x\""), (.exactIndex(["x", "y"], first: 1), "1.5", nil),
            (.exactIndex([], first: 0), "0", nil),
            (.bounded(0...100), "98.50", "98.50"), (.bounded(0...100), "\"5\"", "5"),
            (.bounded(0...100), "100.0", "100.0"),
            (.bounded(0...100), "100.01", nil), (.bounded(0...100), "-0.1", nil), (.bounded(0...100), "null", "null"),
            (.bounded(0...100), "true", nil), (.bounded(0...100), "1e40", nil),
        ] as [(Transform, String, String?)])
    func transformsExactly(transform: Transform, source: String, expected: String?) throws {
        let mapping = FieldMapping("x", sourceID: ["id"], [Field("f", from: "v", as: transform)])
        let value = try JSONValue.parse(Array("{\"id\":1,\"v\":\(source)}".utf8))
        guard let expected else {
            let failure = #expect(throws: MappingFailure.self) { try mapping.map(value, now: now) }
            #expect(failure?.field == "f")
            return
        }
        #expect(try JSONValue.parse(mapping.map(value, now: now).json)["f"]?.description == expected)
    }
}
