// The server over real sockets: what a client sees, byte for byte.

import Synchronization
import Testing

@testable import HTTPServer

@Suite("Live server", .timeLimit(.minutes(2)))
struct LiveServerTests {
    static func get(_ path: String, _ fields: String = "") -> String {
        "GET \(path) HTTP/1.1\r\nHost: a\r\n\(fields)\r\n"
    }

    @Test("A connection serves one request after another")
    func connectionServesRequestAfterAnother() async throws {
        try await withServer { address, server in
            let client = try TestClient(address)
            for index in 0..<20 {
                client.send(Self.get("/\(index)"))
                let response = try #require(client.readResponse())
                #expect(response.status == 200 && response.text == "/\(index)")
                #expect(response.fields["content-type"] == "text/plain")
                #expect(response.fields["date"]?.utf8.count == 29)
                #expect(response.fields["connection"] == nil)
            }
            #expect(server.counters.requests == 20 && server.counters.connectionsAccepted == 1)
        }
    }

    @Test("A hundred requests sent together are answered in order")
    func hundredRequestsSentTogetherAnswered() async throws {
        try await withServer { address, _ in
            let client = try TestClient(address)
            client.send((0..<100).map { Self.get("/\($0)") }.joined())
            for index in 0..<100 { #expect(client.readResponse()?.text == "/\(index)") }
        }
    }

    @Test("A request may come one byte at a time")
    func requestMayComeByteTime() async throws {
        try await withServer { address, _ in
            let client = try TestClient(address)
            let message = "POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
            for byte in message.utf8 { client.send([byte]) }
            #expect(client.readResponse()?.text == "/a hello")
        }
    }

    @Test("A large body comes through, by length and in chunks")
    func largeBodyComesThroughLength() async throws {
        let body = (0..<1_000_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        let application = TestApplication { request, response in
            response.body.append(request.body)
            return nil
        }
        try await withServer(application) { address, _ in
            let client = try TestClient(address)
            client.send(Array("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \(body.count)\r\n\r\n".utf8) + body)
            #expect(client.readResponse()?.body == body)
            client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
            for start in stride(from: 0, to: body.count, by: 100_000) {
                client.send(Array("186A0\r\n".utf8) + body[start..<(start + 100_000)] + [13, 10])
            }
            client.send("0\r\n\r\n")
            #expect(client.readResponse()?.body == body)
        }
    }

    @Test("HEAD, HTTP/1.0 and Connection: close are answered accordingly")
    func headHTTP10Connection() async throws {
        try await withServer { address, _ in
            let client = try TestClient(address)
            client.send("HEAD /abc HTTP/1.1\r\nHost: a\r\n\r\n" + Self.get("/x"))
            let head = client.readResponse(toHead: true)
            #expect(head?.fields["content-length"] == "4")
            #expect(client.readResponse()?.text == "/x")
            client.send(Self.get("/y", "Connection: close\r\n") + Self.get("/z"))
            let last = client.readToEnd()
            #expect(last.hasSuffix("/y") && last.contains("Connection: close\r\n"))

            let old = try TestClient(address)
            old.send("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            #expect(old.readResponse()?.fields["connection"] == "keep-alive")
            old.send("GET /b HTTP/1.0\r\n\r\n")
            #expect(old.readToEnd().hasSuffix("Connection: close\r\n\r\n/b"))
        }
    }

    @Test("100 Continue comes before the body, the answer after it")
    func case100ContinueComesBeforeBody() async throws {
        try await withServer { address, _ in
            let client = try TestClient(address)
            client.send("POST /a HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
            #expect(client.readResponse()?.status == 100)
            client.send("ok")
            #expect(client.readResponse()?.text == "/a ok")
        }
    }

    @Test(
        "A refused request gets one answer and the end",
        arguments: [
            ("BAD\r\n\r\n", 400), ("GET / HTTP/2.0\r\n\r\n", 505), ("BREW / HTTP/1.1\r\nHost: a\r\n\r\n", 501),
            ("TRACE / HTTP/1.1\r\nHost: a\r\n\r\n", 405), ("GET /\(String(repeating: "a", count: 9000))", 414),
            ("GET / HTTP/1.1\r\nHost: a\r\n\(String(repeating: "a: b\r\n", count: 101))\r\n", 431),
            ("POST / HTTP/1.1\r\nHost: a\r\nExpect: x\r\n\r\n", 417),
        ])
    func refusedRequestGetsAnswerEnd(message: String, status: Int) async throws {
        try await withServer { address, server in
            let client = try TestClient(address)
            client.send(message + Self.get("/never"))
            let response = try #require(client.readResponse())
            #expect(response.status == status)
            #expect(response.fields["connection"] == "close")
            #expect(response.fields["content-type"] == "application/problem+json")
            #expect(response.text.hasPrefix(#"{"type":"about:blank","title":""#))
            #expect(response.fields["allow"] == (status == 405 ? "" : nil))
            #expect(client.readToEnd() == "")
            #expect(server.counters.requests == 0)
            #expect(server.counters.rejections.reduce(0) { $0 + $1.count } == 1)
        }
    }

    @Test("The application may render refusals")
    func applicationMayRenderRefusals() async throws {
        struct Application: HTTPApplication {
            func respond(to request: borrowing HTTPRequest, _ response: inout ResponseWriter) -> DeferredResponse? {
                nil
            }
            func respond(toRejected rejected: RejectedRequest, _ response: inout ResponseWriter) {
                response.header("X-Reason", rejected.reason.name)
                response.header("X-Target", Array(rejected.target.prefix(20)).span)
                response.header("X-Known", rejected.request?.headerText("x-a") ?? "no")
                response.body.append("no")
            }
        }
        try await withServer(Application()) { address, _ in
            let client = try TestClient(address)
            client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n")
            let response = client.readResponse()
            #expect(response?.status == 400 && response?.text == "no")
            #expect(response?.fields["x-reason"] == "contentLengthInvalid")
            for (message, target, known) in [
                ("POST /a?b HTTP/1.1\r\nHost: a\r\nX-A: b\r\nContent-Length: 99999999\r\n\r\n", "/a?b", "b"),
                ("\r\nGET /%zz HTTP/1.1\r\nHost: a\r\nX-A: b\r\n\r\n", "/%zz", "no"),
                ("GET /\(String(repeating: "x", count: 9000))", "/" + String(repeating: "x", count: 19), "no"),
                ("GET /first HTTP/1.1\r\nHost: a\r\n\r\nGET /second HTTP/1.1\r\n\r\n", "/second", "no"),
                ("nonsense\r\n\r\n", "", "no"),
            ] {
                let client = try TestClient(address)
                client.send(message)
                if message.hasPrefix("GET /first") { _ = client.readResponse() }
                let response = client.readResponse()
                #expect(response?.fields["x-target"] == target, "\(message.prefix(30))")
                #expect(response?.fields["x-known"] == known, "\(message.prefix(30))")
            }
        }
    }

    @Test("A refusal is read by a client that is still sending")
    func refusalReadClientStillSending() async throws {
        try await withServer { address, _ in
            for _ in 0..<5 {
                let client = try TestClient(address)
                let body = [UInt8](repeating: 65, count: 10_000_000)
                client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \(body.count)\r\n\r\n")
                client.send(body)
                #expect(client.readResponse()?.status == 413)
                #expect(client.readToEnd() == "")
            }
        }
    }

    @Test("What the application writes is checked and framed")
    func applicationWritesCheckedFramed() async throws {
        let application = TestApplication { request, response in
            response.status = request.path.equals("/204") ? .noContent : .ok
            response.header("X-A", "b\r\nX-Evil: c")
            response.header("Content-Length", "99")
            response.body.append("hello")
            response.closesConnection = request.path.equals("/close")
            return nil
        }
        try await withServer(application) { address, _ in
            let client = try TestClient(address)
            client.send(Self.get("/204") + Self.get("/"))
            let empty = client.readResponse()
            #expect(empty?.status == 204 && empty?.fields["content-length"] == nil)
            let full = client.readResponse()
            #expect(full?.text == "hello" && full?.fields["x-a"] == "b  X-Evil: c" && full?.fields["x-evil"] == nil)
            client.send(Self.get("/close"))
            #expect(client.readToEnd().contains("Connection: close\r\n"))
        }
    }

    @Test("A request is seen as it was sent, in a view and in a snapshot")
    func requestSeenSentViewSnapshot() async throws {
        let application = TestApplication { request, response in
            let snapshot = request.snapshot()
            #expect(request.method == .post && snapshot.method == .post)
            #expect(request.path.string == "/a%20b" && snapshot.path == Array("/a%20b".utf8))
            #expect(request.query?.string == "c=d%21&e" && snapshot.query == Array("c=d%21&e".utf8))
            #expect(request.host?.string == "example.com:80" && snapshot.host == Array("example.com:80".utf8))
            #expect(request.header("x-a")?.string == "1" && snapshot.headerText("x-a") == "1")
            #expect(request.headerCount("x-a") == 2 && snapshot.headers("x-a") == [[49], [50]])
            #expect(request.header("x-b") == nil && snapshot.header("x-b") == nil)
            #expect(request.headerCount == 4 && snapshot.headerCount == 4)
            #expect(request.header(at: 2).name.string == "X-a" && snapshot.header(at: 2).value == [50])
            #expect(request.body.array == Array("body".utf8) && snapshot.body == Array("body".utf8))
            #expect(request.remoteAddress.host == "127.0.0.1" && snapshot.remoteAddress == request.remoteAddress)
            #expect((try? request.queryParameters())?["c"] == "d!" && (try? snapshot.queryParameters())?["e"] == "")
            #expect(!request.isLastOnConnection && request.minorVersion == 1 && snapshot.minorVersion == 1)
            response.status = .accepted
            return nil
        }
        try await withServer(application) { address, _ in
            let client = try TestClient(address)
            client.send(
                "POST http://example.com:80/a%20b?c=d%21&e HTTP/1.1\r\nHost: b\r\nX-A: 1\r\nX-a: 2\r\nContent-Length: 4\r\n\r\nbody"
            )
            #expect(client.readResponse()?.status == 202)
        }
    }

    @Test("Loops share a port, and a second server may not")
    func loopsSharePortSecondServer() async throws {
        try await withServer(loops: 3) { address, server in
            #expect(address.port != 0 && server.loops.count == 3)
            let clients = try (0..<30).map { _ in try TestClient(address) }
            for client in clients { client.send(Self.get("/")) }
            for client in clients { #expect(client.readResponse()?.status == 200) }
            let other = try HTTPServer(ServerConfiguration(address: address), application: TestApplication.echo)
            #expect(throws: ServerError.addressInUse(address)) { try other.start() }
            #expect(throws: ServerError.alreadyStarted) { try server.start() }
        }
    }

    @Test("A server listens on IPv6 where the machine has it")
    func serverListensIPv6WhereMachine() async throws {
        let configuration = ServerConfiguration(address: try SocketAddress("[::1]:0"), loopCount: 2)
        let server = try HTTPServer(configuration, application: TestApplication.echo)
        do {
            let address = try server.start()
            #expect(address.description.hasPrefix("[::1]:") && address.port != 0)
        } catch {
            print("Skipped: this machine has no IPv6 loopback: \(error)")
        }
        await server.shutdown(grace: .seconds(1))
    }

    @Test("A server that was never started may be shut down")
    func serverNeverStartedMayShut() async throws {
        let configuration = ServerConfiguration(address: try SocketAddress("127.0.0.1:0"))
        await (try HTTPServer(configuration, application: TestApplication.echo)).shutdown(grace: .seconds(1))
    }
}
