// Every rule of the JSON grammar (RFC 8259), accepted and refused: cases made rule by rule, and every byte at every
// place where the grammar offers a choice. Needs only the parser.

import ProviderSDK
import Testing

/// Texts made from the rules of the grammar.
enum JSONGrammar {
    static let space: [UInt8] = [0x20, 0x09, 0x0A, 0x0D]

    /// Numbers: every way to write the integer, with every kind of fraction and exponent (section 6).
    static let numbers: [String] = [
        "0", "-0", "1", "-1", "9", "10", "-12", "1234567890", "123456789012345678901234567890",
    ]
    .flatMap { integer in
        ["", ".0", ".5", ".00", ".123456789"].flatMap { fraction in
            ["", "e0", "E0", "e1", "E+1", "e-1", "e+00", "E400"].map { integer + fraction + $0 }
        }
    }

    static let notNumbers = [
        "+1", "+0", "01", "-01", "00", "-00", "007", "-", "--1", "+-1", "1.", "-1.", ".1", "-.1", ".", "1.e1", "1e",
        "1e+", "1e-",
        "1E", "1E+", "e1", "E1", "1e1.5", "1.1.1", "1..1", "0x1", "0X1F", "0b1", "0o7", "1_0", "1e1e1", "1 .0", "- 1",
        "1f", "1d",
        "1L", "0.", "0e", "1.-1", "1+1", "1-1", "NaN", "nan", "Infinity", "-Infinity", "inf", "-inf", "１", "٣", "²",
        "1\u{A0}", "1%",
        "$1", "1'000", "0-1", "1e 1", "1.0e", "-e1", "1.+1",
    ]

    /// Contents of strings (section 7).
    static let strings: [String] =
        [
            "", " ", "a", "/", "'", "\u{7F}", "\u{80}", "\u{7FF}", "\u{800}", "\u{D7FF}", "\u{E000}", "\u{FEFF}",
            "\u{FFFF}",
        ]
        + ["\u{10000}", "\u{10FFFF}", "\u{2028}", "\u{2029}", "\u{A0}", "e\u{301}", "[1,2]", "{}", "//", "null"]
        + ["\\\"", "\\\\", "\\/", "\\b", "\\f", "\\n", "\\r", "\\t", "\\\\n", "\\\\\\\"", "a\\nb"]
        + [
            "\\u0000", "\\u001f", "\\u0022", "\\u005C", "\\u00e9", "\\u00E9", "\\uABCD", "\\uabcd", "\\uaBcD",
            "\\u2028", "\\uFFFF",
        ]
        + [
            "\\uD7FF", "\\uE000", "\\uD800\\uDC00", "\\udbff\\udfff", "\\uD83D\\uDE00", "a\\uD834\\uDD1Eb",
            "\\u0041\\uD800\\uDC00",
        ]

    static let notStrings: [[UInt8]] =
        (0..<0x20).map { [UInt8]([$0]) }
        + [
            "\\", "\\a", "\\v", "\\0", "\\x41", "\\'", "\\ ", "\\U0041", "\\N", "\\B", "\\é", "\\\n", "\\u", "\\u0",
            "\\u00", "\\u004",
            "\\u004g", "\\u00-1", "\\u 041", "\\u+041", "\\u{41}", "\\u００４１", "\\uD800", "\\uDBFF", "\\uDC00",
            "\\uDFFF", "\\uD800a",
            "\\uD800\\n", "\\uD800\\u0041", "\\uD800\\uD800", "\\uDC00\\uD800", "\\uD800\\", "\\uD800\\u",
            "\\uD800\\uDC0", "\\uD83D\u{1F600}",
            "\"", "a\"b",
        ].map { Array($0.utf8) }
        + [
            [0x80], [0xBF], [0xC0, 0x80], [0xC1, 0xBF], [0xC2], [0xC2, 0x41], [0xC2, 0xC2], [0xDF, 0x7F],
            [0xE0, 0x80, 0x80],
            [0xE0, 0x9F, 0xBF], [0xE0, 0xA0], [0xE1, 0x80], [0xE1, 0x80, 0x41], [0xED, 0xA0, 0x80], [0xED, 0xBF, 0xBF],
            [0xEF, 0xBF],
            [0xF0, 0x80, 0x80, 0x80], [0xF0, 0x8F, 0xBF, 0xBF], [0xF0, 0x90, 0x80], [0xF4, 0x90, 0x80, 0x80],
            [0xF5, 0x80, 0x80, 0x80], [0xF8, 0x88, 0x80, 0x80, 0x80], [0xFC, 0x84, 0x80, 0x80, 0x80, 0x80], [0xFE],
            [0xFF],
            [0x61, 0xCC], [0xED, 0xA0, 0x80, 0xED, 0xB0, 0x80],
        ]

