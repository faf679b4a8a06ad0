// Requests that are decided about by their heads: what is answered, what becomes of the body, and that its bytes never
// become a request.

import Testing

@testable import HTTPServer

@Suite("Head decision", .timeLimit(.minutes(2)))
struct HeadDecisionTests {
    private static let get = ConnectionStateTests.get

    private static func post(_ fields: String, _ body: String = "") -> String {
        "POST /b HTTP/1.1\r\nHost: a\r\n\(fields)\r\n\r\n\(body)"
    }

    /// A body that reads like a request.
    private static let smuggled = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"
    private static let smuggledLength = "Content-Length: \(smuggled.utf8.count)"

    @Test("A body that came with its head is dropped, and the next request is served", arguments: [true, false])
    func bodyThatCameIsDropped(isChunked: Bool) {
        var driver = ProtocolDriver()
        driver.decision = .refuse
        let message =
            isChunked
            ? Self.post(
                "Transfer-Encoding: chunked",
                "\(String(Self.smuggled.utf8.count, radix: 16))\r\n\(Self.smuggled)\r\n0\r\n\r\n")
            : Self.post(Self.smuggledLength, Self.smuggled)
        driver.receive(message + Self.get)
        #expect(driver.events.first == .headRefused(isLast: false))
        #expect(driver.requests.map(\.target) == ["/a"])
        var parts = ProtocolDriver()
        parts.decision = .refuse
        parts.receive(byteByByte: Array(message.utf8))
        if !isChunked { parts.receive(Self.get) }
        #expect(parts.events.first == .headRefused(isLast: isChunked))
        #expect(parts.requests.map(\.target) == (isChunked ? [] : ["/a"]))
    }

    @Test("A body that is still coming is dropped within the bound, wherever it is split")
    func bodyThatComesIsDropped() {
        let message = Array((Self.post(Self.smuggledLength, Self.smuggled) + Self.get).utf8)
        for split in 1..<message.count {
            var driver = ProtocolDriver()
            driver.decision = .refuse
            driver.receive(Array(message[..<split]))
            driver.receive(Array(message[split...]))
            #expect(driver.events.first == .headRefused(isLast: false), "split at \(split)")
            #expect(driver.requests.map(\.target) == ["/a"], "split at \(split)")
        }
    }

    @Test(
        "A body that cannot be dropped within the bound ends the connection",
        arguments: [
            "Content-Length: 101", "Transfer-Encoding: chunked", "Content-Length: 10\r\nExpect: 100-continue",
        ])
    func bodyThatCannotBeDropped(fields: String) {
        var driver = ProtocolDriver { $0.discardBytesMax = 100 }
        driver.decision = .refuse
        driver.receive(Self.post(fields))
        #expect(driver.events == [.headRefused(isLast: true)], "no 100 Continue either")
        #expect(driver.state.phase == .closing && driver.state.leavesInputUnread)
        driver.receive(Self.smuggled)
        #expect(driver.requests.isEmpty)
    }

    @Test("A chunked body that is malformed or too long to drop ends the connection")
    func malformedBodyIsNotRead() {
        for body in ["x\r\n\(Self.smuggled)", "65\r\n\(String(repeating: "a", count: 101))\r\n0\r\n\r\n"] {
            var driver = ProtocolDriver { $0.discardBytesMax = 100 }
            driver.decision = .refuse
            driver.receive(Self.post("Transfer-Encoding: chunked", body + Self.get))
            #expect(driver.events == [.headRefused(isLast: true)])
        }
    }

    @Test("A body that does not come in time ends the connection")
    func bodyThatDoesNotCome() {
        var driver = ProtocolDriver()
        driver.decision = .refuse
        driver.receive(Self.post("Content-Length: 10", "12345"))
        driver.pass(.seconds(4))
        driver.receive("6")
        #expect(driver.events.count == 1)
        driver.pass(.seconds(1))
        #expect(driver.events.last == .closed)
    }

    @Test("A body has the bound of its route, above or below the server's")
    func boundOfRoute() {
        func events(_ bytesMax: Int, _ message: String) -> [ProtocolDriver.Event] {
            var driver = ProtocolDriver { $0.bodyBytesMax = 10 }
            driver.decision = .buffer(bytesMax: bytesMax)
            driver.receive(message)
            return driver.events
        }
        let long = Self.post("Content-Length: 20", String(repeating: "a", count: 20))
        let chunked = Self.post("Transfer-Encoding: chunked", "14\r\n\(String(repeating: "a", count: 20))\r\n0\r\n\r\n")
        for message in [long, chunked] {
            #expect(events(19, message) == [.refused(.bodyTooLarge)])
            #expect(events(20, message).count == 1 && events(20, message) != [.refused(.bodyTooLarge)])
        }
    }

