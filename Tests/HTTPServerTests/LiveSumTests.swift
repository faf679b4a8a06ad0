// Bounds on sums over all connections: memory, connections of one address, room at the cap.

import Glibc
import TestSupport
import Testing

@testable import HTTPServer

@Suite("Live sum", .timeLimit(.minutes(2)))
struct LiveSumTests {
    private static let get = LiveServerTests.get("/")

    private static func ends(_ server: HTTPServer, _ reason: ConnectionEnd) -> UInt64? {
        server.counters.connectionEnds.first { $0.reason == reason }?.count
    }

    @Test("A body for which no memory is left is answered 503, and the others are served")
    func noMemoryForBody() async throws {
        let memory = MemoryBudget(bytesMax: 1 << 20)
        try await withServer(TestApplication.echo, loops: 2, { _ in }, memory: memory) { address, server in
            let half = [UInt8](repeating: 65, count: 150_000)
            let head = Array("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 300000\r\n\r\n".utf8)
            let clients = try (0..<20).map { _ in try TestClient(address) }
            for client in clients { client.send(head + half) }
            #expect(await eventually { memory.refusedCount > 0 })
            for client in clients { client.send(half) }
            let statuses = clients.map { $0.readResponse() }
            #expect(statuses.contains { $0?.status == 200 } && statuses.contains { $0?.status == 503 })
            for answer in statuses where answer?.status != 200 {
                #expect(answer?.status == 503 && answer?.fields["retry-after"] == "1")
            }
            #expect(memory.peakBytes <= 1 << 20)
            for client in clients { client.close() }
            #expect(await eventually { memory.usedBytes == 0 })
            #expect(server.counters.rejections.first { $0.reason == .memoryExhausted }?.count ?? 0 > 0)
        }
        #expect(memory.usedBytes == 0)
    }

    @Test("Output for which no memory is left ends its connection")
    func noMemoryForOutput() async throws {
        let memory = MemoryBudget(bytesMax: 1 << 20)
        let application = TestApplication { request, response in
            response.body.append([UInt8](repeating: 65, count: request.path.equals("/big") ? 32 << 20 : 10))
            return nil
        }
        try await withServer(application, loops: 1, { _ in }, memory: memory) { address, server in
            let client = try TestClient(address, receiveBufferBytes: 4096)
            client.send(LiveServerTests.get("/big"))
            #expect(await eventually { Self.ends(server, .memory) == 1 })
            let other = try TestClient(address)
            other.send(Self.get)
            #expect(other.readResponse()?.status == 200)
        }
        #expect(memory.usedBytes == 0)
    }

    @Test("Output that waits is refused also while the next request is being answered")
    func noMemoryForOutputBeforeNextRequest() async throws {
        // More than the kernel takes for a peer that does not read.
        let answerBytes = 6 << 20
        let memory = MemoryBudget(bytesMax: 40 << 20)
        let gate = Gate()
        let application = TestApplication { request, _ in
            let isLarge = request.path.equals("/large")
            return DeferredResponse {
                guard isLarge else {
                    await gate.wait()
                    return HTTPResponse(status: .ok)
                }
                await Task.yield()
                return HTTPResponse(status: .ok, body: [UInt8](repeating: 65, count: answerBytes))
            }
        }
        let pipelined = LiveServerTests.get("/large") + LiveServerTests.get("/held")
        try await withServer(application, loops: 1, { _ in }, memory: memory) { address, server in
            let clients = try (0..<16).map { _ in try TestClient(address, receiveBufferBytes: 4096) }
            for client in clients { client.send(pipelined) }
            #expect(await eventually { (Self.ends(server, .memory) ?? 0) >= 8 })
            #expect(memory.peakBytes <= memory.bytesMax + 16 * 1024)
            #expect(memory.usedBytes > memory.bytesMax / 2, "Those that came first keep their answers.")
            for client in clients { client.close() }
            gate.open()
            #expect(await eventually { memory.usedBytes == 0 })
        }
    }

