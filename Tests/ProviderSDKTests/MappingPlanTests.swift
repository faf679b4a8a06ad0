// A table maps a record in two ways: by plan, if the record was parsed, and by the general engine, if it was built by hand.
// Both must give the same bytes and the same failures for any record.

import ProviderSDK
import Testing

@Suite("Mapping plans", .timeLimit(.minutes(2)))
struct MappingPlanTests {
    let now = Timestamp(iso8601: "2024-06-01") ?? .epoch

    static let mapping = FieldMapping(
        "thing", sourceID: ["id"], dropsVendorPrefix: true,
        [
            Field("copy", from: "a"), Field("text", from: "b", as: .text), Field("upper", from: "b", as: .uppercased),
            Field("lower", from: "b", as: .lowercased),
            Field("first", from: ["a", "b", "c"], as: .text), Field("ref", from: "r", as: .reference(id: "id")),
            Field("boolean", from: "t", as: .boolean), Field("decimal", from: "n", as: .decimal),
            Field("integer", from: "n", as: .integer(-5...1_000_000)), Field("moment", from: "m", as: .epochSeconds),
            Field("amount", from: "n", as: .minorUnits(currency: "currency", .iso4217)),
            Field("nested", from: "o.inner", as: .text), Field("deep", from: "o.p.q"),
            Field("set", from: "s", as: .oneOf(["x": "ex", "ä": "umlaut", "": "empty"], other: "un\"known")),
            Field(
                "rule",
                as: .when(
                    [
                        .init(.all([.equals("s", "x"), .isSet("b")]), .text("both")),
                        .init(.any([.equals("t", true), .isOneOf("n", ["1", "true", "x"])]), .source("b", .text)),
                        .init(.not(.isSet("a")), .null), .init(.isPositive("n"), .text("positive")),
                        .init(.isOneOf("b", ["y", "z"]), .source("o.inner", .uppercased)),
                    ], other: .source("s", .oneOf(["x": "ex"], other: "other")))),
            Field("iso", from: "i", as: .iso8601), Field("list", from: "l", as: .each(.text)),
            Field("sum", from: ["a", "b"], as: .joined(" ")),
            Field("quo\"ted\n", from: "a"),
        ])

    /// `value` built by hand, so that the plan does not apply.
    static func rebuilt(_ value: JSONValue) -> JSONValue {
        if let members = value.members { return .object(members.map { ($0.key, rebuilt($0.value)) }) }
        if let elements = value.array { return .array(elements.map(rebuilt)) }
        if let text = value.string { return .string(text) }
        if let number = value.number { return .number(number) }
        return value.boolean.map(JSONValue.boolean) ?? .null
    }

    static func outcome(_ mapping: FieldMapping, _ value: JSONValue, _ now: Timestamp) -> Result<
        MappedRecord, MappingFailure
    > {
        do throws(MappingFailure) { return .success(try mapping.map(value, now: now)) } catch { return .failure(error) }
    }

    func expectSame(_ mapping: FieldMapping, _ text: String) throws {
        var limits = JSONLimits.provider
        limits.duplicateKeys = .keepLast
        let parsed = try JSONValue.parse(Array(text.utf8), limits: limits)
        let fast = Self.outcome(mapping, parsed, now)
        #expect(fast == Self.outcome(mapping, Self.rebuilt(parsed), now), "\(text)")
        if case .success(let record) = fast {
            let json = try JSONValue.parse(record.json)
            #expect(json["id"]?.string == record.id && json["sourceId"]?.string == record.sourceID)
        }
    }

    @Test("Plan and engine agree on every kind of value in every source")
    func agreesOnEveryKind() throws {
        let values = [
            "null", "true", "false", "0", "-0", "1", "-5", "-6", "1000000", "1000001", "1704067200",
            "9223372036854775807",
            "92233720368547758070", "1.50", "1e3", "1000.0", "0e5", "1e400", "17040672e2", "\"\"", "\"x\"", "\"y\"",
            "\"usd\"", "\"jPy\"", "\"ä\"", "\"kwd\"",
            "\"longer than eight\"", "\"2024-01-01\"", "[]", "[1,\"a\",null]", "{}", "{\"id\":\"i\"}", "{\"id\":5}",
            "{\"inner\":\"deep\",\"p\":{\"q\":[1]}}",
        ]
        for name in ["a", "b", "c", "r", "t", "n", "m", "o", "s", "i", "l", "currency", "id"] {
            for value in values {
                try expectSame(Self.mapping, "{\"id\":\"v_1\",\"\(name)\":\(value)}".replacingID(name))
                try expectSame(
                    Self.mapping,
                    "{\"z\":1,\"currency\":\"usd\",\"a\":\"A\",\"b\":\"y\",\"s\":\"x\",\"n\":7,\"\(name)2\":1,\"\(name)\":\(value),\"id\":\"v_1\"}"
                        .replacingID(name))
            }
        }
    }

