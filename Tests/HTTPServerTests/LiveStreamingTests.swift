// Bodies and answers in pieces, over real sockets: order, back-pressure, ends and failures.

import Synchronization
import TestSupport
import Testing

@testable import HTTPServer

@Suite("Live streaming", .timeLimit(.minutes(2)))
struct LiveStreamingTests {
    private static func post(_ path: String, _ fields: String, _ version: String = "HTTP/1.1") -> String {
        "POST \(path) \(version)\r\nHost: a\r\n\(fields)\r\n\r\n"
    }

    /// Answers with what it reads, as it reads it.
    private static let mirror = TestApplication(deciding: { _, _ in
        .stream(bytesMax: 1 << 40) { reader in
            HTTPResponse(
                status: .ok,
                stream: StreamedBody { writer in
                    while let piece = try await reader.next() {
                        try await writer.write(piece)
                    }
                })
        }
    })

    /// Counts what it reads, then answers.
    private static let counter = TestApplication(deciding: { _, _ in
        .stream(bytesMax: 1 << 40) { reader in
            var count = 0
            do { while let piece = try await reader.next() { count += piece.count } } catch {
                return HTTPResponse(status: .badRequest)
            }
            return HTTPResponse(status: .ok, body: Array("\(count)".utf8))
        }
    })

    /// Answers GET with what `produce` writes.
    private static func producer(
        lengthBytes: Int? = nil, _ produce: @escaping @Sendable (BodyWriter) async throws -> Void
    ) -> TestApplication {
        TestApplication { _, _ in
            DeferredResponse { HTTPResponse(status: .ok, stream: StreamedBody(lengthBytes: lengthBytes, produce)) }
        }
    }

    private static let piece = [UInt8](repeating: 65, count: 64 * 1024)

    @Test("A body is answered while it comes")
    func bodyIsAnsweredWhileItComes() async throws {
        try await withServer(Self.mirror) { address, server in
            let client = try TestClient(address)
            for _ in 0..<2 {
                client.send(Self.post("/", "Content-Length: 10") + "hello")
                client.send("world")
                let answer = client.readResponse()
                #expect(answer?.text == "helloworld" && answer?.fields["transfer-encoding"] == "chunked")
                client.send(Self.post("/", "Transfer-Encoding: chunked") + "5\r\nhe")
                client.send("llo\r\n0\r\n\r\n" + LiveServerTests.get("/behind"))
                #expect(client.readResponse()?.text == "hello")
                #expect(client.readResponse()?.text == "/behind")
            }
            #expect(server.counters.streamedAnswers == 4)
        }
    }

    @Test("64 MB go through in each direction while little is in memory")
    func manyBytesLittleMemory() async throws {
        let memory = MemoryBudget(bytesMax: 4 << 20)
        try await withServer(Self.counter, loops: 1, { _ in }, memory: memory) { address, _ in
            let client = try TestClient(address)
            client.send(Self.post("/", "Content-Length: \(64 << 20)"))
            for _ in 0..<1024 { client.send(Self.piece) }
            #expect(client.readResponse()?.text == "\(64 << 20)")
        }
        let application = Self.producer { writer in for _ in 0..<1024 { try await writer.write(Self.piece) } }
        try await withServer(application, loops: 1, { _ in }, memory: memory) { address, _ in
            let client = try TestClient(address)
            client.send(LiveServerTests.get("/"))
            #expect(client.readResponse()?.body.count == 64 << 20)
        }
        #expect(memory.usedBytes == 0 && memory.refusedCount == 0)
    }

    @Test("A handler that does not read stops the client, and continues with it")
    func handlerThatDoesNotRead() async throws {
        let gate = Gate()
        let application = TestApplication(deciding: { _, _ in
            .stream(bytesMax: 1 << 40) { reader in
                await gate.wait()
                let count = (try? await reader.collect(bytesMax: 1 << 30))?.count
                return HTTPResponse(status: .ok, body: Array("\(count ?? -1)".utf8))
            }
        })
        try await withServer(application) { address, server in
            let client = try TestClient(address)
            client.send(Self.post("/", "Content-Length: \(32 << 20)"))
            nonisolated(unsafe) let sender = client
            async let sent = onOwnThread { (0..<512).allSatisfy { _ in unsafe sender.send(Self.piece) } }
            #expect(await eventually { server.counters.bytesReceived > 256 << 10 })
            // The kernel holds some bytes; the server takes no more until the handler reads.
            try await Task.sleep(for: .milliseconds(200))
            #expect(server.counters.bytesReceived < 1 << 20)
            gate.open()
            #expect(client.readResponse()?.text == "\(32 << 20)")
            #expect(try await sent)
        }
    }

