// The server's bounds over real sockets: slow clients, too many clients, clients that go away.

import Dispatch
import Synchronization
import TestSupport
import Testing

@testable import HTTPServer

@Suite("Live limit", .timeLimit(.minutes(2)))
struct LiveLimitTests {
    private static let get = LiveServerTests.get("/")

    @Test("A head that does not end is answered 408")
    func headEndAnswered408() async throws {
        try await withServer(TestApplication.echo, { $0.headerTimeout = .milliseconds(100) }) { address, server in
            let client = try TestClient(address)
            client.send("GET / HTTP/1.1\r\nHost:")
            #expect(client.readResponse()?.status == 408)
            #expect(client.readToEnd() == "")
            #expect(server.counters.rejections.first { $0.reason == .headerTimeout }?.count == 1)
        }
    }

    @Test("A body that does not end, or trickles, is answered 408")
    func bodyEndTricklesAnswered408() async throws {
        try await withServer(TestApplication.echo, { $0.bodyTimeout = .milliseconds(100) }) { address, _ in
            let client = try TestClient(address)
            client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhell")
            #expect(client.readResponse()?.status == 408)
        }
        try await withServer(TestApplication.echo, { $0.bodyRateGrace = .milliseconds(100) }) { address, _ in
            let client = try TestClient(address)
            client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhell")
            #expect(client.readResponse()?.status == 408)
        }
    }

    @Test("An idle connection is closed without a word")
    func idleConnectionClosedWithoutWord() async throws {
        try await withGrowingLimit(.milliseconds(100)) { limit in
            var isServed = false
            try await withServer(TestApplication.echo, { $0.idleTimeout = limit }) { address, _ in
                let fresh = try TestClient(address)
                #expect(fresh.readToEnd() == "")
                let used = try TestClient(address)
                used.send(Self.get)
                isServed = used.readResponse()?.status == 200
                #expect(used.readToEnd() == "")
            }
            return isServed
        }
    }

    @Test("A client that does not read is reset")
    func clientReadReset() async throws {
        let application = TestApplication { _, response in
            response.body.append([UInt8](repeating: 65, count: 16 << 20))
            return nil
        }
        try await withServer(application, { $0.writeStallTimeout = .milliseconds(100) }) { address, server in
            let client = try TestClient(address, receiveBufferBytes: 4096)
            client.send(Self.get)
            #expect(
                await eventually { server.counters.connectionsAccepted == 1 && server.counters.connectionsOpen == 0 })
            client.close()
        }
    }

    @Test("A client that reads slowly gets everything")
    func clientReadsSlowlyGetsEverything() async throws {
        let application = TestApplication { _, response in
            response.body.append([UInt8](repeating: 65, count: 4 << 20))
            return nil
        }
        try await withServer(application) { address, _ in
            let client = try TestClient(address, receiveBufferBytes: 4096)
            client.send(String(repeating: Self.get, count: 5))
            for _ in 0..<5 { #expect(client.readResponse()?.body.count == 4 << 20) }
        }
    }

    @Test("The last request a connection may send is answered with close")
    func lastRequestConnectionMaySend() async throws {
        try await withServer(TestApplication.echo, { $0.requestsPerConnectionMax = 3 }) { address, _ in
            let client = try TestClient(address)
            client.send(String(repeating: Self.get, count: 10))
            #expect(client.readResponse()?.fields["connection"] == nil)
            #expect(client.readResponse()?.fields["connection"] == nil)
            #expect(client.readResponse()?.fields["connection"] == "close")
            #expect(client.readToEnd() == "")
        }
    }

    @Test("A connection over the cap is answered 503, and the next is served when there is room")
    func connectionOverCapAnswered503() async throws {
        try await withServer(
            TestApplication.echo,
            {
                $0.connectionsMax = 2
                $0.idleBeforeEvictionMin = .seconds(60)
            }
        ) { address, server in
            let first = try TestClient(address)
            let second = try TestClient(address)
            first.send(Self.get)
            second.send(Self.get)
            #expect(first.readResponse()?.status == 200 && second.readResponse()?.status == 200)
            let third = try TestClient(address)
            third.send(Self.get)
            let refusal = third.readResponse()
            #expect(refusal?.status == 503 && refusal?.fields["retry-after"] == "1")
            #expect(third.readToEnd() == "")
            first.close()
            third.close()
            #expect(await eventually { server.counters.connectionsOpen == 1 })
            let fourth = try TestClient(address)
            fourth.send(Self.get)
            #expect(fourth.readResponse()?.status == 200)
        }
    }

    @Test("Clients that reset anywhere leave nothing behind")
    func clientsResetAnywhereLeaveNothing() async throws {
        let message = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"
        try await withServer { address, server in
            for count in stride(from: 0, through: message.utf8.count, by: 3) {
                let client = try TestClient(address)
                client.send(Array(message.utf8.prefix(count)))
                if count % 2 == 0 { client.reset() } else { client.close() }
            }
            let wanted = UInt64((message.utf8.count + 3) / 3)
            #expect(
                await eventually {
                    server.counters.connectionsAccepted == wanted && server.counters.connectionsOpen == 0
                })
        }
    }

    @Test("A client that ends its side is still answered")
    func clientEndsSideStillAnswered() async throws {
        try await withServer { address, _ in
            let client = try TestClient(address)
            client.send(String(repeating: Self.get, count: 40))
            client.endSending()
            for _ in 0..<40 { #expect(client.readResponse()?.status == 200) }
            #expect(client.readToEnd() == "")
            let partial = try TestClient(address)
            partial.send("GET / HTTP/1.1\r\n")
            partial.endSending()
            #expect(partial.readToEnd() == "")
        }
    }
}

