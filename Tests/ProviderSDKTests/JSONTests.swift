// The JSON parser against tables and the project's own vectors, and against JSONTestSuite if the environment names its folder.

import Foundation
import ProviderSDK
import TestSupport
import Testing

@Suite("JSON", .timeLimit(.minutes(2)))
struct JSONTests {
    static func parse(_ text: String, _ limits: JSONLimits = .provider) throws(JSONError) -> JSONValue {
        try JSONValue.parse(Array(text.utf8), limits: limits)
    }

    @Test(
        "Accepts what RFC 8259 allows and writes it back in compact form",
        arguments: [
            (" [ 1 , 2 ] ", "[1,2]"), ("{\"a\" : null}", "{\"a\":null}"), ("10.00", "10.00"), ("-0", "-0"),
            ("\"\\u00e9\\n\\/\"", "\"\\u00e9\\n\\/\""), ("1e400", "1e400"), ("\"\u{1F600}\"", "\"\u{1F600}\""),
            ("12345678901234567890", "12345678901234567890"), ("\"\\uD83D\\uDE00\"", "\"\\uD83D\\uDE00\""),
        ])
    func accepts(text: String, written: String) throws {
        #expect(try Self.parse(text).description == written)
    }

    @Test(
        "Refuses other texts and reports the line and column",
        arguments: [
            ("", 1, 1), ("[1,]", 1, 4), ("{\"a\":1,}", 1, 8), ("\u{FEFF}1", 1, 1), ("01", 1, 1), ("[+5]", 1, 2),
            ("\n\n  nul", 3, 6), ("\"\t\"", 1, 2), ("\"\\uD800\"", 1, 2), ("\"\\uD800\\u0041\"", 1, 2), ("1 2", 1, 3),
            ("{\"a\":1,\"a\":2}", 1, 8), ("{\"a\":1,\"\\u0061\":2}", 1, 8), ("[1", 1, 3), ("\"", 1, 2), ("１", 1, 1),
        ])
    func refuses(text: String, line: Int, column: Int) {
        let error = #expect(throws: JSONError.self) { try Self.parse(text) }
        #expect(error?.line == line)
        #expect(error?.column == column)
    }

    @Test("A detached value is the same value without the text that it was parsed from")
    func detached() throws {
        let text = #"{"a":[1.50,"é\n",true,null,{}],"b":{"c":"d"}}"#
        let value = try Self.parse(text)
        #expect(value.sourceOffset == 0 && value.detached.sourceOffset == nil)
        #expect(value.detached == value && value.detached.description == value.description)
        let part = try #require(value["b"]).detached
        #expect(part.description == #"{"c":"d"}"# && part.detached.description == part.description)
    }

    @Test(
        "A member is found by its name in a parsed text and in one built by hand",
        arguments: ["", "a", "a name of more than sixteen bytes", "é", "\"\\\n"])
    func members(name: String) throws {
        let (one, two): (JSONValue, JSONValue) = (1, 2)
        let built = JSONValue.object([(name, one), ("another", two)])
        let parsed = try JSONValue.parse(built.serialized)
        #expect(built[name]?.integer == 1 && parsed[name]?.integer == 1)
        #expect(built[name + "x"] == nil && parsed[name + "x"] == nil && parsed["another"]?.integer == 2)
        let twice = try JSONValue.parse(
            Array("{\"n\":1,\"n\":2}".utf8),
            limits: {
                var limits = JSONLimits()
                limits.duplicateKeys = .keepLast
                return limits
            }())
        #expect(twice["n"]?.integer == 2)
    }