    @Test("A content coding other than identity is refused where bodies are collected")
    func contentCoding() {
        for (value, isRefused) in [("gzip", true), ("gzip, identity", true), ("Identity", false), ("", false)] {
            var driver = ProtocolDriver()
            driver.receive(Self.post("Content-Encoding: \(value)\r\nContent-Length: 2", "ok"))
            #expect(driver.refusals == (isRefused ? [.contentCodingNotSupported] : []), "\(value)")
        }
        var none = ProtocolDriver()
        none.receive("GET / HTTP/1.1\r\nHost: a\r\nContent-Encoding: gzip\r\n\r\n")
        #expect(none.requests.count == 1, "there is no body to decode")
    }

    @Test("A body that is read in pieces comes as it was sent, without its framing")
    func piecesInOrder() {
        let chunks = "5\r\nhello\r\n6;x=y\r\n world\r\n0\r\nA: b\r\n\r\n"
        let messages = [
            Array(Self.post("Content-Length: 11", "hello world").utf8),
            Array(Self.post("Transfer-Encoding: chunked", chunks).utf8),
        ]
        for message in messages {
            for split in 1..<message.count {
                var driver = ProtocolDriver()
                driver.decision = .stream(bytesMax: 11)
                driver.receive(Array(message[..<split]))
                driver.receive(Array(message[split...]) + Array(Self.get.utf8))
                #expect(driver.pieces == "hello world", "split at \(split)")
                #expect(driver.events.last == .bodyEnded && driver.requests.isEmpty, "split at \(split)")
                driver.answer()
                #expect(driver.requests.map(\.target) == ["/a"], "split at \(split)")
            }
        }
    }

    @Test("A body that is read in pieces has a bound")
    func piecesAreBounded() {
        var length = ProtocolDriver()
        length.decision = .stream(bytesMax: 10)
        length.receive(Self.post("Content-Length: 11"))
        #expect(length.events == [.refused(.bodyTooLarge)])
        var chunked = ProtocolDriver()
        chunked.decision = .stream(bytesMax: 10)
        chunked.receive(Self.post("Transfer-Encoding: chunked", "6\r\n012345\r\n"))
        chunked.receive("5\r\n01234\r\n0\r\n\r\n")
        #expect(chunked.events == [.streamBegun, .piece("012345"), .refused(.bodyTooLarge)])
    }

    @Test("100 Continue is sent when the handler asks, and not after its answer has begun")
    func continueWhenAsked() {
        let head = Self.post("Expect: 100-continue\r\nContent-Length: 2")
        var asks = ProtocolDriver()
        asks.decision = .stream(bytesMax: 10)
        asks.receive(head)
        #expect(asks.events == [.streamBegun])
        asks.wantsBody(true)
        asks.wantsBody(true)
        #expect(asks.events == [.streamBegun, .continueSent])
        asks.receive("ok")
        #expect(asks.pieces == "ok")
        var begins = ProtocolDriver()
        begins.decision = .stream(bytesMax: 10)
        begins.receive(head)
        begins.state.answerBegins(now: begins.now, begins.limits)
        begins.wantsBody(true)
        #expect(begins.events == [.streamBegun])
        #expect(!begins.state.canDiscardBody(begins.limits))
    }

    @Test("A body in pieces may take any time at the least rate; time in which none is wanted does not count")
    func leastRateOfPieces() {
        var driver = ProtocolDriver {
            $0.bodyBytesPerSecondMin = 10
            $0.handlerTimeout = .seconds(600)
        }
        driver.decision = .stream(bytesMax: 1 << 40)
        driver.receive(Self.post("Content-Length: 1000000"))
        for _ in 0..<10 {
            driver.receive([UInt8](repeating: 65, count: 300))
            driver.pass(.seconds(30))
        }
        #expect(driver.refusals.isEmpty)
        driver.wantsBody(false)
        driver.pass(.seconds(599))
        #expect(driver.refusals.isEmpty)
        driver.wantsBody(true)
        driver.receive([UInt8](repeating: 65, count: 299))
        driver.pass(.seconds(29))
        #expect(driver.refusals.isEmpty)
        driver.pass(.seconds(1))
        #expect(driver.refusals == [.bodyTimeout])
    }

    @Test("An answer in pieces has no time limit; a handler that neither reads nor answers has")
    func timeOfHandler() {
        var begun = ProtocolDriver()
        begun.decision = .stream(bytesMax: 10)
        begun.receive(Self.post("Content-Length: 2", "ok"))
        begun.state.answerBegins(now: begun.now, begun.limits)
        #expect(begun.state.deadline == .max)
        var silent = ProtocolDriver()
        silent.decision = .stream(bytesMax: 10)
        silent.receive(Self.post("Content-Length: 2", "ok"))
        silent.pass(.seconds(60))
        #expect(silent.events.last == .refused(.handlerTimeout))
    }
}

extension ProtocolDriver {
    /// All pieces of bodies together.
    var pieces: String {
        events.map { if case .piece(let text) = $0 { text } else { "" } }.joined()
    }
}