    static let literals = ["true", "false", "null"]

    static let notLiterals = [
        "True", "TRUE", "False", "Null", "NULL", "nul", "nulll", "tru", "truee", "t", "fals", "falsee", "n", "none",
        "None", "nil",
        "undefined", "yes", "no", "on", "a", "true1", "nullnull", "true false", "'a'", "`a`", "“a”", "\\n", "\\u0031",
        "<null>", "*", "&",
        "/", "//", "/**/", "#", "@", "(1)", "!", "=", ";", "é", "\u{FEFF}", "\u{A0}", "\u{2028}", "\u{0}", "\u{B}",
        "\u{C}", "\u{85}",
    ]

    /// Arrays and objects (sections 4 and 5), with space at every place where it is allowed (section 2).
    static let structures = [
        "[]", "{}", "[ ]", "{ }", "[[]]", "[{}]", "{\"a\":{}}", "{\"a\":[]}", "[[],[]]", "[[[[[[]]]]]]", "[1]", "[1,2]",
        "[1,1]",
        "[null,true,false,0,\"\",[],{}]", "{\"a\":1}", "{\"\":1}", "{\"a\":1,\"b\":2}", "{\"a\":{\"a\":{\"a\":{}}}}",
        "{\"a\":1,\"A\":1}", "{\"a\":1,\"a \":1}", "{\"\\u0000\":1}", "[{\"a\":1},{\"a\":1}]", " [ 1 , 2 ] ",
        " { \"a\" : 1 , \"b\" : 2 } ",
        "\t[\t1\t]\t", "\r\n{\r\n\"a\"\r\n:\r\n1\r\n}\r\n", "\n\n[\n]\n\n", "{\"true\":true,\"null\":null}",
        "{\"a\":[1,{\"b\":[{}]}],\"c\":{\"d\":[[]]}}", "[-1,-0,-0.0e-0]", "[\"a\",\"a\"]", "{\"1\":1,\"1.0\":1}",
        "{\"é\":1,\"e\u{301}\":2}",
    ]

    static let notStructures = [
        "[", "]", "{", "}", "[[", "[]]", "{{", "{}}", "[}", "{]", "[1", "[1,", "[,", "[,]", "[1,]", "[,1]", "[1,,2]",
        "[1 2]", "[1;2]",
        "[1:2]", "[\"a\":1]", "[1}", "{1}", "{,}", "{\"a\"}", "{\"a\":}", "{\"a\":1", "{\"a\":1,", "{\"a\":1,}",
        "{,\"a\":1}", "{\"a\":1,,\"b\":2}",
        "{\"a\" 1}", "{\"a\"::1}", "{\"a\":1:2}", "{\"a\",1}", "{\"a\"=1}", "{\"a\":1 \"b\":2}", "{\"a\":1;\"b\":2}",
        "{\"a\":1]", "{a:1}",
        "{'a':1}", "{1:1}", "{null:1}", "{true:1}", "{[]:1}", "{{}:1}", "{\"a\":1 2}", "{:1}", "{\"a\"", "{\"a", "{\"",
        "[\"", "[\"a", "\"",
        "[[1]", "[1]]", "[]1", "1[]", "{}1", "[][]", "{}{}", "[],", ",[]", "1,2", "1 1", "\"a\"\"b\"", "true,", ":1",
        "[1]#", "[1]//",
        "[1/**/]", "/**/[1]", "[1]\u{0}", "\u{FEFF}[]", "[]\u{FEFF}", "[\u{A0}]", "[\u{B}]", "[\u{C}]", "[\u{85}]",
        "[\u{2028}]",
        "", " ", "\n", "\u{0}", "{\"a\":1,\"a\":1}", "{\"a\":1,\"b\":2,\"a\":3}", "{\"\":1,\"\":2}",
        "{\"a\":1,\"\\u0061\":2}",
        "{\"/\":1,\"\\/\":2}", "{\"\\n\":1,\"\\u000a\":2}", "{\"\\u00e9\":1,\"\\u00E9\":2}",
        "[{\"a\":{\"b\":1,\"b\":1}}]",
        "{\"\u{1F600}\":1,\"\\uD83D\\uDE00\":2}", "[... ]", "[1, ...]", "[0,\"a\",]", "{\"a\":[}", "{\"a\":]}", "[{]}",
        "[\"a\",\n1\n,1", "*[]",
    ]

    /// A value at every place where a value is allowed.
    static func placed(_ value: [UInt8]) -> [[UInt8]] {
        [("", ""), ("[", "]"), ("[0,", "]"), ("{\"k\":", "}"), (" ", "\n"), ("[{\"k\":[", "]}]")].map { before, after in
            Array(before.utf8) + value + Array(after.utf8)
        }
    }

