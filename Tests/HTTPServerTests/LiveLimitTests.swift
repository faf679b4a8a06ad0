// The server's bounds over real sockets: slow clients, too many clients, clients that go away.

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
