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

    @Test("As many places of a page that cannot be read as may be are noted, and one more refuses the page")
    func faults() throws {
        for excess in [0, 1] {
            // Arrays are bounded as well, so each record has a part of them.
            let texts = Array(repeating: #""\ud800""#, count: 1000).joined(separator: ",")
            var records = Array(repeating: #"{"id":"a","m":[\#(texts)]}"#, count: 100)
            if excess == 1 { records.append(#"{"id":"a","m":"\ud800"}"#) }
            let page = try? Self.page(#"{"data":[\#(records.joined(separator: ","))]}"#)
            #expect(page?["data"]?.array?.count == (excess == 0 ? records.count : nil))
        }
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
        Bad(#"{"id":"b","n":1.5.3}"#, "n: characters that cannot stand here"),
        Bad(#"{"id":"b","n":.5,"m":+1,"o":0x1F,"p":1e}"#, "n: a word"),
        Bad(#"{"id":"b","n":}"#, "n: a value or a member is missing"),
        Bad(#"{"n":,"id":"b"}"#, "n: a value or a member is missing"),
        Bad(#"{"id":"b","n" 1,"name":"x"}"#, "n: a member without a colon"),
        Bad(#"{"id":"b","n"}"#, "n: a member without a colon"),
        Bad(#"{"id":"b","name"="x, y"}"#, "name: a member without a colon"),
        Bad(#"{"id":"b",}"#, "a value or a member is missing"),
        Bad(#"{,"id":"b",,"name":"x"}"#, "a value or a member is missing"),
        Bad(#"{"id":"b","m":[1,2,],"name":"x"}"#, "m.2: a value or a member is missing"),
        Bad(#"{"id":"b","m":[1 2,{"a":3}{"a":4}],"name":"x"}"#, "m: characters that cannot stand here"),
        Bad(#"{"id":"b",name:"x"}"#, "a member name that is no JSON text"),
        Bad(#"{"name":unquoted words, with more,"id":"b"}"#, "name: characters that cannot stand here"),
        Bad(#"{"id":"b","name":'it, [is'}"#, "name: a word"),
        Bad(#"{'id':'b','name':'}],'}"#, "a member name that is no JSON text", id: nil),
        Bad(#"{"id":"b","name":"he said "{sure}" twice"}"#, "name: characters that cannot stand here"),
        Bad(#"{"id":"b","name":"he said "yes, sure" twice"}"#, "name: characters that cannot stand here"),
        Bad(#"{"id":"b","m":[1,{"x":[2}],"name":"x"}"#, "m.1.x: the end is missing"),
        Bad(#"{"id":"b","m":[1}"#, "m: the end is missing"),
        Bad(#"{"id":"b","m":{"a":1 "c":2},"name":"x" "y"}"#, "m.a: characters that cannot stand here"),
        Bad(#"{"id":"b"/* why */,"name":"x"}"#, "id: characters that cannot stand here", id: nil),
        Bad(#"{"id":"b","n":NaN,"m":Infinity,"o":-Infinity,"p":undefined}"#, "n: a word"),
        Bad(#"{"id":"b"}x"#, "characters that cannot stand here", id: nil),
        Bad("", "a value or a member is missing", id: nil),
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
            #"{"data":[{"id":"a"}"#, #"{"data":[{"id":"a]}"#, #"{"data":[1 2]}"#,
            // What belongs to the record cannot be found, or a record around it may be lost.
            #"{"data":[{"id":"a"}{"id":"b"}]}"#, #"{"data":[{"id":"a"}}]}"#,
            #"{"data":[{"id":"a","n":1,{"id":"b"}]}"#, #"{"data":[{"id":"a","n" {"id":"b"}]}"#,
            #"{"data":[{"id":"a","n":},{"id":"b"]},"more":false"#, #"{"data":[{"id":"a"}}"#,
            #"{"data":[{"id":"a","name":"x},{"id":"b","name":"y"},{"id":"c","name":"z},{"id":"d"}]}"#,
            #"{"data":[{"id":"a","name":x"},{"id":"b","name":"y"},{"id":"c","name":z"},{"id":"d"}]}"#,
            #"{"data":[{"id":"a","name:"x"},{"id":"b"},{"id":"c","name:"y"},{"id":"d"}]}"#,
            #"{"data":[{"id":"a"}],"more":false,}"#, #"{"data":[{"id":"a"}],more:false}"#,
            #"{"data":[{"id":"a"}] "more":false}"#,
        ])
    func faultsOutside(body: String) {
        let error = #expect(throws: ProviderError.self) { try Self.page(body) }
        #expect(error?.kind == .transient)
        #expect(throws: JSONError.self) { try JSONValue.parse(Array(body.utf8), limits: .request) }
        #expect(throws: JSONError.self) { try JSONValue.parse(Array(body.utf8)) }
    }

    @Test(
        "A list's last record without its end is one record that cannot be read",
        arguments: [
            #"{"id":"b""#, #"{"id":"b","n":"#, #"{"id":"b","n":1,"#, #"{"id":"b","name""#, #"{"id":"b","m":{"x":1"#,
            #"{"id":"b","m":[1,2],"n""#, "{",
        ])
    func lastRecordCut(record: String) throws {
        let page = try Self.page(#"{"data":[{"id":"a","name":"x"},\#(record)],"more":false}"#)
        let records = try #require(page["data"]?.array)
        #expect(records.count == 2 && page["more"]?.boolean == false && records[0].damage == nil)
        #expect(records[1].damage?.description.contains("the end is missing") == true)
        // It is not known whether all of it is the record's: no id.
        let failure = #expect(throws: MappingFailure.self) { try Self.mapping.map(records[1], now: .epoch) }
        #expect(failure?.sourceID == nil)
    }

    /// One byte more, less or other at every place of `record`.
    static func edits(of record: [UInt8]) -> [[UInt8]] {
        var edits: [[UInt8]] = []
        for at in record.indices {
            var less = record
            less.remove(at: at)
            edits.append(less)
            for byte in Array(#"{}[]",:'\x1 "#.utf8) {
                var (other, more) = (record, record)
                other[at] = byte
                more.insert(byte, at: at)
                // Before its first byte is outside of the record.
                edits += at == 0 ? [other] : [other, more]
            }
        }
        return edits
    }

    @Test(
        "One wrong byte in a record leaves all others as they are, or has the page refused",
        arguments: [
            #"{"id":"b","name":"x","m":[1,{"a":"y"}],"n":2.5}"#, #"{ "m": {"u": []}, "id": 7, "name": "say \"hi\"" }"#,
        ])
    func oneWrongByte(record: String) throws {
        let others = [
            #"{"id":"a","name":"x"}"#, #"{"id":"c","name":"}{","m":[{"k":"]"}]}"#, #"{"id":"d","m":{"z":[2,3]}}"#,
        ]
        let whole = try others.map { try JSONValue.parse(Array($0.utf8)) }
        for place in 0...3 {
            var (read, refused) = (0, 0)
            for edit in Self.edits(of: Array(record.utf8)) {
                var records = others.map { Array($0.utf8) }
                records.insert(edit, at: place)
                let text = Array(#"{"data":["#.utf8) + records.joined(separator: [44]) + Array(#"],"more":false}"#.utf8)
                guard let page = try? Self.page(text), let found = page["data"]?.array else {
                    refused += 1
                    continue
                }
                read += 1
                var rest = found
                if rest.count == 4 { rest.remove(at: place) }
                let shown = String(decoding: text, as: UTF8.self)
                #expect(rest == whole && rest.allSatisfy { $0.damage == nil } && page["more"] == false, "\(shown)")
            }
            // Bytes in texts, in numbers and between values break no brackets.
            #expect(read > refused)
        }
    }

    @Test("Damage in every place and of every kind costs no more than the page's length")
    func damageIsLinear() throws {
        let nested =
            String(repeating: "[", count: 120) + String(repeating: "x,", count: 40_000) + "1"
            + String(repeating: "]x", count: 119) + "]"
        let clock = ContinuousClock()
        let spent = try clock.measure {
            _ = try Self.page(#"{"data":[{"id":"a","m":\#(nested)}]}"#)
            #expect(throws: ProviderError.self) {
                try Self.page(Self.large(#"{"data":[{"id":"a","m":["#, "x [1],", "1]}]}"))
            }
            #expect(throws: ProviderError.self) { try Self.page(Self.large(#"{"data":[{"id":"a","m":1"#, " ", "")) }
        }
        #expect(spent < .seconds(20))
    }

    @Test("The parser for requests refuses what one record of a page may hold", arguments: bad)
    func requestsStayStrict(bad: Bad) {
        #expect(throws: JSONError.self) { try JSONValue.parse(bad.record, limits: .request) }
        #expect(throws: JSONError.self) { try JSONValue.parse(bad.record) }
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
