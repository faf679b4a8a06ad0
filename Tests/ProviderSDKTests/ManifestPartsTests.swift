// Single parts of a manifest: paths, limits with a setting, pauses, facts, links, and fields over several values.

import ProviderSDK
import Testing

@Suite("Parts of a manifest", .timeLimit(.minutes(2)))
struct ManifestPartsTests {
    let now = Timestamp(iso8601: "2024-06-01") ?? .epoch

    @Test(
        "A well-formed path is accepted",
        arguments: ["", "a", "a.b", "a[].b", "[].b", "a.0.b", "a[b=c.d].e", "['@odata.nextLink']", "a['b.c'][].d"])
    func acceptsPaths(path: String) { #expect(ValuePath(validating: path) != nil) }

    @Test(
        "A malformed path is refused",
        arguments: ["a.", ".a", "a..b", "a[", "a[b]", "a['b", "a['']", "a]b", "a[=b]", "a[]b"])
    func refusesPaths(path: String) { #expect(ValuePath(validating: path) == nil) }

    @Test("A quoted step of a path is one name")
    func readsQuotedSteps() {
        let value: JSONValue = ["@odata.nextLink": "u", "a": ["b.c": [["d": 1], ["d": 2]]]]
        #expect(value.at("['@odata.nextLink']") == "u")
        #expect(ValuePath("a['b.c'][].d").all(in: value) == [1, 2])
    }

    @Test(
        "An account id has the form that its provider declares",
        arguments: [
            (
                AccountIDForm(), ["a", "a b", "Grün", String(repeating: "a", count: 255)],
                ["", " a", "a\u{A0}", "a\tb", "a\u{9B}"]
            ),
            (AccountIDForm(.visibleASCII, bytesMax: 3), ["a/b"], ["a b", "abcd", "ü"]),
            (AccountIDForm(.lettersAndDigits(and: "_")), ["acct_1"], ["acct-1", "acct_1\n"]),
            (AccountIDForm(.digits), ["0123"], ["12a", "-1", "١"]),
        ])
    func accountIDs(form: AccountIDForm, good: [String], bad: [String]) {
        for id in good { #expect(form.refusal(of: id) == nil, "\(id)") }
        for id in bad + [String(repeating: "1", count: 256)] { #expect(form.refusal(of: id) != nil, "\(id)") }
    }

    @Test("A rate limit declares its setting with range, default and description")
    func declaresSettings() {
        let manifest = ProviderManifest(id: "x", name: "X") { manifest in
            manifest.settings = [ProviderSetting("token", "A token.", isSecret: true)]
            manifest.rateLimits = ["a", "b"].map { name in
                RateLimit(
                    50, per: .seconds(60), scope: .account, name: name, setting: ProviderSetting("perMinute", "Calls."))
            }
        }
        #expect(manifest.problems == [])
        #expect(manifest.operatorSettings.map(\.key) == ["token", "perMinute"])
        #expect(manifest.operatorSettings.last.map(manifest.kind) == .integer(1...1_000_000))
        #expect(manifest.settings(with: [:]) == ["perMinute": "50"])
        #expect(manifest.rateLimits.map { $0.requests(in: ["perMinute": "7"]) } == [7, 7])
    }

    @Test(
        "A pause is read in each format",
        arguments: [
            (.seconds, "1.5", .milliseconds(1500)), (.seconds, "-1", nil), (.seconds, "1e9", nil),
            (.epochSeconds, "1717200060", .seconds(60)), (.epochSeconds, "1", .zero),
            (.epochMilliseconds, "1717200000500", .milliseconds(500)), (.iso8601, "2024-06-01T00:00:05Z", .seconds(5)),
            (.httpDate, "Sat, 01 Jun 2024 00:00:09 GMT", .seconds(9)), (.httpDate, "soon", nil),
        ] as [(ResetFormat, String, Duration?)])
    func readsPauses(format: ResetFormat, text: String, pause: Duration?) {
        #expect(format.pause(in: text, now: now) == pause)
    }

    @Test("Facts need a day, https sources, and places with a note")
    func checksFacts() {
        func problems(_ facts: ProviderFacts) -> Int {
            ProviderManifest(id: "x", name: "X") { $0.facts = facts }.problems.count
        }
        #expect(
            problems(
                ProviderFacts(
                    verified: .live, date: "2024-02-29", sources: ["https://a.example"],
                    unverified: [UnverifiedFact("/endpoints/api", "The path.")])) == 0)
        #expect(
            problems(
                ProviderFacts(
                    verified: .standIn, date: "2024-02", sources: ["http://a.example"],
                    unverified: [UnverifiedFact("endpoints", "x"), UnverifiedFact("/api", "")])) == 4)
    }

    @Test("A paging parameter is read from the link, which is not followed")
    func takesParameters() throws {
        let list = ListRequest(
            .get("/x", [NamedValue("q", "1")]), items: "items",
            paging: .nextLink(link: "next", required: false, parameter: "page_info"))
        let answer: JSONValue = ["items": [1], "next": "https://b.example/y?limit=5&page%5Finfo=a%2Bb+c#top"]
        let page = try list.page(answer, at: nil, now: now)
        #expect(page.next?["at"] == "a+b c")
        let request = try list.request(at: page.next, since: nil)
        #expect(request.path == "/x" && request.query == [NamedValue("q", "1"), NamedValue("page_info", "a+b c")])
        #expect(throws: ProviderError.self) { try list.page(["items": [1], "next": "/y?x=1"], at: nil, now: now) }
        #expect(try list.page(["items": [1]], at: nil, now: now).next == nil)
    }

    @Test("A moment is written into a text in the body")
    func writesMoments() throws {
        var list = ListRequest(.post("/x", .json(["a": 1])), items: "", paging: .none)
        list.since = MomentParameter(in: .body, name: "q", format: .iso8601, text: "updated >= '{since}'")
        guard case .json(let body) = try list.request(at: nil, since: now).body else { return }
        #expect(body == ["a": 1, "q": "updated >= '2024-06-01T00:00:00Z'"])
    }

    @Test(
        "A range condition accepts the numbers within its range",
        arguments: [("200", true), (200, true), (299, true), (300, false), ("x", false)] as [(JSONValue, Bool)])
    func comparesRanges(value: JSONValue, isWithin: Bool) {
        #expect(Condition.within("n", 200...299).isMet(by: ["n": value], now: now) == isWithin)
    }

    struct Rows: Provider {
        let manifest: ProviderManifest

        init(_ field: Field) {
            manifest = ProviderManifest(id: "x", name: "X") { manifest in
                manifest.description = "x"
                manifest.category = "x"
                manifest.dataTypes = [DataType("d", mapping: FieldMapping("d", sourceID: ["id"], [field]))]
            }
        }
    }

    @Test(
        "A path to several values is reported where a field takes one value",
        arguments: [
            (Field("f", from: "a[].b", as: .text), 1), (Field("f", from: "a[].b", as: .earliestEpoch), 0),
            (Field("f", from: "a", as: .each(.text)), 0), (Field("f", from: "a[]", as: .each(.text)), 1),
            (Field("f", from: ["a[].b", "c[].d"], as: .joined(" ")), 2),
            (Field("f", as: .when([.init(.isSet("a[].b"), .source("c[]", .text))], other: .null)), 2),
            (Field("f", from: "a", as: .table([Field("g", from: "b[].c")], where: nil)), 1),
            (Field("f", from: "a[x=y].b", as: .text), 0),
        ] as [(Field, Int)])
    func findsPluralPaths(field: Field, count: Int) {
        let provider = Rows(field)
        #expect(provider.manifest.problems == [])
        let problems = ProviderConformance(provider).problems()
        #expect(problems.count == count && problems.allSatisfy { $0.contains("leads to several") })
    }
}