    @Test("A client that does not read stops the handler, and continues with it")
    func clientThatDoesNotRead() async throws {
        let written = Atomic<Int>(0)
        let count = 512
        let application = Self.producer(lengthBytes: count * Self.piece.count) { writer in
            for _ in 0..<count {
                try await writer.write(Self.piece)
                written.add(1, ordering: .relaxed)
            }
        }
        try await withServer(application) { address, _ in
            let client = try TestClient(address, receiveBufferBytes: 4096)
            client.send(LiveServerTests.get("/"))
            #expect(await eventually { written.load(ordering: .relaxed) > 0 })
            try await Task.sleep(for: .milliseconds(200))
            #expect(written.load(ordering: .relaxed) < count / 2)
            let answer = client.readResponse()
            #expect(answer?.body.count == count * Self.piece.count && answer?.fields["transfer-encoding"] == nil)
        }
    }

    @Test("Events reach the client one by one, written from anywhere")
    func eventsOneByOne() async throws {
        let writers = Mutex<[BodyWriter]>([])
        let gate = Gate()
        let application = Self.producer { writer in
            writers.withLock { $0.append(writer) }
            await gate.wait()
        }
        try await withServer(application) { address, server in
            let client = try TestClient(address)
            client.send(LiveServerTests.get("/"))
            #expect(await eventually { writers.withLock { $0.count } == 1 })
            let head = client.read(until: "\r\n\r\n")
            #expect(head.contains("Transfer-Encoding: chunked"))
            let writer = writers.withLock { $0[0] }
            for number in 0..<10 {
                #expect(writer.offer(Array("event \(number)\n\n".utf8)))
                #expect(client.read(until: "\n\n\r\n") == "9\r\nevent \(number)\n\n\r\n")
            }
            gate.open()
            #expect(client.read(until: "0\r\n\r\n") == "0\r\n\r\n")
            #expect(!writer.offer([65]))
            client.send(LiveServerTests.get("/"))
            #expect(client.readResponse()?.body == [])
            #expect(server.counters.connectionsAccepted == 1)
        }
    }

    @Test(
        "The handler of an endless answer learns that the server shuts down, and its end closes the connection at once")
    func endlessAnswerEndsAtShutdown() async throws {
        let begun = Atomic<Int>(0)
        let application = Self.producer { writer in
            let gate = Gate()
            writer.onEnding { gate.open() }
            try await writer.write(Array("first\n\n".utf8))
            begun.add(1, ordering: .relaxed)
            await gate.wait()
            #expect(writer.isEnding)
            try await writer.write(Array("last\n\n".utf8))
        }
        try await withServer(application, loops: 2) { address, server in
            let clients = try (0..<4).map { _ in try TestClient(address) }
            for client in clients {
                client.send(LiveServerTests.get("/"))
                #expect(client.read(until: "first\n\n\r\n").contains("Transfer-Encoding: chunked"))
            }
            #expect(await eventually { begun.load(ordering: .relaxed) == clients.count })
            let clock = ContinuousClock()
            let begin = clock.now
            let end = Task(executorPreference: server.executor) { await server.shutdown(grace: .seconds(60)) }
            for client in clients {
                #expect(client.readToEnd() == "6\r\nlast\n\n\r\n0\r\n\r\n")
            }
            await end.value
            #expect(clock.now - begin < .seconds(20), "the grace is a minute")
        }
    }

    @Test("A writer calls back once at the server's end, at once behind it, and not when its answer has ended")
    func writerCallsBack() {
        func writer() -> BodyWriter {
            BodyWriter(.chunked, budget: MemoryBudget(), bufferBytesMax: 1024, announce: {})
        }
        let calls = Atomic<Int>(0)
        let open = writer()
        open.onEnding { calls.add(1, ordering: .relaxed) }
        #expect(!open.isEnding && calls.load(ordering: .relaxed) == 0)
        open.serverEnds()
        open.serverEnds()
        #expect(open.isEnding && calls.load(ordering: .relaxed) == 1)
        open.onEnding { calls.add(10, ordering: .relaxed) }
        #expect(calls.load(ordering: .relaxed) == 11 && open.offer([65]))
        var output = ByteBuffer(capacity: 64)
        for end in [{ _ = $0.finish(into: &output) }, { $0.fail(.connectionClosed) }] as [(BodyWriter) -> Void] {
            let ended = writer()
            ended.onEnding { calls.add(100, ordering: .relaxed) }
            end(ended)
            ended.serverEnds()
            #expect(ended.isEnding && calls.load(ordering: .relaxed) == 11)
        }
    }

