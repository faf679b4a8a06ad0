// Pages of records of which a part cannot be read: that part is one record's affair. Also what no page may cost.

import ProviderSDK
import Testing

@Suite("Pages of records", .timeLimit(.minutes(2)))
struct PageTests {
    static let mapping = FieldMapping("thing", sourceID: ["id"], [Field("name", from: "name"), Field("n", from: "n")])

    static func page(_ text: String) throws(ProviderError) -> JSONValue { try page(Array(text.utf8)) }

    static func page(_ bytes: [UInt8]) throws(ProviderError) -> JSONValue {
        try ProviderResponse(status: 200, body: bytes).json(recordsAt: "data")
    }

    /// A record between two good ones, and what its failure says.
    struct Bad: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let record: [UInt8]
        let says: String
        let id: String?

        init(_ record: String, _ says: String, id: String? = "b") {
            self.init(Array(record.utf8), says, id: id, name: String(record.prefix(60)))
        }

        init(_ record: [UInt8], _ says: String, id: String?, name: String) {
            testDescription = name
            self.record = record
            self.says = says
            self.id = id
        }
    }

    static let bad: [Bad] = [
        Bad(#"{"id":"b","name":"cut \ud83d"}"#, "name: a text that is not valid"),
        Bad(#"{"id":"b","name":"\udc00x"}"#, "name: a text that is not valid"),
        Bad(#"{"id":"b","name":"\udc00\ud83d"}"#, "name: a text that is not valid"),
        Bad(#"{"id":"b","name":"\x41 \" } ] \\"}"#, "name: a text that is not valid"),
        Bad("{\"id\":\"b\",\"name\":\"a\u{1}b\"}", "name: a text that is not valid"),
        Bad(
            Array("{\"id\":\"b\",\"name\":\"caf".utf8) + [0xE9] + Array("\"}".utf8), "name: a text that is not valid",
            id: "b", name: "Latin-1 in a text"),
        Bad(
            Array("{\"id\":\"b\",\"".utf8) + [0xFF] + Array("\":1}".utf8), "a text that is not valid", id: "b",
            name: "a byte in a name that no text has"),
        Bad(#"{"id":"b","name":"x","name":"y"}"#, "name: a member name appears twice"),
        Bad(#"{"id":"b","m":[0,{"a":1,"\u0061":2}]}"#, "m.1.a: a member name appears twice"),
        Bad(#"{"id":"b","m":{"a@b.c":{"x":NaN}}}"#, "m.….x: a word"),
        Bad(#"{"id":"b","id":"c"}"#, "id: a member name appears twice", id: nil),
        Bad(#"{"id":"\ud83d"}"#, "id: a text that is not valid", id: nil),
        Bad(#"{"id":"b","n":"# + String(repeating: "9", count: 300) + "}", "n: a number with more than 256"),
        Bad(
            #"{"id":"b","m":"# + String(repeating: #"{"a":["]\"",["#, count: 70) + "1"
                + String(repeating: "]]}", count: 70) + "}", "the nesting is deeper than 128"),
        Bad(#"{"id":"b","n":NaN}"#, "n: a word that is no JSON value"),
        Bad(#"{"id":"b","n":-Infinity,"m":007,"k":True}"#, "n: a word that is no JSON value"),
        Bad("nope", "a word that is no JSON value", id: nil),
    ]

    @Test("A record that cannot be read fails with the place and its id, and the others are mapped", arguments: bad)
    func oneBadRecord(bad: Bad) throws {
        let bytes =
            Array(#"{"more":false,"data":[{"id":"a","name":"x"},"#.utf8) + bad.record
            + Array(#",{"id":"c","name":"z"}],"end":[1]}"#.utf8)
        let page = try Self.page(bytes)
        let records = try #require(page["data"]?.array)
        #expect(records.count == 3 && page["end"]?.count == 1 && page["more"]?.boolean == false)
        for index in [0, 2] {
            let mapped = try Self.mapping.map(records[index], now: .epoch)
            #expect(mapped.sourceID == (index == 0 ? "a" : "c") && records[index].damage == nil)
        }
        // The value as it was parsed, and as a plugin rebuilds it from its members.
        let rebuilt = records[1].members.map { JSONValue.object($0 + [("more", 1)]) } ?? records[1]
        for record in [records[1], rebuilt] {
            let failure = #expect(throws: MappingFailure.self) { try Self.mapping.map(record, now: .epoch) }
            #expect(failure?.rule == "json" && failure?.sourceID == bad.id)
        }
        #expect(records[1].damage?.description.contains(bad.says) == true, "\(records[1].damage?.description ?? "")")
        // What is written of it is JSON, but for names that appear twice.
        var limits = JSONLimits()
        limits.duplicateKeys = .keepLast
        #expect(throws: Never.self) { try JSONValue.parse(records[1].serialized, limits: limits) }
    }

    @Test(
        "A fault outside the records refuses the page, and every other body refuses all faults",
        arguments: [
            #"{"data":[],"next":"\ud83d"}"#, #"{"data":[],"data":[{}]}"#, #"{"data":[{}],"n":NaN}"#, "nope", "[[]",
            #"{"data":[{"id":"a"}"#, #"{"data":[{"id":}]}"#, #"{"data":[{"id":"a]}"#, #"{"data":[1 2]}"#,
        ])
    func faultsOutside(body: String) {
        let error = #expect(throws: ProviderError.self) { try Self.page(body) }
        #expect(error?.kind == .transient)
        #expect(throws: JSONError.self) { try JSONValue.parse(Array(body.utf8), limits: .request) }
        #expect(throws: JSONError.self) { try JSONValue.parse(Array(body.utf8)) }
    }

    @Test("The parser for requests refuses what one record of a page may hold", arguments: bad)
    func requestsStayStrict(bad: Bad) {
        #expect(throws: JSONError.self) { try JSONValue.parse(bad.record, limits: .request) }
    }

    /// 15 MiB that repeat `part` between `start` and `end`.
    static func large(_ start: String, _ part: String, _ end: String) -> [UInt8] {
        Array((start + String(repeating: part, count: (15 << 20) / part.utf8.count) + end).utf8)
    }

    @Test(
        "A page of tiny values is refused for good before it is read to its end",
        arguments: [
            (#"{"data":["#, "1,", "1]}"), (#"{"data":["#, "{},", "{}]}"), (#"{"data":[{"id":[["#, "1,", "1]]}]}"),
            (#"{"data":["#, "[0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0],", "0]}"),
        ])
    func tinyValues(start: String, part: String, end: String) {
        let error = #expect(throws: ProviderError.self) { try Self.page(Self.large(start, part, end)) }
        #expect(error?.kind == .permanent)
    }

    @Test("Brackets without end are refused, and those that close are one record that cannot be read")
    func brackets() throws {
        #expect(throws: ProviderError.self) { try Self.page(Self.large(#"{"data":["#, "[", "")) }
        let deep = String(repeating: "[", count: 1_000_000) + String(repeating: "]", count: 1_000_000)
        let records = try #require(try Self.page(#"{"data":[{"id":"a"},\#(deep)]}"#)["data"]?.array)
        #expect(records.count == 2 && records[0].damage == nil && records[1].damage?.isTooDeep == true)
    }

    @Test("A condition on what cannot be read keeps the item, so that it is not lost without a word")
    func conditions() throws {
        var list = ListRequest(.get("/x"), items: "data", paging: .none)
        list.where = .equals("type", "a")
        let answer = try Self.page(#"{"data":[{"type":"a"},{"type":"b"},{"type":"\ud83d"},{"type":"b","n":NaN}]}"#)
        let page = try list.page(answer, at: nil, now: .epoch)
        #expect(page.records.map { $0.value.damage != nil } == [false, true])
    }
}
