// Hexadecimal, percent-encoding, character classes and dates.

import Primitives
import Testing

@Suite("Hexadecimal", .timeLimit(.minutes(2)))
struct HexTests {
    @Test("Every length up to 100 survives encoding and decoding")
    func roundTrips() {
        for count in 0...100 {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ count) }
            #expect(Hex.decode(Hex.encode(bytes)) == bytes)
            #expect(Hex.decode(lowercase: Hex.digits(bytes)) == bytes)
        }
    }

    @Test(
        "Packed digits are the digits of the number",
        arguments: [0, 1, 9, 10, 15, 0x0123_4567, 0x89AB_CDEF, 0x9A9A_A9A9, .max] as [UInt32])
    func packed(number: UInt32) {
        let packed = Hex.packedDigits(number)
        let digits = (0..<8).map { UInt8(truncatingIfNeeded: packed >> (56 - 8 * $0)) }
        #expect(String(decoding: digits, as: UTF8.self) == Hex.encode(number))
    }

    @Test("Hexadecimal is written in lower case and read in either case; other characters are refused")
    func spelling() {
        #expect(Hex.encode([0x00, 0x0F, 0xA5, 0xFF]) == "000fa5ff")
        #expect(Hex.decode("000Fa5fF") == [0x00, 0x0F, 0xA5, 0xFF])
        for text in ["0", "0g", "+1", " 0", "0x", "é", "１１"] { #expect(Hex.decode(text) == nil) }
        for text in ["0", "0G", "0A", "+1"] { #expect(Hex.decode(lowercase: Array(text.utf8)) == nil) }
    }

    @Test("Numbers are written with all their digits and read back")
    func numbers() {
        #expect(Hex.encode(0x1234 as UInt16) == "1234" && Hex.encode(0xAB as UInt64) == "00000000000000ab")
        #expect(Hex.number(lowercase: "00000000000000ab".utf8) == 0xAB)
        #expect(Hex.number(lowercase: "ffffffffffffffff".utf8) == .max)
        #expect(Hex.number(lowercase: "10000000000000000".utf8) == nil)
        #expect(Hex.number(lowercase: "AB".utf8) == nil)
    }
}

@Suite("Percent-encoding", .timeLimit(.minutes(2)))
struct PercentEncodingTests {
    @Test("All but unreserved characters are encoded, in upper case")
    func encodes() {
        #expect(PercentEncoding.encode("aZ09-._~") == "aZ09-._~")
        #expect(PercentEncoding.encode("a b+c/ü") == "a%20b%2Bc%2F%C3%BC")
    }

    @Test("Decoding restores the text, and a plus is a space only in forms")
    func decodes() throws {
        let text = "a b+c/ü%🙂"
        #expect(try PercentEncoding.decode(PercentEncoding.encode(text).utf8Span.span) == text)
        #expect(try PercentEncoding.decode("a+b".utf8Span.span) == "a+b")
        #expect(try PercentEncoding.decode("a+b".utf8Span.span, plusIsSpace: true) == "a b")
    }

    @Test(
        "Decoding refuses malformed escapes, bytes that are not UTF-8, and NUL",
        arguments: [
            ("%", PercentDecodingError.percentInvalid), ("%4", .percentInvalid), ("%zz", .percentInvalid),
            ("%ff", .notUTF8), ("%00", .containsNUL),
        ])
    func refuses(text: String, expected: PercentDecodingError) {
        #expect(throws: expected) { try PercentEncoding.decode(text.utf8Span.span) }
    }
}

@Suite("ASCII", .timeLimit(.minutes(2)))
struct ASCIITests {
    @Test("The character classes are those of the RFCs")
    func classes() {
        let letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
        let digits = "0123456789"
        let token = Set(("!#$%&'*+-.^_`|~" + letters + digits).utf8)
        let target = Set((0x21...0x7E).map { UInt8($0) }).subtracting(Set("\"#<>\\^`{|}".utf8))
        let host = Set(("-._~!$&'()*+,;=%" + letters + digits).utf8)
        let unreserved = Set(("-._~" + letters + digits).utf8)
        for byte in UInt8.min...UInt8.max {
            #expect(ASCII.token.contains(byte) == token.contains(byte))
            #expect(ASCII.target.contains(byte) == target.contains(byte))
            #expect(ASCII.host.contains(byte) == host.contains(byte))
            #expect(ASCII.unreserved.contains(byte) == unreserved.contains(byte))
            #expect(ASCII.isLetter(byte) == Set(letters.utf8).contains(byte))
            #expect(ASCII.isDigit(byte) == Set(digits.utf8).contains(byte))
        }
    }

    @Test("Only the case of ASCII letters is ignored")
    func lowercases() {
        #expect(ASCII.lowercased("Content-TYPE [@`{ Ä İ") == "content-type [@`{ Ä İ")
        #expect(ASCII.equalIgnoringCase("Host", "hOST") && !ASCII.equalIgnoringCase("Ä", "ä"))
        #expect(!ASCII.equalIgnoringCase("@", "`") && !ASCII.equalIgnoringCase("a", "aa"))
    }
}

@Suite("Visible characters", .timeLimit(.minutes(2)))
struct VisibleCharactersTests {
    private static func areVisible(_ bytes: [UInt8]) -> Bool { ASCII.areVisible(bytes.span) }

    @Test("Every byte is visible or not at every place of texts of up to 17 bytes")
    func everyByte() {
        for count in 0...17 {
            var bytes = [UInt8](repeating: UInt8(ascii: "a"), count: count)
            #expect(Self.areVisible(bytes))
            for place in 0..<count {
                for byte in UInt8.min...UInt8.max {
                    bytes[place] = byte
                    #expect(Self.areVisible(bytes) == (0x21...0x7E ~= byte), "\(byte) at \(place) of \(count)")
                }
                bytes[place] = UInt8(ascii: "~")
            }
        }
    }
}

@Suite("Civil dates", .timeLimit(.minutes(2)))
struct CivilDateTests {
    @Test(
        "A day number becomes its date in the Gregorian calendar",
        arguments: [
            (0, "1970-01-01"), (59, "1970-03-01"), (10957, "2000-01-01"), (11016, "2000-02-29"), (11017, "2000-03-01"),
            (20778, "2026-11-21"), (47540, "2100-02-28"), (47541, "2100-03-01"), (-1, "1969-12-31"),
            (-719_468, "0000-03-01"), (-719_469, "0000-02-29"),
        ])
    func dates(days: Int, text: String) {
        let date = CivilDate(daysSince1970: days)
        #expect(date.description == text)
        #expect(date.daysSince1970 == days)
        #expect(CivilDate(year: date.year, month: date.month, day: date.day) == date)
    }

    @Test(
        "A date that does not exist is refused",
        arguments: [(2026, 2, 29), (2100, 2, 29), (2026, 4, 31), (2026, 13, 1), (2026, 0, 1), (2026, 1, 0)])
    func noDate(year: Int, month: Int, day: Int) { #expect(CivilDate(year: year, month: month, day: day) == nil) }
}
