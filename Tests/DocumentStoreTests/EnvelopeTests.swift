// The format of a document's file: fixed bytes, and every damage found.

import StoreFiles
import Testing

@testable import DocumentStore

@Suite("Envelope", .timeLimit(.minutes(2)))
struct EnvelopeTests {
    static let sample = Envelope(key: .user("alice"), revision: 12, data: bytes("{\"a\": 1}"))

    @Test("The format of schema one never changes")
    func theFormatOfSchemaOneNeverChanges() {
        let expected = """
            {
            "schema": 1,
            "collection": "users",
            "id": "alice",
            "revision": 12,
            "checksum": "sha256:2292b074bc74028a7c6122aa2cde66ee193b2e3dd94be6dc90f5ef0f0b96132b",
            "data": {"a": 1}
            }

            """
        let text = String(decoding: Self.sample.encoded(), as: UTF8.self)
        #expect(text == expected)
    }

    @Test("A document with a summary has schema two, and its summary before its data")
    func theFormatOfSchemaTwoNeverChanges() throws {
        var envelope = Self.sample
        envelope.summary = bytes("{\"due\":null}")
        let expected = """
            {
            "schema": 2,
            "collection": "users",
            "id": "alice",
            "revision": 12,
            "checksum": "sha256:f68206f0f11ad91d75df5321c0c95686ddd934bba68d26110d62c588b2d50f2f",
            "summary": {"due":null},
            "data": {"a": 1}
            }

            """
        #expect(String(decoding: envelope.encoded(), as: UTF8.self) == expected)
        #expect(try Envelope(parsing: envelope.encoded()) == envelope)
    }

    @Test("The head is read from the beginning of a file, and from no less than all of it")
    func theHeadNeedsNoData() throws {
        var envelope = Self.sample
        envelope.summary = bytes("{\"due\":null}")
        let file = envelope.encoded()
        let text = String(decoding: file, as: UTF8.self)
        let end = text.utf8.distance(from: text.startIndex, to: try #require(text.firstRange(of: "{\"a\"")).lowerBound)
        let head = try Envelope.Head(parsing: Array(file[..<end]))
        #expect(head.key == envelope.key && head.revision == 12 && head.summary == envelope.summary)
        for length in 0..<end {
            #expect(throws: Envelope.Failure.self) { try Envelope.Head(parsing: Array(file[..<length])) }
        }
        #expect(try Envelope.Head(parsing: Self.sample.encoded()).summary == nil)
    }

    @Test(
        "Every ID comes back byte for byte",
        arguments: [
            bytes("alice"), bytes("a\"b\\c"), bytes("é"), bytes("e\u{301}"), [0xff, 0x00], bytes("line\nbreak"),
            bytes(" "),
            bytes("\u{202e}txt"), bytes("日本語"), [0x7f], bytes("~"), [UInt8](repeating: 0x41, count: 1024),
        ])
    func everyIDComesBackByteForByte(id: [UInt8]) throws {
        let envelope = Envelope(
            key: DocumentKey(collection: "users", id: id), revision: .max, data: [0, 255, 10, 125, 10])
        let parsed = try Envelope(parsing: envelope.encoded())
        #expect(parsed == envelope)
        let file = envelope.encoded()
        #expect(!file[..<file.count.advanced(by: -8)].contains(0x1b))
    }

    @Test("Every flipped bit is found", arguments: [nil, bytes("{\"due\":null}")])
    func everyFlippedBitIsFound(summary: [UInt8]?) {
        var envelope = Self.sample
        envelope.summary = summary
        let file = envelope.encoded()
        for index in file.indices {
            for bit in 0..<8 {
                var damaged = file
                damaged[index] ^= 1 << UInt8(bit)
                #expect(throws: Envelope.Failure.self) { try Envelope(parsing: damaged) }
            }
        }
    }

    @Test("Every truncation and every added byte is found")
    func everyTruncationAndEveryAddedByteIsFound() {
        let file = Self.sample.encoded()
        for length in 0..<file.count {
            #expect(throws: Envelope.Failure.self) { try Envelope(parsing: Array(file[..<length])) }
        }
        #expect(throws: Envelope.Failure.self) { try Envelope(parsing: file + [0x0a]) }
        #expect(throws: Envelope.Failure.self) { try Envelope(parsing: [0x20] + file) }
    }

    @Test("A newer schema is distinguished from damage")
    func aNewerSchemaIsToldApartFromDamage() {
        let newer = bytes("{\n\"schema\": 3,\n\"anything\": true\n}\n")
        #expect(throws: Envelope.Failure.newerSchema(3)) { try Envelope(parsing: newer) }
    }

    @Test(
        "Numbers have one spelling",
        arguments: [
            "\"revision\": 012", "\"revision\": +12", "\"revision\": -1", "\"revision\": 18446744073709551616",
            "\"revision\": ",
            "\"revision\":12",
        ])
    func numbersHaveOneSpelling(revision: String) {
        let text = String(decoding: Self.sample.encoded(), as: UTF8.self)
        let parts = text.split(separator: "\"revision\": 12", maxSplits: 1, omittingEmptySubsequences: false)
        #expect(throws: Envelope.Failure.self) { try Envelope(parsing: bytes(parts[0] + revision + parts[1])) }
    }
}

private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

extension DocumentKey {
    fileprivate static func user(_ id: String) -> DocumentKey { DocumentKey(collection: "users", id: Array(id.utf8)) }
}