    @Test("What a handler holds of a request counts until it is answered")
    func heldRequestCounts() async throws {
        let memory = MemoryBudget()
        let gate = Gate()
        let application = TestApplication { _, _ in
            DeferredResponse {
                await gate.wait()
                return HTTPResponse(status: .ok)
            }
        }
        try await withServer(application, loops: 1, { _ in }, memory: memory) { address, server in
            let client = try TestClient(address)
            let body = String(repeating: "a", count: 10_000)
            client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10000\r\n\r\n\(body)")
            #expect(await eventually { memory.usedBytes >= 10_000 })
            gate.open()
            #expect(client.readResponse()?.status == 200)
            #expect(await eventually { memory.usedBytes == 0 })
        }
    }

    @Test("An address has so many connections, and trusted peers have more", arguments: [true, false])
    func connectionsOfAddress(isTrusted: Bool) async throws {
        try await withServer(
            TestApplication.echo, loops: 2, { $0.connectionsPerAddressMax = 3 },
            trustedPeers: isTrusted ? AddressRange.loopback : []
        ) { address, server in
            let clients = try (0..<3).map { _ in try TestClient(address) }
            for client in clients { client.send(Self.get) }
            for client in clients { #expect(client.readResponse()?.status == 200) }
            let fourth = try TestClient(address)
            fourth.send(Self.get)
            #expect(fourth.readResponse()?.status == (isTrusted ? 200 : 503))
            let refused = server.counters.rejections.first { $0.reason == .tooManyConnectionsOfAddress }?.count
            #expect(refused == (isTrusted ? 0 : 1))
            fourth.close()
            clients[0].close()
            #expect(await eventually { server.counters.connectionsOpen == 2 })
            let next = try TestClient(address)
            next.send(Self.get)
            #expect(next.readResponse()?.status == 200)
        }
    }

    @Test("At the cap the longest idle connection makes room")
    func longestIdleMakesRoom() async throws {
        try await withServer(
            TestApplication.echo,
            {
                $0.connectionsMax = 3
                $0.idleBeforeEvictionMin = .zero
            }
        ) { address, server in
            let clients = try (0..<3).map { _ in try TestClient(address) }
            for client in clients {
                client.send(Self.get)
                #expect(client.readResponse()?.status == 200)
            }
            // The first is used again, so the second is idle for longest.
            clients[0].send(Self.get)
            #expect(clients[0].readResponse()?.status == 200)
            let fourth = try TestClient(address)
            fourth.send(Self.get)
            #expect(fourth.readResponse()?.status == 200)
            #expect(clients[1].readToEnd() == "")
            for client in [clients[0], clients[2], fourth] {
                client.send(Self.get)
                #expect(client.readResponse()?.status == 200)
            }
            #expect(Self.ends(server, .evicted) == 1)
        }
    }

    @Test("At the cap the longest idle connection of all loops makes room, whichever loop accepts the new one")
    func longestIdleOfAllLoops() async throws {
        try await withServer(
            TestApplication.echo, loops: 3,
            {
                $0.connectionsMax = 16
                $0.idleBeforeEvictionMin = .milliseconds(1)
            }
        ) { address, server in
            let clients = try (0..<16).map { _ in
                let client = try TestClient(address)
                client.send(Self.get)
                #expect(client.readResponse()?.status == 200)
                usleep(2000)
                return client
            }
            var later: [TestClient] = []
            for longest in clients.prefix(10) {
                let client = try TestClient(address)
                client.send(Self.get)
                #expect(client.readResponse()?.status == 200)
                #expect(longest.readToEnd() == "")
                later.append(client)
            }
            for client in clients.dropFirst(10) + later {
                client.send(Self.get)
                #expect(client.readResponse()?.status == 200)
            }
            #expect(Self.ends(server, .evicted) == 10)
            #expect(server.counters.rejections.first { $0.reason == .tooManyConnections }?.count == 0)
        }
    }

    @Test("A new connection has a time for its first byte")
    func firstByte() async throws {
        try await withServer(TestApplication.echo, { $0.firstByteTimeout = .milliseconds(100) }) { address, server in
            let client = try TestClient(address)
            #expect(client.readToEnd() == "")
            #expect(Self.ends(server, .firstByte) == 1)
        }
    }

    @Test("A reader slower than the least rate is reset", arguments: [true, false])
    func slowReader(isStreamed: Bool) async throws {
        let piece = [UInt8](repeating: 65, count: 1 << 16)
        let application = TestApplication { _, response in
            if isStreamed {
                return DeferredResponse {
                    HTTPResponse(
                        status: .ok, stream: StreamedBody { writer in while true { try await writer.write(piece) } })
                }
            }
            response.body.append([UInt8](repeating: 65, count: 16 << 20))
            return nil
        }
        try await withServer(
            application,
            {
                $0.writeStallTimeout = .milliseconds(200)
                $0.outputBytesPerSecondMin = 1 << 30
            }
        ) { address, server in
            let client = try TestClient(address, receiveBufferBytes: 4096)
            client.send(Self.get)
            let reads = client.read(until: "\r\n\r\n")
            #expect(reads.hasPrefix("HTTP/1.1 200"))
            #expect(await eventually { Self.ends(server, .slowReader) == 1 })
        }
    }

    @Test(
        "A range has the addresses of its prefix",
        arguments: [
            ("10.0.0.0/8", "10.255.1.2:1", true), ("10.0.0.0/8", "11.0.0.1:1", false), ("0.0.0.0/0", "1.2.3.4:1", true),
            ("127.0.0.1", "127.0.0.1:9", true), ("127.0.0.1", "127.0.0.2:9", false), ("::1", "[::1]:1", true),
            ("fd00::/8", "[fd12::1]:1", true), ("fd00::/8", "[fe80::1]:1", false), ("::/0", "[::1]:1", true),
            ("2001:db8::/65", "[2001:db8::7fff:1:2:3]:1", true), ("2001:db8::/65", "[2001:db8::8000:1:2:3]:1", false),
            ("0.0.0.0/0", "[::1]:1", false),
        ])
    func ranges(range: String, address: String, isInside: Bool) throws {
        #expect(try #require(AddressRange(range)).contains(try SocketAddress(address)) == isInside)
    }

    @Test(
        "A malformed range is refused",
        arguments: [
            "", "/", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "a", "::1/129", "1.2.3.4/+8", "1.2.3.4/8/8",
            "1.2.3.4:80",
        ])
    func malformedRange(text: String) { #expect(AddressRange(text) == nil) }

    @Test("Connections that send large bodies leave the loop to one with short requests, and all are served")
    func largeBodiesTakeTurns() async throws {
        let bodyBytes = 4 << 20
        let application = TestApplication { request, response in
            response.body.append(request.body.isEmpty ? "short" : "\(request.body.count)")
            return nil
        }
        try await withServer(
            application, loops: 1, { $0.bodyBytesMax = bodyBytes }, memory: MemoryBudget(bytesMax: 1 << 30)
        ) {
            address, server in
            let senders = try (0..<8).map { _ in try TestClient(address) }
            let sending = senders.map { client in
                nonisolated(unsafe) let client = client
                return Task {
                    try await onOwnThread {
                        unsafe client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \(bodyBytes)\r\n\r\n")
                        for _ in 0..<(bodyBytes / 65_536) {
                            _ = unsafe client.send([UInt8](repeating: 65, count: 65_536))
                        }
                        return unsafe client.readResponse()?.text
                    }
                }
            }
            #expect(await eventually { server.counters.bytesReceived > bodyBytes })
            let short = try TestClient(address)
            for _ in 0..<20 {
                short.send(Self.get)
                #expect(short.readResponse()?.text == "short")
            }
            for task in sending { #expect(try await task.value == "\(bodyBytes)") }
        }
    }
}
