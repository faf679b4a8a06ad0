// The chunked coding, case by case.

import Testing

@testable import HTTPServer

@Suite("Chunked body", .timeLimit(.minutes(2)))
struct ChunkedBodyTests {
    private static let head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"

    @Test(
        "Valid chunks are decoded",
        arguments: [
            ("0\r\n\r\n", ""),
            ("5\r\nhello\r\n0\r\n\r\n", "hello"),
            ("5\r\nhello\r\n000\r\n\r\n", "hello"),
            ("00000000000000000000000000000000000000005\r\nhello\r\n00000000000000000000\r\n\r\n", "hello"),
            ("00000005\r\nhello\r\n0\r\n\r\n", "hello"),
            ("a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n", "01234567890123456789"),
            ("1;a\r\nx\r\n0;b=c;d=\"e\\\"f\"\r\n\r\n", "x"),
            ("1 ; a = b\r\nx\r\n0\r\n\r\n", "x"),
            ("0\r\nA: b\r\nC: d\r\n\r\n", ""),
            ("2\r\n\r\n\r\n0\r\n\r\n", "\r\n"),
        ])
    func validChunksDecoded(body: String, expected: String) {
        var driver = ProtocolDriver()
        driver.receive(Self.head + body + ConnectionStateTests.get)
        #expect(driver.requests.count == 2)
        #expect(driver.requests.first.map { String(decoding: $0.body, as: UTF8.self) } == expected)
        var single = ProtocolDriver()
        single.receive(byteByByte: Array((Self.head + body + ConnectionStateTests.get).utf8))
        #expect(single.events == driver.events)
    }

    @Test(
        "Invalid chunks are refused",
        arguments: [
            "+5\r\nhello\r\n0\r\n\r\n", "-5\r\nhello\r\n0\r\n\r\n", "0x5\r\nhello\r\n0\r\n\r\n",
            " 5\r\nhello\r\n0\r\n\r\n",
            "5 \r\nhello\r\n0\r\n\r\n", "5\nhello\r\n0\r\n\r\n", "5\r\nhello\n0\r\n\r\n", "5\r\nhelloX\r\n0\r\n\r\n",
            "5\r\nhell\r\n0\r\n\r\n", "\r\nhello\r\n0\r\n\r\n", "g\r\n", "5g\r\nhello\r\n", "5_0\r\n", "１\r\nx\r\n",
            "10000000000000005\r\nhello\r\n0\r\n\r\n", "5;\r\nhello\r\n0\r\n\r\n", "5;a=\r\nhello\r\n0\r\n\r\n",
            "5;a=\"b\r\nhello\r\n0\r\n\r\n", "5;a b\r\nhello\r\n0\r\n\r\n", "5;a\rb\r\nhello\r\n0\r\n\r\n",
            "5;a\nhello\r\n0\r\n\r\n", "5;\0\r\nhello\r\n", "5\rhello\r\n0\r\n\r\n", "5\r\nhello\r0\r\n\r\n",
            "0\r\nContent-Length: 5\r\n\r\n", "0\r\nTransfer-Encoding: chunked\r\n\r\n", "0\r\nhost: b\r\n\r\n",
            "0\r\nAuthorization: x\r\n\r\n", "0\r\nCookie: x\r\n\r\n", "0\r\n a: b\r\n\r\n", "0\r\na b: c\r\n\r\n",
            "0\r\na: b\n\r\n", "0\r\na: \u{1}\r\n\r\n", "0\r\n\n", "0\r\nGET / HTTP/1.1\r\n\r\n",
        ])
    func invalidChunksRefused(body: String) {
        var driver = ProtocolDriver()
        driver.receive(Self.head + body)
        #expect(driver.requests.isEmpty)
        #expect(driver.refusals.count == 1)
        var single = ProtocolDriver()
        single.receive(byteByByte: Array((Self.head + body).utf8))
        #expect(single.requests.isEmpty)
        #expect(single.refusals.count == 1)
    }

    @Test("A size beyond every limit is too large, not overflowed")
    func sizeBeyondEveryLimitToo() {
        for size in ["FFFFFFFFFFFFFFFF", "7FFFFFFFFFFFFFFF", "100001", "8000000000000005"] {
            var driver = ProtocolDriver()
            driver.receive(Self.head + size + "\r\nx")
            #expect(driver.refusals == [.bodyTooLarge])
        }
    }

    @Test("Framing that outweighs the data is refused")
    func framingOutweighsDataRefused() {
        var tiny = ProtocolDriver()
        tiny.receive(Self.head + String(repeating: "1;aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\nx\r\n", count: 1000))
        #expect(tiny.refusals == [.chunkInvalid])
        var honest = ProtocolDriver()
        honest.receive(Self.head + String(repeating: "1\r\nx\r\n", count: 10_000) + "0\r\n\r\n")
        #expect(honest.requests.first?.body.count == 10_000)
        var long = ProtocolDriver()
        long.receive(Self.head + "1;" + String(repeating: "a", count: 2000))
        #expect(long.refusals == [.chunkInvalid])
    }

    @Test("Trailers keep the limits of fields")
    func trailersKeepLimitsFields() {
        var many = ProtocolDriver()
        many.receive(Self.head + "0\r\n" + String(repeating: "a: b\r\n", count: 101) + "\r\n")
        #expect(many.refusals == [.tooManyFields])
        var large = ProtocolDriver()
        large.receive(Self.head + "0\r\na: " + String(repeating: "b", count: 40_000))
        #expect(large.refusals == [.headerTooLarge])
    }

    @Test("Framing takes no memory while a body comes in pieces")
    func framingTakesMemoryWhileBody() {
        var driver = ProtocolDriver()
        driver.receive(Self.head)
        let before = driver.unreadCount
        for _ in 0..<100 { driver.receive("1\r\nx\r\n") }
        #expect(driver.unreadCount <= before + 100 + 6)
    }
}
