// Failed records: what is kept, what is shown, and which letters exist.

import ProviderSDK
import Testing

@testable import Sync

@Suite("Dead letters", .timeLimit(.minutes(2)))
struct DeadLetterTests {
    @Test(
        "A redacted record keeps its structure and the shapes of its values, but no values",
        arguments: [
            (
                #"{"id":"cus_Ab12","amount":1250,"live":true,"note":null}"#,
                #"{"id":"aaa_Aa99","amount":9999,"live":true,"note":null}"#
            ),
            (#"{"created":"2024-13-45","rate":-0.5e10}"#, #"{"created":"9999-99-99","rate":-9.9e99}"#),
            (
                #"{"status":"succeeded","currency":"usd","name":"ann"}"#,
                #"{"status":"succeeded","currency":"usd","name":"aaa"}"#
            ),
            (#"{"status":"Ann Lee 12","type":"4242 4242"}"#, #"{"status":"Aaa Aaa 99","type":"9999 9999"}"#),
            (
                #"{"ann@example.com":1,"line1":2,"card_4242424242":3}"#,
                #"{"aaa@aaaaaaa.aaa":9,"line1":9,"aaaa_9999999999":9}"#
            ),
            (#"[1,22,333,4,5,6,7]"#, #"[9,99,999,9,9,"… 2 more"]"#),
            ("{\"name\":\"Zoë \\u0007\"}", #"{"name":"Aaa ?"}"#),
            (#""""#, #""""#), ("null", "null"), ("{}", "{}"), ("[]", "[]"),
        ])
    func redaction(source: String, shown: String) throws {
        let value = try JSONValue.parse(Array(source.utf8))
        let redacted = PayloadRedaction.redact(value)
        #expect(String(decoding: redacted, as: UTF8.self) == shown)
        _ = try JSONValue.parse(redacted)
    }

    @Test("A redacted record has a limited size, however large or deep the record is")
    func boundedRedaction() throws {
        let wide =
            "{"
            + (0..<20_000).map {
                "\"m\(String(repeating: "x", count: $0 % 7))\($0 % 100)_\(String($0, radix: 2).replacing("1", with: "a").replacing("0", with: "b"))\":\"secret\""
            }.joined(separator: ",") + "}"
        let long = "{\"text\":\"" + String(repeating: "secret ", count: 100_000) + "\"}"
        let deep = String(repeating: "[", count: 60) + "\"secret\"" + String(repeating: "]", count: 60)
        for source in [wide, long, deep] {
            let redacted = PayloadRedaction.redact(try JSONValue.parse(Array(source.utf8)))
            #expect(redacted.count < PayloadRedaction.bytesMax + 1024)
            #expect(!String(decoding: redacted, as: UTF8.self).contains("secret"))
            _ = try JSONValue.parse(redacted)
        }
    }

    @Test("A letter is unchanged after encoding and decoding")
    func coding() throws {
        let letter = DeadLetter(
            id: "letter-1", dataType: "payments", sourceID: nil, change: .deleted,
            failure: RecordFailure(
                sourceID: nil, field: "amount", rule: "decimal", problem: "the value is not a number"),
            pluginID: "acme", pluginVersion: "1.2.3", syncID: "sync-1",
            at: try #require(Timestamp(milliseconds: 1_700_000_000_123)), redacted: Array(#"{"a":[9]}"#.utf8),
            payloadBytes: 7, sealed: "v1:k:a:b:c")
        #expect(DeadLetter(id: Array("letter-1".utf8), letter.encoded) == letter)
        #expect(DeadLetter(id: [], Array("{}".utf8)) == nil)
        let note = DeadLetterNote(dataType: "bank statements", reading: "17", isIdentified: false)
        #expect(DeadLetterNote(note.encoded) == note)
    }

    @Test("The id of a letter depends on the record's id, or on the content if there is none")
    func ids() {
        let first = DeadLetter.id(dataType: "a", sourceID: "x", payload: [1])
        #expect(first == DeadLetter.id(dataType: "a", sourceID: "x", payload: [2]))
        #expect(first != DeadLetter.id(dataType: "b", sourceID: "x", payload: [1]))
        #expect(first.utf8.count == 39)
        let unknown = DeadLetter.id(dataType: "a", sourceID: nil, payload: Array("x".utf8))
        #expect(unknown != first)
        #expect(unknown != DeadLetter.id(dataType: "a", sourceID: nil, payload: [2]))
    }

    private func note(_ dataType: String, _ sync: String, id: Bool = true) -> DeadLetterNote {
        DeadLetterNote(dataType: dataType, reading: sync, isIdentified: id)
    }

    @Test("A full index drops the letters that failed longest ago and counts them")
    func dropping() {
        var book = DeadLetterIndex(countMax: 3, dropped: 5)
        book.restore("a", note("t", "1"))
        book.restore("b", note("t", "1"))
        // A letter that fails again is the newest.
        let dropped = ["c", "a", "d", "e"].map { book.add($0, note("t", "2")) }
        #expect(dropped == [[], [], ["b"], ["c"]])
        #expect(book.count == 3)
        #expect(book.dropped == 7)
        let removed = ["b", "a"].map { book.remove($0) }
        #expect(removed == [false, true])
        for round in 0..<1000 { _ = book.add("f\(round % 2)", note("t", "3")) }
        #expect(book.count == 3)
    }

    @Test("A complete read removes the letters of its data type that it did not find")
    func unmet() {
        var book = DeadLetterIndex(countMax: 10)
        book.restore("a", note("payments", "1"))
        book.restore("b", note("payments", "1", id: false))
        book.restore("c", note("invoices", "1"))
        _ = book.add("d", note("payments", "2"))
        #expect(book.hasUnidentified)
        let ended = book.removeAll(of: "payments", notMetBy: "2")
        #expect(ended == ["a", "b"])
        #expect(!book.hasUnidentified)
        #expect(book.count == 2)
    }

    @Test(
        "A cursor of dead letters is valid only for its connection",
        arguments: ["", "x", "-", "0000000000000000-0000000000000000"])
    func cursors(text: String) {
        let cursor = DeadLetterCursor(0x1f, connection: "conn-1")
        #expect(DeadLetterCursor(cursor.text, connection: "conn-1")?.position == 0x1f)
        #expect(DeadLetterCursor(cursor.text, connection: "conn-2") == nil)
        #expect(DeadLetterCursor(text, connection: "conn-1") == nil)
    }
}