    @Test("HTTP/1.0 gets no chunks, HEAD no body, 204 neither")
    func otherPeers() async throws {
        let runs = Atomic<Int>(0)
        let application = TestApplication { request, _ in
            let status: HTTPStatus = request.path.equals("/204") ? .noContent : .ok
            let length = request.path.equals("/5") ? 5 : nil
            return DeferredResponse {
                HTTPResponse(
                    status: status,
                    stream: StreamedBody(lengthBytes: length) { writer in
                        runs.add(1, ordering: .relaxed)
                        try await writer.write(Array("hello".utf8))
                    })
            }
        }
        try await withServer(application) { address, _ in
            let old = try TestClient(address)
            old.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            let answer = old.readToEnd()
            #expect(answer.hasSuffix("\r\n\r\nhello") && answer.contains("Connection: close\r\n"))
            #expect(!answer.contains("Transfer-Encoding") && !answer.contains("Content-Length"))
            let client = try TestClient(address)
            client.send("HEAD /5 HTTP/1.1\r\nHost: a\r\n\r\nHEAD / HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(client.readResponse(toHead: true)?.fields["content-length"] == "5")
            #expect(client.readResponse(toHead: true)?.fields["content-length"] == nil)
            client.send(LiveServerTests.get("/204"))
            let empty = client.readResponse(toHead: true)
            #expect(empty?.status == 204 && empty?.fields["transfer-encoding"] == nil)
            #expect(runs.load(ordering: .relaxed) == 1)
            client.send(LiveServerTests.get("/5") + LiveServerTests.get("/"))
            #expect(client.readResponse()?.text == "hello")
            #expect(client.readResponse()?.text == "hello")
        }
    }

    @Test("An answer that fails ends the connection without its last chunk", arguments: [nil, 3, 9])
    func answerThatFails(lengthBytes: Int?) async throws {
        struct Failure: Error {}
        let application = Self.producer(lengthBytes: lengthBytes) { writer in
            try await writer.write(Array("hello".utf8))
            if lengthBytes == nil { throw Failure() }
        }
        try await withServer(application) { address, server in
            for version in ["HTTP/1.1", "HTTP/1.0"] {
                let client = try TestClient(address)
                client.send("GET / \(version)\r\nHost: a\r\n\r\n" + LiveServerTests.get("/behind"))
                let answer = client.readToEnd()
                #expect(!answer.contains("\r\n0\r\n") && answer.components(separatedByLineEnds: "HTTP/1.").count <= 2)
            }
            #expect(server.counters.connectionEnds.first { $0.reason == .failedAnswer }?.count == 2)
        }
    }

    @Test("A handler that answers before it has read ends the connection unless the rest is short")
    func answerBeforeBody() async throws {
        let application = TestApplication(deciding: { _, _ in
            .stream(bytesMax: 1 << 30) { _ in HTTPResponse(status: .conflict) }
        })
        try await withServer(application) { address, _ in
            let short = try TestClient(address)
            short.send(Self.post("/", "Content-Length: 10") + "hel")
            #expect(short.readResponse()?.fields["connection"] == nil)
            short.send("lowrld!" + LiveServerTests.get("/next"))
            #expect(short.readResponse()?.text == "/next")
            let long = try TestClient(address)
            long.send(Self.post("/", "Content-Length: \(1 << 20)") + LiveServerTests.get("/smuggled"))
            let answer = long.readResponse()
            #expect(answer?.status == 409 && answer?.fields["connection"] == "close")
            #expect(long.readToEnd() == "")
        }
    }

    @Test("A client that goes away wakes its handler", arguments: [true, false])
    func clientGoesAway(whileReading: Bool) async throws {
        let outcome = Mutex<[BodyError]>([])
        let application = TestApplication(deciding: { _, _ in
            .stream(bytesMax: 1 << 30) { reader in
                do {
                    while try await reader.next() != nil {}
                } catch let error as BodyError { outcome.withLock { $0.append(error) } } catch {}
                return HTTPResponse(
                    status: .ok,
                    stream: StreamedBody { writer in
                        do { while true { try await writer.write(Self.piece) } } catch let error as BodyError {
                            outcome.withLock { $0.append(error) }
                            throw error
                        }
                    })
            }
        })
        try await withServer(application) { address, server in
            let client = try TestClient(address)
            client.send(Self.post("/", "Content-Length: 10") + (whileReading ? "hello" : "helloworld"))
            #expect(await eventually { server.counters.requests == 1 })
            client.reset()
            #expect(await eventually { outcome.withLock { $0.last } == .connectionClosed })
            #expect(await eventually { server.counters.connectionsOpen == 0 })
        }
    }

    @Test("A malformed chunk is answered 400 while no answer has begun")
    func malformedChunk() async throws {
        try await withServer(Self.counter) { address, _ in
            let client = try TestClient(address)
            client.send(Self.post("/", "Transfer-Encoding: chunked") + "5\r\nhello\r\n")
            client.send("x\r\n")
            #expect(client.readResponse()?.status == 400)
            #expect(client.readToEnd() == "")
        }
        try await withServer(Self.mirror) { address, _ in
            let client = try TestClient(address)
            client.send(Self.post("/", "Transfer-Encoding: chunked") + "5\r\nhello\r\n")
            #expect(client.read(until: "hello\r\n").hasSuffix("5\r\nhello\r\n"))
            client.send("x\r\n")
            #expect(client.readToEnd() == "")
        }
    }
}