    @Test(
        "A moment is written as its text",
        arguments: [0, -1, 1_735_689_599_999, -62_167_219_200_000, 253_402_300_799_999])
    func moments(milliseconds: Int64) throws {
        let moment = try #require(Timestamp(milliseconds: milliseconds))
        for withMilliseconds in [false, true] {
            var writer = JSONWriter()
            writer.array {
                $0.value(moment, withMilliseconds: withMilliseconds)
                $0.value(-1205)
            }
            let text = moment.text(withMilliseconds: withMilliseconds)
            #expect(
                text.utf8.count == (withMilliseconds ? 24 : 20) && Timestamp(iso8601: text)?.seconds == moment.seconds)
            #expect(String(decoding: writer.bytes, as: UTF8.self) == "[\"\(text)\",-1205]")
        }
    }

    @Test("Names that differ only in Unicode normalization are different members")
    func comparesNamesAsBytes() throws {
        let value = try Self.parse("{\"\u{E9}\":1,\"e\u{301}\":2}")
        #expect(value["\u{E9}"]?.integer == 1)
        #expect(value["e\u{301}"]?.integer == 2)
    }

    @Test("A repeated name is found among many members", arguments: [2, 23, 24, 25, 26, 500])
    func findsRepeats(count: Int) {
        let members = (0..<count).map { "\"k\($0)\":0" } + ["\"k\(count / 2)\":1"]
        #expect(throws: JSONError.self) { try Self.parse("{\(members.joined(separator: ","))}") }
    }

    @Test("Each limit refuses the first input above it")
    func keepsLimits() throws {
        var limits = JSONLimits()
        limits.depthMax = 3
        limits.membersMax = 2
        limits.numberBytesMax = 4
        limits.stringBytesMax = 3
        limits.nodesMax = 12
        limits.bytesMax = 60
        for good in ["[[[]]]", "{\"a\":1,\"b\":2}", "1234", "\"abc\"", "[1,2,3,4,5,6,7,8,9,0,1]"] {
            #expect(throws: Never.self) { try Self.parse(good, limits) }
        }
        let bad = [
            "[[[[]]]]", "{\"a\":1,\"b\":2,\"c\":3}", "12345", "\"abcd\"", "[1,2,3,4,5,6,7,8,9,0,1,2]",
            String(repeating: " ", count: 60) + "1",
        ]
        var few = JSONLimits()
        few.elementsMax = 3
        #expect(throws: Never.self) { try Self.parse("[1,2,3]", few) }
        #expect(throws: JSONError.self) { try Self.parse("[1,2,3,4]", few) }
        for text in bad {
            let error = #expect(throws: JSONError.self) { try Self.parse(text, limits) }
            #expect(error?.reason == .limitExceeded)
        }
    }

    @Test("A hostile body of the largest size is refused")
    func survivesHostileInput() {
        #expect(throws: JSONError.self) { try Self.parse(String(repeating: "[", count: 1_000_000), .request) }
        #expect(throws: JSONError.self) { try Self.parse(String(repeating: "{\"a\":", count: 200_000), .request) }
    }

    @Test(
        "A path finds a value inside a document",
        arguments: [
            ("a.b", "1"), ("c.1", "5"), ("c[].0", nil), ("d[].n", "\"x\""), ("d[n=y].v", "8"), ("", nil), ("a.z", nil),
        ] as [(String, String?)])
    func followsPaths(path: String, expected: String?) throws {
        let value = try Self.parse(#"{"a":{"b":1},"c":[4,5],"d":[{"n":"x","v":7},{"n":"y","v":8}]}"#)
        guard !path.isEmpty else { return #expect(ValuePath("").first(in: value) == value) }
        #expect(ValuePath(path).first(in: value)?.description == expected)
    }

    @Test("The writer escapes only characters that need it")
    func writes() {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("a/b", "\"\\\u{1}\n\u{7F}é")
            writer.member("n", -42)
            writer.member("none", String?.none)
            writer.member("list", ["x", "y"])
        }
        #expect(
            String(decoding: writer.bytes, as: UTF8.self) == #"{"a/b":"\"\\\u0001\n"# + "\u{7F}é"
                + #"","n":-42,"none":null,"list":["x","y"]}"#)
    }

    @Test("The grammar vectors: every case has its expected verdict")
    func ownVectors() throws {
        let cases = try JSONValue.parse([UInt8](Data(contentsOf: Vectors.own.appending(path: "json/grammar.json"))))
        var counts: [String: Int] = [:]
        for test in try #require(cases.array) {
            let verdict = try #require(test["verdict"]?.string)
            let bytes =
                test["text"]?.string.map { Array($0.utf8) } ?? Self.bytes(hexadecimal: test["hex"]?.string ?? "")
            #expect(((try? JSONValue.parse(bytes)) != nil) == (verdict == "accept"), "\(test)")
            counts[verdict, default: 0] += 1
        }
        #expect((counts["accept"] ?? 0) > 40 && (counts["refuse"] ?? 0) > 100)
    }

    private static func bytes(hexadecimal text: String) -> [UInt8] {
        stride(from: 0, to: text.utf8.count, by: 2).compactMap { UInt8(text.dropFirst($0).prefix(2), radix: 16) }
    }

    @Test(
        "JSONTestSuite: every y_ case is accepted and every n_ case refused",
        .enabled(if: Vectors.other("json/test_parsing") != nil, "CASES_DIRECTORY names no JSONTestSuite"))
    func passesSuite() throws {
        let suite = try #require(Vectors.other("json/test_parsing"))
        var limits = JSONLimits()
        limits.duplicateKeys = .keepLast
        for file in try FileManager.default.contentsOfDirectory(atPath: suite.path) {
            let bytes = try [UInt8](Data(contentsOf: suite.appending(path: file)))
            let isAccepted = (try? JSONValue.parse(bytes, limits: limits)) != nil
            if file.hasPrefix("y_") { #expect(isAccepted, "\(file)") }
            if file.hasPrefix("n_") { #expect(!isAccepted, "\(file)") }
        }
    }
}
