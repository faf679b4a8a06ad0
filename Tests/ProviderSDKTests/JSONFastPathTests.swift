// The limits of the fast paths in the parser and the mapping engine: hashed names, escaped names, large objects, numbers and
// moments. Each fast path must give the result of the general path.

import ProviderSDK
import Testing

@Suite("JSON fast paths", .timeLimit(.minutes(2)))
struct JSONFastPathTests {
    @Test("Escaped names are found, and refused when repeated, like plain names", arguments: [1, 63, 64, 65])
    func treatsEscapedNamesAsTheirText(count: Int) throws {
        let names = (0..<count).map { "\"name\($0)\":\($0)" }.joined(separator: ",")
        let value = try JSONValue.parse(Array("{\(names),\"\\u006bey\":7,\"\":8}".utf8))
        #expect(value["key"]?.integer == 7)
        #expect(value[""]?.integer == 8)
        #expect(ValuePath("key").first(in: value)?.integer == 7)
        #expect(value["name\(count - 1)"]?.integer == Int64(count - 1))
        #expect(value["name\(count)"] == nil)
        for repeated in ["n\\u0061me0", "name\(count - 1)", "\\u006eame\(count - 1)"] {
            let error = #expect(throws: JSONError.self) {
                try JSONValue.parse(Array("{\(names),\"\(repeated)\":1}".utf8))
            }
            #expect(error?.reason == .duplicateKey)
        }
    }

    @Test(
        "Names of equal hash are distinguished, and a repeat of either is refused",
        arguments: [("name122093", "name135839"), ("name124885", "name141021"), ("k93881", "name100360")])
    func tellsNamesOfEqualHashApart(first: String, second: String) throws {
        // The pairs were found by search; the names of each agree in the 24 bits that JSONName keeps.
        let value = try JSONValue.parse(Array("{\"\(first)\":1,\"\(second)\":2}".utf8))
        #expect(value[first]?.integer == 1)
        #expect(value[second]?.integer == 2)
        for repeated in [first, second] {
            #expect(throws: JSONError.self) {
                try JSONValue.parse(Array("{\"\(first)\":1,\"\(second)\":2,\"\(repeated)\":3}".utf8))
            }
        }
    }

    @Test("All distinct names are found in objects of any size", arguments: [60, 64, 65, 20_000])
    func findsEveryName(count: Int) throws {
        let members = (0..<count).map { "\"\($0)x\":\($0)" }.joined(separator: ",")
        let value = try JSONValue.parse(Array("{\(members)}".utf8))
        #expect(value.count == count)
        for index in stride(from: 0, to: count, by: max(1, count / 64)) {
            #expect(value["\(index)x"]?.integer == Int64(index))
        }
    }

    @Test("Where repeats are allowed, a lookup finds the last")
    func findsTheLastRepeat() throws {
        var limits = JSONLimits()
        limits.duplicateKeys = .keepLast
        let value = try JSONValue.parse(Array(#"{"a":1,"b":2,"\u0061":3}"#.utf8), limits: limits)
        #expect(value["a"]?.integer == 3)
        #expect(ValuePath("a").first(in: value)?.integer == 3)
        #expect(value.count == 3)
    }

    @Test("A text has no children, and a path does not enter text or numbers")
    func countsNothingInScalars() throws {
        let value = try JSONValue.parse(Array(#"{"a":"text","1":[5]}"#.utf8))
        #expect(value["a"]?.count == 0)
        #expect(ValuePath("a.b").first(in: value) == nil)
        #expect(ValuePath("1.0").first(in: value)?.integer == 5)
    }

    @Test(
        "Integers are read up to the limits of 64 bits",
        arguments: [
            ("9223372036854775807", Int64.max), ("-9223372036854775808", .min), ("9223372036854775808", nil),
            ("-9223372036854775809", nil), ("-0", 0), ("1.0", nil), ("1e3", nil), ("\"1\"", nil),
        ] as [(String, Int64?)])
    func readsIntegers(text: String, expected: Int64?) throws {
        #expect(try JSONValue.parse(Array(text.utf8)).integer == expected)
        #expect(JSONNumber(text)?.integer == expected)
    }

    @Test("A byte that is not plain is found at every place of a text", arguments: 0...19)
    func seesEveryByte(length: Int) throws {
        let bytes: [UInt8] = [0, 1, 0x1F, 0x20, 0x21, 0x22, 0x23, 0x5B, 0x5C, 0x5D, 0x7E, 0x7F, 0x80, 0xA2, 0xDC, 0xFF]
        for filler in [0x20, 0x21, 0x23, 0x5B, 0x5D, 0x7F] as [UInt8] {
            for place in 0..<length {
                for byte in bytes {
                    var text = [UInt8](repeating: filler, count: length)
                    text[place] = byte
                    let json = [UInt8(ascii: "\"")] + text + [UInt8(ascii: "\"")]
                    let isPlain = 0x20..<0x80 ~= byte && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
                    let read = try? JSONValue.parse(json)
                    #expect((read != nil) == isPlain, "\(byte) among \(filler) at \(place) of \(length)")
                    if isPlain { #expect(Array((read?.string ?? "").utf8) == text) }
                }
            }
        }
    }

    static let table = FieldMapping(
        "row", sourceID: ["id"],
        [
            Field("text", from: "text", as: .text), Field("amount", from: "amount", as: .decimal),
            Field("at", from: "at", as: .epochSeconds), Field("owner", from: "owner", as: .reference(id: "id")),
        ])

    @Test(
        "Text, amounts and moments are written by their values",
        arguments: [
            (#""text":"a\u002fb\n""#, #""text":"a/b\n","amount":null,"at":null,"owner":null"#),
            (#""text":"é","owner":{"id":12}"#, #""text":"é","amount":null,"at":null,"owner":"12""#),
            (#""text":"","owner":"x""#, #""text":null,"amount":null,"at":null,"owner":"x""#),
            (#""text":1.50,"amount":"-0.05""#, #""text":"1.50","amount":-0.05,"at":null,"owner":null"#),
            (#""amount":"0.00","at":0"#, #""text":null,"amount":0.00,"at":"1970-01-01T00:00:00Z","owner":null"#),
            (#""amount":"12","at":-1"#, #""text":null,"amount":12,"at":"1969-12-31T23:59:59Z","owner":null"#),
            (
                #""amount":"-92233720368547758.08","at":253402300799"#,
                #""text":null,"amount":-92233720368547758.08,"at":"9999-12-31T23:59:59Z","owner":null"#
            ),
            (
                #""amount":"92233720368547758.08","at":-62167219200"#,
                #""text":null,"amount":92233720368547758.08,"at":"0000-01-01T00:00:00Z","owner":null"#
            ),
        ])
    func writesValues(members: String, expected: String) throws {
        let source = try JSONValue.parse(Array("{\"id\":\"1\",\(members)}".utf8))
        let record = try Self.table.map(source, now: .epoch)
        #expect(String(decoding: record.json, as: UTF8.self) == #"{"id":"row-1","sourceId":"1",\#(expected)}"#)
    }
}