    static func quoted(_ content: [UInt8]) -> [UInt8] { [0x22] + content + [0x22] }

    static let accepted: Set<[UInt8]> = {
        var texts = Set<[UInt8]>()
        for text in numbers + literals + structures { texts.formUnion(placed(Array(text.utf8))) }
        for content in strings.map({ Array($0.utf8) }) {
            texts.formUnion(placed(quoted(content)))
            texts.insert(Array("{".utf8) + quoted(content) + Array(":0}".utf8))
        }
        for before in space { for after in space { texts.insert([before, 0x30, after]) } }
        return texts
    }()

    static let refused: Set<[UInt8]> = {
        var texts = Set<[UInt8]>()
        for text in notNumbers + notLiterals { texts.formUnion(placed(Array(text.utf8))) }
        texts.formUnion(notStructures.map { Array($0.utf8) })
        for content in notStrings {
            texts.formUnion(placed(quoted(content)))
            texts.insert(Array("{".utf8) + quoted(content) + Array(":0}".utf8))
        }
        return texts
    }()
}

@Suite("JSON grammar", .timeLimit(.minutes(2)))
struct JSONGrammarTests {
    private func isAccepted(_ bytes: [UInt8], _ limits: JSONLimits = .provider) -> Bool {
        (try? JSONValue.parse(bytes, limits: limits)) != nil
    }

    @Test("Every text that RFC 8259 allows is accepted and written back as the same value")
    func accepts() throws {
        #expect(JSONGrammar.accepted.count > 2000)
        for text in JSONGrammar.accepted {
            let shown = String(decoding: text, as: UTF8.self)
            let value = try #require(try? JSONValue.parse(text), "\(shown)")
            let written = Array(value.description.utf8)
            #expect(try JSONValue.parse(written) == value, "\(shown)")
            #expect(written.count <= text.count, "\(shown)")
        }
    }

    @Test("Every text that breaks a rule is refused")
    func refuses() {
        #expect(JSONGrammar.refused.count > 1000)
        #expect(JSONGrammar.refused.isDisjoint(with: JSONGrammar.accepted))
        for text in JSONGrammar.refused { #expect(!isAccepted(text), "\(String(decoding: text, as: UTF8.self))") }
    }

    @Test("Every incomplete text is refused")
    func refusesBeginnings() {
        for text in JSONGrammar.accepted where text.first == 0x5B || text.first == 0x7B || text.first == 0x22 {
            for length in 0..<text.count {
                #expect(
                    !isAccepted(Array(text[..<length])), "\(String(decoding: text, as: UTF8.self)), \(length) bytes")
            }
        }
    }

    /// A place in a text, and the bytes that are allowed there.
    struct Place: Sendable, CustomTestStringConvertible {
        let before: String
        let after: String
        let allowed: Set<UInt8>

        init(_ before: String, _ after: String, _ allowed: String, _ more: Set<UInt8> = []) {
            self.before = before
            self.after = after
            self.allowed = Set(allowed.utf8).union(more)
        }

        var testDescription: String { "\(before)_\(after)" }
    }

    static let space = Set(JSONGrammar.space)
    static let plain = Set(UInt8(0x20)...0x7F).subtracting([0x22, 0x5C])

    @Test(
        "At each place, exactly the bytes that the grammar allows are accepted",
        arguments: [
            Place("", "", "0123456789"), Place("1", "", "0123456789", space), Place("", "1", "-123456789", space),
            Place("[", "]", "0123456789", space), Place("[1", "]", "0123456789", space),
            Place("[", "1]", "-123456789", space),
            Place("[1", "2]", "0123456789.,eE"), Place("[1,", "2]", "-123456789", space), Place("[0", "2]", ".,eE"),
            Place("[1.", "]", "0123456789"), Place("[1e", "]", "0123456789"), Place("[1e", "2]", "0123456789+-"),
            Place("[1.5", "2]", "0123456789,eE"), Place("[1e5", "2]", "0123456789,"), Place("[-", "]", "0123456789"),
            Place("[-", "5]", "123456789"), Place("[0", "]", "", space), Place("\"", "\"", "", plain),
            Place("\"\\", "\"", "\"\\/bfnrt"), Place("\"\\u", "041\"", "0123456789abcdefABCDEF"),
            Place("\"\\u004", "\"", "0123456789abcdefABCDEF"), Place("\"\\uD", "00\"", "01234567"),
            Place("\"\\uD800\\uDC", "0\"", "0123456789abcdefABCDEF"), Place("\"\\uD800\\uD", "00\"", "cdefCDEF"),
            Place("{\"a\"", "1}", ":"), Place("{", "\"a\":1}", "", space), Place("{\"a\"", ":1}", "", space),
            Place("{\"a\":", "}", "0123456789"), Place("{\"a\":1", "}", "0123456789", space),
            Place("{\"a\":1", "\"b\":2}", ","), Place("{\"a\":1,", "\"b\":2}", "", space), Place("{", "}", "", space),
            Place("{\"a\":1}", "", "", space), Place("[]", "", "", space), Place("\"\"", "", "", space),
            Place("tru", "", "e"),
            Place("", "ull", "n"), Place("true", "", "", space), Place("[[]", "[]]", ","), Place("[[", "]", "]"),
            Place("[[]", "", "]"), Place("{\"a\":{}", "", "}"),
        ])
    func everyByte(place: Place) {
        for byte in UInt8.min...UInt8.max {
            let text = Array(place.before.utf8) + [byte] + Array(place.after.utf8)
            #expect(isAccepted(text) == place.allowed.contains(byte), "\(place.testDescription) with byte \(byte)")
        }
    }

