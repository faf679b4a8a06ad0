// Text for terminals and logs: which characters are escaped, and that everything else stays.

import Primitives
import Testing

@Suite("Visible text", .timeLimit(.minutes(1)))
struct VisibleTextTests {
    static let acting: [UInt32] =
        Array(0x00...0x09) + Array(0x0B...0x1F) + Array(0x7F...0x9F) + [0x061C, 0x200E, 0x200F]
        + Array(0x2028...0x202E) + Array(0x2066...0x2069)

    private func escaped(_ text: String) -> String {
        String(decoding: VisibleText.escaping(Array(text.utf8)), as: UTF8.self)
    }

    @Test("Every character that acts is written as the escape of JSON, and no other character is")
    func everyCharacter() throws {
        for code in (0...0x30FF as ClosedRange<UInt32>) {
            let scalar = try #require(Unicode.Scalar(code))
            let hex = String(code, radix: 16)
            let escape = "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
            let wanted = Self.acting.contains(code) ? escape : String(scalar)
            #expect(escaped("a\(scalar)b") == "a\(wanted)b", "U+\(hex)")
            #expect(escaped(String(scalar)) == wanted, "U+\(hex)")
        }
    }

    @Test("A text without such characters stays as it is", arguments: ["", "a\nb", "“Grün” … 🎬", "\u{2010}\u{FEFF}"])
    func kept(text: String) { #expect(escaped(text) == text) }
}
