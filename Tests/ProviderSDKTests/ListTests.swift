// Walks along lists: parameters in bodies, ends that a page tells, single items, members that records lack, links that lead away.

import ProviderSDK
import ProviderSDKTesting
import Testing

@Suite("Lists")
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

    @Test("page size and cursor can stand in a JSON body, a number staying a number")
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

    @Test("page size and cursor can stand in a form, or make a body where there is none")
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

    @Test("a page can tell that it is the last although it has a token")
    func endsByCondition() async throws {
        var list = ListRequest(
            .get("/x"), items: "data", paging: .token(parameter: "after", token: "paging.after", hasMore: nil))
        list.hasNext = .isSet("paging.next")
        let more = try await page(list, #"{"data":[],"paging":{"after":"t","next":"https://x"}}"#)
        #expect(more.page.next?["at"] == "t")
        #expect(try await page(list, #"{"data":[],"paging":{"after":"t"}}"#).page.next == nil)
    }

    @Test("a single object is a list of one; anything else is not a page")
    func readsSingleItems() async throws {
        var list = ListRequest(.get("/me"), items: "", paging: .none)
        list.isSingle = true
        #expect(try await page(list, #"{"id":1}"#).page.records.map(\.value) == [["id": 1]])
        await #expect(throws: ProviderError.self) { try await page(list, "[]") }
    }

    @Test("records get the members they lack")
    func addsMembers() async throws {
        var list = ListRequest(.get("/x"), items: "", paging: .none)
        list.additions = [NamedValue("guild_id", "{setting.guildId}")]
        let (found, _) = try await page(list, #"[{"a":1},{"guild_id":"own"}]"#, settings: ["guildId": "7"])
        #expect(found.records.map(\.value) == [["a": 1, "guild_id": "7"], ["guild_id": "7"]])
        await #expect(throws: ProviderError.self) { try await page(list, "[{}]") }
    }

    @Test("a link to another origin or with a placeholder is never followed")
    func refusesForeignLinks() async throws {
        let list = ListRequest(.get("/x"), items: "items", paging: .nextLink("next", isRequired: true))
        let own = try await page(list, #"{"items":[],"next":"https://api.example.com/x?page=2"}"#)
        #expect(try await page(list, #"{"items":[],"next":null}"#, cursor: own.page.next).page.next == nil)
        let foreign = try await page(list, #"{"items":[],"next":"https://evil.example/x"}"#)
        await #expect(throws: ProviderError.self) { try await page(list, "{}", cursor: foreign.page.next) }
        await #expect(throws: ProviderError.self) { try await page(list, #"{"items":[],"next":"/{accountId}"}"#) }
        await #expect(throws: ProviderError.self) { try await page(list, #"{"items":[],"next":7}"#) }
        await #expect(throws: ProviderError.self) { try await page(list, #"{"items":[]}"#) }
    }

    @Test(
        "exact transforms make a dead letter of what they do not know",
        arguments: [
            (Transform.exactOneOf(["a": "b"]), "\"a\"", "\"b\""), (.exactOneOf(["a": "b"]), "\"\"", "null"),
            (.exactOneOf(["a": "b"]), "null", "null"), (.exactOneOf(["a": "b"]), "\"z\"", nil),
            (.exactOneOf(["a": "b"]), "[]", nil), (.exactIndex(["x", "y"], first: 1), "2", "\"y\""),
            (.exactIndex(["x", "y"], first: 1), "null", "null"), (.exactIndex(["x", "y"], first: 1), "0", nil),
            (.exactIndex(["x", "y"], first: 1), "3", nil), (.exactIndex(["x", "y"], first: 1), "\"1\"", nil),
            (.exactIndex(["x", "y"], first: 1), "1.0", nil), (.exactIndex([], first: 0), "0", nil),
            (.bounded(0...100), "98.50", "98.50"), (.bounded(0...100), "\"5\"", "5"),
            (.bounded(0...100), "100.0", "100.0"),
            (.bounded(0...100), "100.01", nil), (.bounded(0...100), "-0.1", nil), (.bounded(0...100), "null", "null"),
            (.bounded(0...100), "true", nil), (.bounded(0...100), "1e40", nil),
        ] as [(Transform, String, String?)])
    func transformsExactly(transform: Transform, source: String, expected: String?) throws {
        let mapping = FieldMapping("x", sourceID: ["id"], [Field("f", "v", transform)])
        let value = try JSONValue.parse(Array("{\"id\":1,\"v\":\(source)}".utf8))
        guard let expected else {
            let failure = #expect(throws: MappingFailure.self) { try mapping.map(value, now: now) }
            #expect(failure?.field == "f")
            return
        }
        #expect(try JSONValue.parse(mapping.map(value, now: now).json)["f"]?.description == expected)
    }
}
