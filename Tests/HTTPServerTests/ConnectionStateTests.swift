// The protocol of one connection on paper: order, persistence, bodies, expectations, deadlines.

import Testing

@testable import HTTPServer

@Suite("Connection state", .timeLimit(.minutes(2)))
struct ConnectionStateTests {
    static let get = "GET /a HTTP/1.1\r\nHost: a\r\n\r\n"
    static let post = "POST /b HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"
    static let chunked =
        "POST /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        + "3;a=\"b;c\"\r\nabc\r\n00A ; x\r\n0123456789\r\n0\r\nTrailer-Field: x\r\n\r\n"

    @Test("Requests sent together are answered in order")
    func requestsSentTogetherAnsweredOrder() {
        var driver = ProtocolDriver()
        driver.receive(Self.get + Self.post + Self.chunked + Self.get)
        #expect(driver.requests.map(\.target) == ["/a", "/b", "/c", "/a"])
        #expect(driver.requests.map { String(decoding: $0.body, as: UTF8.self) } == ["", "hello", "abc0123456789", ""])
        #expect(driver.unreadCount == 0)
    }

    @Test("Bytes may be split anywhere without changing what is read")
    func bytesMaySplitAnywhereWithout() {
        let bytes = Array((Self.get + Self.post + Self.chunked + Self.get).utf8)
        var whole = ProtocolDriver()
        whole.receive(bytes)
        var single = ProtocolDriver()
        single.receive(byteByByte: bytes)
        #expect(single.events == whole.events)
        for split in 1..<bytes.count {
            var driver = ProtocolDriver()
            driver.receive(Array(bytes[..<split]))
            driver.receive(Array(bytes[split...]))
            #expect(driver.events == whole.events, "split at \(split)")
        }
    }

    @Test(
        "A connection persists as RFC 9112 section 9_3 says",
        arguments: [
            ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", false),
            ("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", true),
            ("GET / HTTP/1.1\r\nHost: a\r\nConnection: Keep-Alive, CLOSE\r\n\r\n", true),
            ("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nConnection: keep-alive\r\n\r\n", true),
            ("GET / HTTP/1.1\r\nHost: a\r\nConnection: closed\r\n\r\n", false),
            ("GET / HTTP/1.0\r\n\r\n", true),
            ("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", false),
            ("GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n", true),
        ])
    func connectionPersistsRFC9112Section(message: String, isLast: Bool) {
        var driver = ProtocolDriver()
        driver.receive(message + Self.get)
        guard case .request(_, let last) = driver.events.first else {
            Issue.record("no request was read")
            return
        }
        #expect(last == isLast)
        #expect(driver.requests.count == (isLast ? 1 : 2))
        #expect(driver.state.phase == (isLast ? .closing : .idle))
    }

    @Test("The last request of a connection is marked")
    func lastRequestConnectionSaysSo() {
        var driver = ProtocolDriver { $0.requestsPerConnectionMax = 3 }
        driver.receive(String(repeating: Self.get, count: 5))
        #expect(driver.requests.count == 3)
        #expect(driver.state.phase == .closing && driver.state.leavesInputUnread)
    }

    @Test("A server that shuts down answers one more request")
    func serverShutsDownAnswersMore() {
        var driver = ProtocolDriver()
        driver.receive(Self.get)
        driver.state.isLast = true
        driver.receive(Self.get + Self.get)
        #expect(driver.requests.count == 2)
        #expect(driver.state.phase == .closing)
    }

    @Test("Later requests wait for an answer that is not ready")
    func laterRequestsWaitAnswerReady() {
        var driver = ProtocolDriver()
        driver.defersAnswers = true
        driver.receive(Self.get + Self.post)
        #expect(driver.requests.map(\.target) == ["/a"])
        driver.receive(Self.get)
        #expect(driver.requests.count == 1)
        driver.answer()
        #expect(driver.requests.map(\.target) == ["/a", "/b"])
        driver.answer()
        driver.answer()
        #expect(driver.requests.count == 3 && driver.state.phase == .idle)
    }

