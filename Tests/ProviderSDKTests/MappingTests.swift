// The mapping engine: each transform and each kind of failure, also with malformed input.

import ProviderSDK
import ProviderSDKTesting
import Testing

@Suite("Field mapping", .timeLimit(.minutes(2)))
struct MappingTests {
    static let now = Timestamp(iso8601: "2024-06-01") ?? .epoch

    static func map(_ field: Field, _ json: String) throws -> String {
        let mapping = FieldMapping("thing", sourceID: ["id"], [field])
        let source = try JSONValue.parse(Array("{\"id\":\"x\",\(json)}".utf8))
        let mapped = try mapping.map(source, now: now)
        let value = try JSONValue.parse(mapped.json)
        return value[field.name]?.description ?? "absent"
    }

    @Test(
        "Each transform maps a fitting value, and all but constants map null to null",
        arguments: [
            (Transform.copy, "10.00", "10.00"), (.copy, #"{"b":[1]}"#, #"{"b":[1]}"#), (.text, "5", "\"5\""),
            (.text, "\"\"", "null"), (.uppercased, "\"usd\"", "\"USD\""), (.lowercased, "\"ÄB\"", "\"Äb\""),
            (.boolean, "true", "true"), (.decimal, "\"42.40\"", "42.40"), (.decimal, "362.07", "362.07"),
            (.integer(0...10), "7", "7"), (.epochSeconds, "1704067200", "\"2024-01-01T00:00:00Z\""),
            (.epoch, "1773088761261", "\"2026-03-09T20:39:21Z\""), (.epoch, "0", "null"),
            (.epochText, "\"1503435956.000247\"", "\"2017-08-22T21:05:56Z\""),
            (.iso8601, "\"2024-01-01\"", "\"2024-01-01T00:00:00Z\""),
            (.dotNetDate, "\"/Date(1539993600000+0000)/\"", "\"2018-10-20T00:00:00Z\""),
            (.oneOf(["a": "b"], other: "unknown"), "\"a\"", "\"b\""),
            (.oneOf(["a": "b"], other: "unknown"), "\"z\"", "\"unknown\""),
            (.index(["no", "yes"], first: 0, other: nil), "1", "\"yes\""),
            (.index(["no", "yes"], first: 0, other: nil), "2", "null"), (.reference(id: "id"), "\"c\"", "\"c\""),
            (.reference(id: "id"), #"{"id":"c","n":1}"#, "\"c\""), (.each(.uppercased), #"["a",null]"#, #"["A",null]"#),
            (.table([Field("n", from: "name")], where: .isSet("name")), #"[{"name":"a"},{"x":1}]"#, #"[{"n":"a"}]"#),
            (
                .snowflakeTime(epochMilliseconds: 1_420_070_400_000), "\"175928847299117063\"",
                "\"2016-04-30T11:18:25Z\""
            ),
            (.negated(if: .equals("credit", true)), "5.50", "5.50"), (.constant("x"), "1", "\"x\""),
            (.parts(separator: ","), "\"a@b.c, ,d@e.f é\"", "[\"a@b.c\",\"d@e.f é\"]"),
            (.firstPart(separator: ","), "\" a@b.c ,d@e.f\"", "\"a@b.c\""),
            (.firstPart(separator: ","), "\" , \"", "null"),
        ])
    func transforms(transform: Transform, source: String, expected: String) throws {
        #expect(try Self.map(Field("f", from: "v", as: transform), "\"v\":\(source)") == expected)
        if transform.isNullForNull {
            #expect(try Self.map(Field("f", from: "v", as: transform), "\"v\":null") == "null")
        }
    }

    @Test(
        "An empty text is null in every transform, and in a list of texts too",
        arguments: [
            Transform.copy, .text, .uppercased, .lowercased, .boolean, .decimal, .negated(if: .isSet("v")),
            .integer(0...1), .minorUnits(currency: "id", .iso4217), .epochSeconds, .epoch, .epochText, .iso8601,
            .dotNetDate, .oneOf(["a": "b"], other: "c"), .index(["a"], first: 0, other: "b"), .exactOneOf(["a": "b"]),
            .exactIndex(["a"], first: 0), .bounded(0...1), .reference(id: "id"), .each(.copy), .table([], where: nil),
            .object([]), .joined(","), .parts(separator: ","), .firstPart(separator: ","), .earliestEpoch,
            .snowflakeTime(epochMilliseconds: 0),
        ])
    func emptyTexts(transform: Transform) throws {
        #expect(try Self.map(Field("f", from: "v", as: transform), "\"v\":\"\"") == "null")
        if case .joined = transform { return }
        if case .earliestEpoch = transform { return }
        #expect(try Self.map(Field("f", from: "v", as: .each(transform)), "\"v\":[\"\"]") == "[null]")
    }

    @Test("An object whose id is an empty text refers to nothing")
    func emptyReference() throws {
        #expect(try Self.map(Field("f", from: "v", as: .reference(id: "id")), #""v":{"id":""}"#) == "null")
    }

    @Test(
        "A whole number is an integer however it is written",
        arguments: ["1e3", "1000.0", "1.000E+3", "10000e-1", "1000"])
    func wholeNumbers(text: String) throws {
        let rows: [(Transform, String)] = [
            (.integer(0...1000), "1000"), (.epochSeconds, "\"1970-01-01T00:16:40Z\""),
            (.epoch, "\"1970-01-01T00:16:40Z\""), (.index(["a"], first: 1000, other: nil), "\"a\""),
            (.minorUnits(currency: "c", .iso4217), "10.00"),
        ]
        for (transform, expected) in rows {
            let found = try Self.map(Field("f", from: "v", as: transform), "\"c\":\"usd\",\"v\":\(text)")
            #expect(found == expected)
        }
    }

    @Test("A value of the wrong kind fails with record, field and rule")
    func namesFailures() {
        let wrong: [(Transform, String)] = [
            (.uppercased, "{}"), (.boolean, "\"true\""), (.decimal, "\"x\""), (.integer(0...1), "2"),
            (.epochSeconds, "\"1\""), (.iso8601, "5"), (.each(.text), "{}"), (.table([], where: nil), "[1]"),
            (.reference(id: "id"), "{}"), (.minorUnits(currency: "c", .iso4217), "10"),
            (.minorUnits(currency: "id", .iso4217), "1.5"), (.parts(separator: ","), "5"),
            (.firstPart(separator: ","), "[]"),
        ]
        for (transform, source) in wrong {
            let failure = #expect(throws: MappingFailure.self) {
                try Self.map(Field("f", from: "v", as: transform), "\"v\":\(source)")
            }
            #expect(failure?.sourceID == "x")
            #expect(failure?.field == "f")
            #expect(failure?.rule.isEmpty == false)
        }
    }

    @Test("The first source with a value is used, and empty text is no value")
    func coalesces() throws {
        #expect(try Self.map(Field("f", from: ["a", "b"]), #""a":"","b":"x""#) == "\"x\"")
        #expect(try Self.map(Field("f", from: ["a", "b"]), #""a":null,"b":2"#) == "2")
        #expect(try Self.map(Field("f", from: ["a", "b"]), #""c":1"#) == "null")
    }

    @Test("Conditions choose a status and can test for past dates")
    func branches() throws {
        let field = Field(
            "status",
            as: .when(
                [
                    .init(.equals("balance", 0), .text("paid")),
                    .init(.all([.lessThan("balance", "total"), .isPast("due")]), .text("overdue")),
                    .init(.lessThan("balance", "total"), .text("partly")),
                ], other: .source("raw", .uppercased)))
        #expect(try Self.map(field, #""balance":0.00,"total":5"#) == "\"paid\"")
        #expect(try Self.map(field, #""balance":1,"total":5,"due":"2024-05-31""#) == "\"overdue\"")
        #expect(try Self.map(field, #""balance":1,"total":5,"due":"2024-06-02""#) == "\"partly\"")
        #expect(try Self.map(field, #""balance":5,"total":5,"raw":"open""#) == "\"OPEN\"")
    }

    @Test(
        "A date of today is not past, in any date format",
        arguments: [
            ("\"2024-05-31\"", true), ("\"2024-06-01\"", false), ("\"2024-06-02\"", false),
            ("\"/Date(1717113600000+0000)/\"", true),
            ("\"/Date(1717200000000+0000)/\"", false), ("null", false), ("\"soon\"", false),
        ])
    func comparesDays(due: String, isOver: Bool) throws {
        let noon = try #require(Timestamp(iso8601: "2024-06-01T12:00:00Z"))
        let value = try JSONValue.parse(Array("{\"due\":\(due)}".utf8))
        #expect(Condition.isBeforeToday("due").isMet(by: value, now: noon) == isOver)
    }

    @Test("A rule can join several sources")
    func joinsInRules() throws {
        let field = Field("f", as: .when([.init(.isSet("a"), .sources(["a", "b", "c"], .joined(" ")))], other: .null))
        #expect(try Self.map(field, #""a":"x","b":"","c":5"#) == "\"x 5\"")
        #expect(try Self.map(field, #""b":"x""#) == "null")
    }

    @Test("Ids keep the source id and drop a vendor prefix only if the table says so")
    func makesIDs() throws {
        let value = try JSONValue.parse(Array(#"{"id":"pi_12_3","n":5}"#.utf8))
        let dropping = FieldMapping("payment", sourceID: ["id"], dropsVendorPrefix: true, [])
        #expect(try dropping.map(value, now: Self.now).id == "payment-12_3")
        #expect(try dropping.map(value, now: Self.now).sourceID == "pi_12_3")
        #expect(try FieldMapping("x", sourceID: ["id", "n"], []).map(value, now: Self.now).id == "x-pi_12_3-5")
        #expect(throws: MappingFailure.self) { try FieldMapping("x", sourceID: ["z"], []).map(value, now: Self.now) }
    }

    @Test("A required field without a value fails")
    func requires() {
        let failure = #expect(throws: MappingFailure.self) {
            try Self.map(Field("f", from: "v", isRequired: true), "\"w\":1")
        }
        #expect(failure?.rule == "required")
    }

    @Test("Loading finds mistakes in a table")
    func checksTables() {
        let mapping = FieldMapping(
            "", sourceID: [],
            [
                Field("a", from: "x"), Field("a", from: "y"), Field("id", from: "z"), Field("b", as: .text),
                Field("c", from: "l", as: .table([Field("d", as: .copy)], where: nil)),
            ])
        #expect(mapping.problems.count == 6)
    }
}

extension Transform {
    var isNullForNull: Bool {
        switch self {
        case .constant: false
        default: true
        }
    }
}