@Suite("Turns of connections", .timeLimit(.minutes(2)))
struct TurnLimitTests {
    /// Answers with as many bytes as the target says, and notes the targets in their order; `/gate` holds up the loop.
    private final class Application: HTTPApplication {
        private let targets = Mutex<[String]>([])
        private let gate = DispatchSemaphore(value: 0)

        var served: [String] { targets.withLock { $0 } }

        func open() { gate.signal() }

        func respond(to request: borrowing HTTPRequest, _ response: inout ResponseWriter) -> DeferredResponse? {
            let target = String(decoding: request.path.array, as: UTF8.self)
            targets.withLock { $0.append(target) }
            if target == "/gate" { _ = gate.wait(timeout: .now() + 20) }
            let count = Int(target.split(separator: "/").last ?? "") ?? 0
            response.body.append([UInt8](repeating: 65, count: count))
            return nil
        }
    }

    /// The targets in the order in which one loop serves them, when two connections have sent them while it was busy.
    private func order(_ first: [String], _ second: [String]) async throws -> [String] {
        let application = Application()
        try await withServer(application) { address, _ in
            let clients = try [TestClient(address), TestClient(address), TestClient(address)]
            for client in clients {
                client.send(LiveServerTests.get("/0"))
                try #require(client.readResponse()?.status == 200)
            }
            clients[2].send(LiveServerTests.get("/gate"))
            try await waitUntil("the loop is busy") { application.served.last == "/gate" }
            clients[0].send(first.map { LiveServerTests.get($0) }.joined())
            clients[1].send(second.map { LiveServerTests.get($0) }.joined())
            application.open()
            for (client, targets) in zip(clients, [first, second]) {
                for _ in targets { #expect(client.readResponse()?.status == 200) }
            }
        }
        return Array(application.served.dropFirst(4))
    }

    @Test("A connection's requests are answered in one go up to their number, and then others have their turn")
    func requests() async throws {
        let count = HTTPServerLimits().pipelinedRequestsMax
        for excess in [0, 1] {
            let order = try await order(Array(repeating: "/a/1", count: count + excess), ["/b/1"])
            #expect(
                order == Array(repeating: "/a/1", count: count) + ["/b/1"] + Array(repeating: "/a/1", count: excess))
        }
    }

    @Test("Answers of one connection are collected up to their bytes, and then others have their turn")
    func output() async throws {
        // Content-Length has six digits here as below.
        var headCount = 0
        try await withServer(Application()) { address, _ in
            let client = try TestClient(address)
            client.send(LiveServerTests.get("/a/200000"))
            headCount = client.read(until: "\r\n\r\n").utf8.count
        }
        let count = HTTPServerLimits().outputBytesMax - headCount
        for missing in [0, 1] {
            let large = "/a/\(count - missing)"
            let order = try await order([large, "/a/1"], ["/b/1"])
            #expect(order == (missing == 0 ? [large, "/b/1", "/a/1"] : [large, "/a/1", "/b/1"]))
        }
    }

    @Test("Requests wait behind a deferred answer up to their bytes, and no more is read until it is sent")
    func waiting() async throws {
        let bytesMax = HTTPServerLimits().waitingBytesMax
        var driver = ProtocolDriver()
        driver.defersAnswers = true
        driver.receive(LiveServerTests.get("/"))
        let connection = ClientConnection(
            token: ConnectionToken(descriptor: 1, generation: 1), remoteAddress: try SocketAddress("127.0.0.1:1"),
            state: driver.state, interest: 0)
        for missing in [1, 0] {
            var input = InputBuffer(capacity: bytesMax)
            input.append([UInt8](repeating: 65, count: bytesMax - missing).span)
            connection.input = consume input
            #expect(connection.wantsInput(waitingBytesMax: bytesMax) == (missing == 1))
        }

        let gate = Gate()
        let application = TestApplication { request, _ in
            guard request.path.equals("/gate") else { return nil }
            return DeferredResponse {
                await gate.wait()
                return HTTPResponse(status: .ok)
            }
        }
        try await withServer(application) { address, server in
            let client = try TestClient(address)
            client.send(LiveServerTests.get("/gate"))
            try await waitUntil("the answer is made") { server.counters.requests == 1 }
            let before = server.counters.bytesReceived
            let count = 100
            let padding = "X: " + String(repeating: "a", count: 4000)
            client.send(String(repeating: "GET / HTTP/1.1\r\nHost: a\r\n\(padding)\r\n\r\n", count: count))
            try await waitUntil("as much is read as may wait") {
                server.counters.bytesReceived - before >= UInt64(bytesMax)
            }
            try await Task.sleep(for: .milliseconds(20))
            #expect(server.counters.bytesReceived - before < UInt64(bytesMax + 2 * LoopWorker.ownReceiveBytes))
            gate.open()
            for _ in 0...count { #expect(client.readResponse()?.status == 200) }
        }
    }
}