    @Test("A string accepts exactly the byte pairs that are UTF-8 or an escape")
    func everyPair() {
        let escapes = Set("\"\\/bfnrt".utf8)
        for first in UInt8.min...UInt8.max {
            for second in UInt8.min...UInt8.max {
                let isExpected =
                    Self.plain.contains(first) && Self.plain.contains(second)
                    || first == 0x5C && escapes.contains(second)
                    || 0xC2...0xDF ~= first && 0x80...0xBF ~= second
                if isAccepted([0x22, first, second, 0x22]) != isExpected { Issue.record("\(first) \(second)") }
            }
        }
    }

    @Test(
        "Every code unit as an escape: a surrogate is accepted only in a pair, high before low"
    )
    func everyCodeUnit() throws {
        for unit in UInt16.min...UInt16.max {
            let hex = String(unit, radix: 16)
            let escape = "\\u" + String(repeating: "0", count: 4 - hex.utf8.count) + hex
            let text = try? JSONValue.parse(Array("\"\(escape)\"".utf8)).string
            let scalar = Unicode.Scalar(unit)
            if text != scalar.map(String.init) { Issue.record("\(escape)") }
            guard scalar == nil else { continue }
            let isHigh = unit < 0xDC00
            if isAccepted(Array("\"\(escape)\\udc00\"".utf8)) != isHigh { Issue.record("\(escape) before a low one") }
            if isAccepted(Array("\"\\ud800\(escape)\"".utf8)) == isHigh { Issue.record("\(escape) after a high one") }
        }
    }

    @Test(
        "Depth, numbers, members and sizes are accepted up to their limits and refused one above",
        arguments: [true, false])
    func limits(isRequest: Bool) {
        let limits = isRequest ? JSONLimits.request : .provider
        func nested(_ depth: Int, _ open: String, _ close: String, _ inner: String) -> [UInt8] {
            Array((String(repeating: open, count: depth) + inner + String(repeating: close, count: depth)).utf8)
        }
        for (open, close, inner) in [("[", "]", ""), ("{\"a\":", "}", "0"), ("[0,", "]", "1")] {
            #expect(isAccepted(nested(limits.depthMax, open, close, inner), limits))
            #expect(!isAccepted(nested(limits.depthMax + 1, open, close, inner), limits))
        }
        func number(_ digits: Int) -> [UInt8] { [UInt8](repeating: 0x31, count: digits) }
        #expect(isAccepted(number(limits.numberBytesMax), limits))
        #expect(!isAccepted(number(limits.numberBytesMax + 1), limits))
        func members(_ count: Int) -> [UInt8] {
            Array(("{" + (0..<count).map { "\"\($0)\":0" }.joined(separator: ",") + "}").utf8)
        }
        #expect(isAccepted(members(limits.membersMax), limits))
        #expect(!isAccepted(members(limits.membersMax + 1), limits))
        guard isRequest else { return }
        func text(_ bytes: Int) -> [UInt8] { JSONGrammar.quoted([UInt8](repeating: 0x61, count: bytes)) }
        #expect(isAccepted(text(limits.stringBytesMax), limits))
        #expect(!isAccepted(text(limits.stringBytesMax + 1), limits))
        func elements(_ count: Int) -> [UInt8] {
            [0x5B] + [UInt8](repeating: 0x30, count: 1) + Array(String(repeating: ",0", count: count - 1).utf8) + [0x5D]
        }
        #expect(isAccepted(elements(limits.nodesMax - 1), limits))
        #expect(!isAccepted(elements(limits.nodesMax), limits))
        #expect(isAccepted([UInt8](repeating: 0x20, count: limits.bytesMax - 1) + [0x30], limits))
        #expect(!isAccepted([UInt8](repeating: 0x20, count: limits.bytesMax) + [0x30], limits))
    }
}