    @Test("100 Continue is sent only while the body has not begun to come")
    func case100ContinueSentOnlyWhile() {
        let head = "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nContent-Length: 2\r\n\r\n"
        var waits = ProtocolDriver()
        waits.receive(head)
        #expect(waits.events == [.continueSent])
        waits.receive("ok")
        #expect(waits.requests.first?.body == Array("ok".utf8))
        var hurries = ProtocolDriver()
        hurries.receive(head + "ok")
        #expect(hurries.events.count == 1 && hurries.requests.count == 1)
        var old = ProtocolDriver()
        old.receive("POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
        #expect(old.events.isEmpty)
        var none = ProtocolDriver()
        none.receive("GET / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n")
        #expect(none.requests.count == 1 && none.events.count == 1)
    }

    @Test("A body that is too large is refused before it is read, without 100 Continue")
    func bodyTooLargeRefusedBefore() {
        for fields in ["", "Expect: 100-continue\r\n"] {
            var driver = ProtocolDriver { $0.bodyBytesMax = 10 }
            driver.receive("POST / HTTP/1.1\r\nHost: a\r\n\(fields)Content-Length: 11\r\n\r\n")
            #expect(driver.events == [.refused(.bodyTooLarge)])
        }
        var chunked = ProtocolDriver { $0.bodyBytesMax = 10 }
        chunked.receive("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n6\r\n012345\r\n5\r\n")
        #expect(chunked.refusals == [.bodyTooLarge])
        var fits = ProtocolDriver { $0.bodyBytesMax = 10 }
        fits.receive(
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n6\r\n012345\r\n4\r\n6789\r\n0\r\n\r\n")
        #expect(fits.requests.first?.body == Array("0123456789".utf8))
    }

    @Test("After a refusal nothing more is answered")
    func afterRefusalNothingMoreAnswered() {
        var driver = ProtocolDriver()
        driver.receive(Self.get + "BAD\r\n" + Self.get)
        #expect(driver.requests.count == 1 && driver.refusals == [.requestLineMalformed])
        driver.receive(Self.get)
        #expect(driver.events.count == 2)
        #expect(driver.state.leavesInputUnread)
    }

    @Test("Draining ends after its bytes or its time")
    func drainingEndsAfterBytesTime() {
        var driver = ProtocolDriver { $0.drainBytesMax = 100 }
        driver.receive("BAD\r\n")
        driver.state.beginDraining(now: driver.now, driver.limits)
        let within = driver.state.dropped(100, driver.limits)
        let beyond = driver.state.dropped(1, driver.limits)
        #expect(within && !beyond)
        driver.pass(.seconds(5))
        #expect(driver.events.last == .closed)
    }

    @Test("An idle connection is closed without a word")
    func idleConnectionClosedWithoutWord() {
        var fresh = ProtocolDriver()
        fresh.pass(.seconds(9))
        #expect(fresh.events.isEmpty)
        fresh.pass(.seconds(1))
        #expect(fresh.events == [.closed], "a new connection has ten seconds for its first byte")
        var driver = ProtocolDriver()
        driver.receive(Self.get)
        driver.pass(.seconds(74))
        #expect(driver.events.count == 1)
        driver.pass(.seconds(1))
        #expect(driver.events.last == .closed)
    }

    @Test("A head that drips is refused ten seconds after its first byte")
    func headDripsRefusedTenSeconds() {
        var driver = ProtocolDriver()
        driver.pass(.seconds(9))
        for byte in "GET / HTT".utf8 {
            driver.receive([byte])
            driver.pass(.seconds(1))
        }
        #expect(driver.events.isEmpty)
        driver.receive("P")
        driver.pass(.seconds(1))
        #expect(driver.events == [.refused(.headerTimeout)])
    }

    @Test("A body is refused when it is slower than the least rate, and when it takes too long")
    func bodyRefusedSlowerLeastRate() {
        let head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n"
        var slow = ProtocolDriver()
        slow.receive(head)
        slow.pass(.seconds(4))
        slow.receive([UInt8](repeating: 65, count: 2048))
        slow.pass(.milliseconds(2900))
        #expect(slow.events.isEmpty, "2 KiB pay for two seconds beyond the grace of five")
        slow.pass(.milliseconds(100))
        #expect(slow.events == [.refused(.bodyTimeout)])
        var long = ProtocolDriver()
        long.receive(head)
        for _ in 0..<29 {
            long.receive([UInt8](repeating: 65, count: 2048))
            long.pass(.seconds(1))
        }
        #expect(long.events.isEmpty)
        long.receive([UInt8](repeating: 65, count: 2048))
        long.pass(.seconds(1))
        #expect(long.events == [.refused(.bodyTimeout)])
    }

    @Test("An answer that takes too long is given up")
    func answerTakesTooLongGiven() {
        var driver = ProtocolDriver()
        driver.defersAnswers = true
        driver.receive(Self.get)
        driver.pass(.seconds(59))
        #expect(driver.events.count == 1)
        driver.pass(.seconds(1))
        #expect(driver.events.last == .refused(.handlerTimeout))
        #expect(driver.state.phase == .closing)
    }

    @Test("Output that waits has its own deadline, which moves with a peer that takes enough")
    func outputWaitsOwnDeadline() {
        var driver = ProtocolDriver { $0.outputBytesPerSecondMin = 10 }
        driver.receive(Self.get)
        func look(afterSeconds seconds: UInt64, _ delivered: Int) -> ConnectionState.Deadline {
            driver.state.deadlineReached(now: driver.now + seconds * 1_000_000_000, delivered: delivered, driver.limits)
        }
        driver.state.outputWaits(delivered: -100, now: driver.now, driver.limits)
        #expect(look(afterSeconds: 29, 0) == .notYet)
        #expect(look(afterSeconds: 30, 200) == .notYet, "300 bytes in 30 seconds are enough")
        #expect(look(afterSeconds: 59, 200) == .notYet)
        #expect(look(afterSeconds: 60, 499) == .close(.slowReader))
        driver.state.outputSent(now: driver.now, driver.limits)
        #expect(driver.state.deadline == driver.now + 75_000_000_000)
    }
}
