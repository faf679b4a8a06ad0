// The limits of connections and requests from both sides: what reaches one passes, and one more does not. No socket.

import Testing

@testable import HTTPServer

@Suite("Limits of connections and requests", .timeLimit(.minutes(2)))
struct LimitEdgeTests {
    /// A limit in a unit of its own, and what is received when it is used up to `count`.
    struct Size: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let max: @Sendable (inout HTTPServerLimits) -> Int
        let refusal: RequestRejection
        let message: @Sendable (_ count: Int) -> String

        init(
            _ name: String, _ max: @escaping @Sendable (inout HTTPServerLimits) -> Int, _ refusal: RequestRejection,
            _ message: @escaping @Sendable (Int) -> String
        ) {
            testDescription = name
            self.max = max
            self.refusal = refusal
            self.message = message
        }
    }

    private static func text(_ count: Int) -> String { String(repeating: "a", count: count) }
    private static func chunked(_ lines: String) -> String {
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\(lines)0\r\n\r\n"
    }

    static let sizes = [
        Size("requestLineBytesMax", { $0.requestLineBytesMax }, .targetTooLong) { count in
            "GET /\(text(count - 14)) HTTP/1.1\r\nHost: a\r\n\r\n"
        },
        Size("headerBytesMax", { $0.headerBytesMax }, .headerTooLarge) { count in
            let whole = "B: \(text(1019))\r\n"
            let rest = count - "Host: a\r\n\r\n".utf8.count - whole.utf8.count * (count / 1024 - 1)
            return "GET / HTTP/1.1\r\nHost: a\r\n\(String(repeating: whole, count: count / 1024 - 1))"
                + "B: \(text(rest - 5))\r\n\r\n"
        },
        Size("fieldLineBytesMax", { $0.fieldLineBytesMax }, .headerTooLarge) { count in
            "GET / HTTP/1.1\r\nHost: a\r\nB: \(text(count - 3))\r\n\r\n"
        },
        Size("cookieLineBytesMax", { $0.cookieLineBytesMax }, .headerTooLarge) { count in
            "GET / HTTP/1.1\r\nHost: a\r\nCookie: \(text(count - 8))\r\n\r\n"
        },
        Size("headerFieldsMax", { $0.headerFieldsMax }, .tooManyFields) { count in
            "GET / HTTP/1.1\r\nHost: a\r\n\((1..<count).map { "F\($0): x\r\n" }.joined())\r\n"
        },
        Size("bodyBytesMax", { $0.bodyBytesMax }, .bodyTooLarge) { count in
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \(count)\r\n\r\n\(text(count))"
        },
        Size("bodyBytesMax, chunked", { $0.bodyBytesMax }, .bodyTooLarge) { count in
            chunked("\(String(count - 1, radix: 16))\r\n\(text(count - 1))\r\n1\r\na\r\n")
        },
        Size("chunkLineBytesMax", { $0.chunkLineBytesMax }, .chunkInvalid) { count in
            chunked("1;b=\(text(count - 4))\r\na\r\n")
        },
        Size(
            "chunkExcessBytesMax",
            {
                // One chunk of one byte, whose line is free up to 16 bytes with its ends.
                $0.chunkExcessBytesMax = 100
                return $0.chunkExcessBytesMax
            }, .chunkInvalid
        ) { count in
            chunked("1;b=\(text(count + 16 - 6))\r\na\r\n")
        },
    ]

    @Test("A message at a limit of its size is answered, and one above is refused for it", arguments: sizes)
    func sizeEdges(size: Size) {
        for excess in [0, 1] {
            var max = 0
            var driver = ProtocolDriver { max = size.max(&$0) }
            driver.receive(size.message(max + excess))
            #expect(driver.refusals == (excess == 0 ? [] : [size.refusal]))
            #expect(driver.requests.count == 1 - excess)
        }
    }

    /// A time limit, and what has to happen before it runs.
    struct Time: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let limit: @Sendable (HTTPServerLimits) -> Duration
        let end: ProtocolDriver.Event
        let begin: @Sendable (inout ProtocolDriver) -> Void

        init(
            _ name: String, _ limit: @escaping @Sendable (HTTPServerLimits) -> Duration, _ end: ProtocolDriver.Event,
            _ begin: @escaping @Sendable (inout ProtocolDriver) -> Void
        ) {
            testDescription = name
            self.limit = limit
            self.end = end
            self.begin = begin
        }
    }

    private static let get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
    private static let post = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n"

    static let times = [
        Time("firstByteTimeout", { $0.firstByteTimeout }, .closed) { _ in },
        Time("idleTimeout", { $0.idleTimeout }, .closed) { $0.receive(get) },
        Time("headerTimeout", { $0.headerTimeout }, .refused(.headerTimeout)) { $0.receive("GET") },
        Time("handlerTimeout", { $0.handlerTimeout }, .refused(.handlerTimeout)) { driver in
            driver.defersAnswers = true
            driver.receive(get)
        },
        Time("bodyRateGrace", { $0.bodyRateGrace }, .refused(.bodyTimeout)) { $0.receive(post) },
        Time("streamRateWindow", { $0.streamRateWindow }, .refused(.bodyTimeout)) { driver in
            driver.decision = .stream(bytesMax: 1 << 20)
            driver.receive(post)
        },
        Time("discardTimeout", { $0.discardTimeout }, .closed) { driver in
            driver.decision = .refuse
            driver.receive("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc")
        },
        Time("drainTimeout", { $0.drainTimeout }, .closed) { driver in
            driver.receive("BAD\r\n")
            driver.state.beginDraining(now: driver.now, driver.limits)
        },
        Time("lingerTimeout", { $0.lingerTimeout }, .closed) { driver in
            driver.receive("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            driver.state.beginDraining(now: driver.now, driver.limits)
        },
    ]

    @Test("Nothing happens a millisecond before a time limit, and at it the connection ends for it", arguments: times)
    func timeEdges(time: Time) {
        var driver = ProtocolDriver()
        time.begin(&driver)
        let count = driver.events.count
        driver.pass(time.limit(driver.limits.limits) - .milliseconds(1))
        #expect(driver.events.count == count)
        driver.pass(.milliseconds(1))
        #expect(driver.events.count == count + 1 && driver.events.last == time.end)
    }

    @Test("A body at the least rate is read until it takes too long, and one that is slower is refused before")
    func bodyEdges() {
        for missing in [0, 1] {
            var driver = ProtocolDriver()
            driver.receive(Self.post)
            let limits = driver.limits.limits
            driver.pass(limits.bodyRateGrace - .milliseconds(1))
            driver.receive([UInt8](repeating: 65, count: limits.bodyBytesPerSecondMin - missing))
            // A byte pays for a little less than a millisecond.
            driver.pass(.microseconds(1_000_500))
            #expect(driver.refusals == (missing == 0 ? [] : [.bodyTimeout]))
        }
        var driver = ProtocolDriver()
        driver.receive(Self.post)
        let limits = driver.limits.limits
        for _ in 1..<Int(limits.bodyTimeout / .seconds(1)) {
            driver.receive([UInt8](repeating: 65, count: limits.bodyBytesPerSecondMin))
            driver.pass(.seconds(1))
        }
        driver.receive([UInt8](repeating: 65, count: limits.bodyBytesPerSecondMin))
        driver.pass(.milliseconds(999))
        #expect(driver.refusals.isEmpty)
        driver.pass(.milliseconds(1))
        #expect(driver.refusals == [.bodyTimeout])
    }

    @Test("A body is dropped up to the bound of that, and one byte more ends the connection")
    func discardEdges() {
        for excess in [0, 1] {
            var driver = ProtocolDriver()
            driver.decision = .refuse
            let count = driver.limits.limits.discardBytesMax + excess
            driver.receive("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \(count)\r\n\r\n")
            #expect(driver.events == [.headRefused(isLast: excess == 1)])
        }
        var driver = ProtocolDriver()
        driver.receive("BAD\r\n")
        driver.state.beginDraining(now: driver.now, driver.limits)
        let within = driver.state.dropped(driver.limits.limits.drainBytesMax, driver.limits)
        let beyond = driver.state.dropped(1, driver.limits)
        #expect(within && !beyond)
    }

    @Test("A connection has its number of requests, and the last one says so")
    func requestsEdge() {
        var driver = ProtocolDriver { $0.requestsPerConnectionMax = 3 }
        for _ in 0..<driver.limits.limits.requestsPerConnectionMax { driver.receive(Self.get) }
        let isLast = driver.events.map { if case .request(_, let isLast) = $0 { isLast } else { false } }
        #expect(isLast == [false, false, true])
        driver.receive(Self.get)
        #expect(driver.requests.count == 3)
    }

    @Test("A writer takes pieces while less than its buffer waits, and the reader's side takes them")
    func streamBuffer() {
        let bufferBytesMax = HTTPServerLimits().streamBufferBytesMax
        let writer = BodyWriter(
            .untilClose, budget: MemoryBudget(), bufferBytesMax: bufferBytesMax, announce: {})
        #expect(writer.offer([UInt8](repeating: 65, count: bufferBytesMax - 1)))
        #expect(writer.offer([65]), "one byte less than the buffer waits")
        #expect(!writer.offer([65]))
        var output = ByteBuffer(capacity: 64)
        writer.take(into: &output)
        #expect(output.count == bufferBytesMax && writer.offer([65]))
    }

    @Test("Output that waits has its time and its least rate, and a peer that keeps them keeps its connection")
    func outputEdges() {
        for missing in [0, 1] {
            var driver = ProtocolDriver()
            let limits = driver.limits.limits
            driver.receive(Self.get)
            driver.state.outputWaits(delivered: 0, now: driver.now, driver.limits)
            let stall = UInt64(limits.writeStallTimeout.components.seconds)
            let enough = Int(stall) * limits.outputBytesPerSecondMin
            func look(_ nanoseconds: UInt64, _ delivered: Int) -> ConnectionState.Deadline {
                driver.state.deadlineReached(now: driver.now + nanoseconds, delivered: delivered, driver.limits)
            }
            #expect(look(stall * 1_000_000_000 - 1, 0) == .notYet)
            #expect(
                look(stall * 1_000_000_000, enough - missing) == (missing == 0 ? .notYet : .close(.slowReader)))
        }
    }
}