    @Test("Plan and engine agree on random records")
    func agreesOnRandomRecords() throws {
        var state: UInt64 = 0x2545_F491_4F6C_DD1D
        func next(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
        let names = ["a", "b", "c", "r", "t", "n", "m", "o", "s", "i", "l", "currency", "unused"]
        let values = [
            "null", "true", "\"\"", "\"x\"", "\"y\"", "\"usd\"", "12", "-3", "1704067200", "{\"inner\":\"q\"}",
            "[\"a\"]",
            "{\"id\":\"r1\"}", "\"2024-02-30\"", "\"ÄÖ\"",
        ]
        for _ in 0..<3000 {
            var members = [
                "\"id\":\(["\"v_1\"", "\"plain\"", "\"_x\"", "\"v_\"", "\"a_b_c\"", "12", "-1.50e3"][next(7)])"
            ]
            for name in names where next(3) > 0 { members.append("\"\(name)\":\(values[next(values.count)])") }
            if next(2) == 0 { members.reverse() }
            try expectSame(Self.mapping, "{\(members.joined(separator: ", "))}")
        }
    }

    @Test(
        "Plan and engine agree on escaped texts",
        arguments: [
            #"{"id":"v_\u0031","b":"x"}"#, #"{"id":"v_1","b":"\u0079","s":"\u0078"}"#, #"{"id":"v_1","\u0062":"y"}"#,
            #"{"id":"v_1","b":"a\"b\\c","r":"\n","currency":"us\u0064","n":5}"#, #"{"\u0069d":"v_1","s":"x"}"#,
        ])
    func agreesOnEscapes(text: String) throws {
        let parsed = try JSONValue.parse(Array(text.utf8))
        let fast = try Self.mapping.map(parsed, now: now)
        let general = try Self.mapping.map(Self.rebuilt(parsed), now: now)
        #expect(fast.id == general.id && fast.sourceID == general.sourceID)
        #expect(try JSONValue.parse(fast.json) == JSONValue.parse(general.json))
    }

    @Test(
        "A required value that is missing or empty fails with its field name",
        arguments: ["{\"id\":\"1\"}", "{\"id\":\"1\",\"a\":\"\"}"])
    func failsAlike(text: String) throws {
        let mapping = FieldMapping(
            "x", sourceID: ["id"], [Field("f", from: "b"), Field("needed", from: "a", as: .text, isRequired: true)])
        try expectSame(mapping, text)
        let failure = #expect(throws: MappingFailure.self) {
            try mapping.map(JSONValue.parse(Array(text.utf8)), now: now)
        }
        #expect(failure?.field == "needed" && failure?.rule == "required" && failure?.sourceID == "1")
    }

    @Test("A changed table takes effect at once, also for ids of several parts")
    func followsChanges() throws {
        var mapping = Self.mapping
        mapping.fields = [Field("only", from: "a")]
        mapping.idPrefix = "o\"ther"
        try expectSame(mapping, #"{"id":"v_1","a":3}"#)
        mapping.idPrefix = "other"
        let record = try JSONValue.parse(Array(#"{"id":"v_1","a":3}"#.utf8))
        #expect(
            String(decoding: try mapping.map(record, now: now).json, as: UTF8.self)
                == #"{"id":"other-1","sourceId":"v_1","only":3}"#)
        mapping.sourceID = ["a", "id"]
        #expect(try mapping.map(record, now: now).id == "other-1")
        #expect(try mapping.map(record, now: now).sourceID == "3-v_1")
        mapping.sourceID = ["a"]
        try expectSame(mapping, #"{"id":"v_1","a":3}"#)
    }

    @Test("Plan and engine agree on records and tables with very many names")
    func agreesOnLargeTables() throws {
        let fields = (0..<150).map { Field("f\($0)", from: ValuePath("n\($0)"), as: .text) }
        let mapping = FieldMapping("x", sourceID: ["id"], fields)
        let members = (0..<400).map { "\"n\($0 / 2 * 2)\($0 % 2 == 0 ? "" : "x")\":\"\($0)\"" }
        try expectSame(mapping, "{\"id\":\"1\",\(members.joined(separator: ","))}")
    }
}

extension String {
    /// The text without the plain id where the test puts another value there.
    fileprivate func replacingID(_ name: String) -> String {
        guard name == "id" else { return self }
        return replacing("\"id\":\"v_1\",", with: "").replacing(",\"id\":\"v_1\"}", with: "}")
    }
}
