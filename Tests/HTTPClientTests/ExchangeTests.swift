// Requests as they go out and responses as they come in: framing, header fields, connection reuse, what is not followed.

import Testing

@testable import HTTPClient

@Suite("Exchange", .timeLimit(.minutes(2)))
struct ExchangeTests {
    @Test("A response has its status, its header fields in order and its body")
    func plainResponse() async throws {
        try await withServer { connection in
            while connection.request() != nil {
                connection.send(
                    "HTTP/1.1 201 Created\r\nContent-Length: 5\r\nX-One: 1\r\nx-two:  b \t\r\nX-ONE: 2\r\nEmpty:\r\n\r\nhello"
                )
            }
        } test: { server, client async throws in
            let response = try await client.send(.init(url: server.url("/a?b=c")))
            #expect(response.status == 201)
            #expect(response.body == Array("hello".utf8))
            #expect(response.headers["x-one"] == "1")
            #expect(response.headers.all("X-One") == ["1", "2"])
            #expect(response.headers["X-TWO"] == "b")
            #expect(response.headers["empty"] == "")
            #expect(response.headers["absent"] == nil)
            #expect(response.headers.all.map(\.name) == ["Content-Length", "X-One", "x-two", "X-ONE", "Empty"])
            #expect(!response.reusedConnection)
            #expect(response.duration > .zero)
            #expect(client.counters.succeeded == 1)
            #expect(client.counters.bodyBytesReceived == 5)
        }
    }

    @Test("A request goes out with its method, path, header fields and body, and with nothing that was not asked for")
    func requestBytes() async throws {
        var configuration = HTTPClient.Configuration.reachingAll
        configuration.userAgent = "test-agent/1"
        try await withServer(configuration) { connection in
            while let request = connection.request() {
                let body = Array(request.utf8)
                connection.send("HTTP/1.1 200 OK\r\nContent-Length: \(body.count)\r\n\r\n")
                connection.send(body)
            }
        } test: { server, client async throws in
            let host = "Host: 127.0.0.1:\(server.port)\r\n"
            let agent = "User-Agent: test-agent/1\r\nAccept: */*\r\n"
            let coding = "Accept-Encoding: gzip, deflate\r\n"
            let common = host + agent + coding
            let body = Array("body".utf8)
            let ownFields = [("content-type", "application/json"), ("User-Agent", "x"), ("accept", "y")]
            let cases: [(HTTPClient.Request, String)] = [
                (
                    .init(url: server.url("/a/../b//c?d=%20&e[]=1")),
                    "GET /a/../b//c?d=%20&e[]=1 HTTP/1.1\r\n\(common)\r\n"
                ),
                (
                    .init(method: .post, url: server.url("/p"), headers: [("X-A", "1"), ("Empty", "")], body: body),
                    "POST /p HTTP/1.1\r\n\(common)X-A: 1\r\nEmpty:\r\nContent-Length: 4\r\n\r\nbody"
                ),
                (.init(method: .post, url: server.url("/p")), "POST /p HTTP/1.1\r\n\(common)Content-Length: 0\r\n\r\n"),
                (
                    .init(method: .put, url: server.url(), headers: ownFields, body: body),
                    "PUT / HTTP/1.1\r\n\(host)\(coding)content-type: application/json\r\nUser-Agent: x\r\naccept: y\r\n"
                        + "Content-Length: 4\r\n\r\nbody"
                ),
                (.init(method: .delete, url: server.url()), "DELETE / HTTP/1.1\r\n\(common)\r\n"),
                (
                    .init(method: .delete, url: server.url(), body: body),
                    "DELETE / HTTP/1.1\r\n\(common)Content-Length: 4\r\n\r\nbody"
                ),
                (
                    .init(method: .patch, url: server.url(), body: []),
                    "PATCH / HTTP/1.1\r\n\(common)Content-Length: 0\r\n\r\n"
                ),
                (.init(method: .options, url: server.url()), "OPTIONS / HTTP/1.1\r\n\(common)\r\n"),
                // A handle that sent a body sends none the next time.
                (.init(url: server.url()), "GET / HTTP/1.1\r\n\(common)\r\n"),
            ]
            for (request, expected) in cases {
                let response = try await client.send(request)
                #expect(String(decoding: response.body, as: UTF8.self) == expected)
            }
            #expect(client.counters.bodyBytesSent == 12)
        }
    }

    @Test("A large body goes out whole, without asking first whether to send it")
    func largeRequestBody() async throws {
        let body = (0..<3_000_000).map { UInt8(truncatingIfNeeded: 0x61 + $0 % 26) }
        try await withServer { connection in
            while let request = connection.request() {
                let count = request.utf8.count
                connection.send("HTTP/1.1 200 OK\r\nContent-Length: \(String(count).utf8.count)\r\n\r\n\(count)")
            }
        } test: { server, client async throws in
            let response = try await client.send(.init(method: .post, url: server.url(), body: body))
            let count = Int(String(decoding: response.body, as: UTF8.self)) ?? 0
            #expect((body.count + 50...body.count + 300).contains(count))
        }
    }

    @Test("A kept connection is used again, and a request that must not be repeated gets a new one")
    func connectionReuse() async throws {
        try await withServer { connection in
            while connection.request() != nil {
                connection.send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n\(connection.number)")
            }
        } test: { server, client async throws in
            for _ in 0..<10 {
                let response = try await client.send(.init(url: server.url()))
                #expect(response.body == Array("1".utf8))
            }
            #expect(server.acceptedCount == 1)
            let post = try await client.send(.init(method: .post, url: server.url(), body: [1]))
            #expect(post.body == Array("2".utf8))
            let reading = HTTPClient.Request(method: .post, url: server.url(), body: [1], isReplayable: true)
            #expect(try await client.send(reading).reusedConnection)
            #expect(client.counters.connectionsOpened == 2)
        }
    }

    @Test(
        "A kept connection that the server has closed in the meantime costs a GET nothing, and a POST is never sent twice"
    )
    func staleConnection() async throws {
        try await withServer { connection in
            // One answer per connection; the second request is read and the connection closed without an answer.
            guard connection.request() != nil else { return }
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n\(connection.number)")
            _ = connection.request()
        } test: { server, client async throws in
            #expect(try await client.send(.init(url: server.url())).body == Array("1".utf8))
            #expect(try await client.send(.init(url: server.url())).body == Array("2".utf8))
        }
        try await withServer { connection in
            _ = connection.request()
        } test: { server, client async throws in
            for _ in 0..<3 {
                let error = await failure(client, .init(method: .post, url: server.url(), body: [1]))
                #expect(error?.kind == .connectionLost)
                #expect(error?.mayHaveBeenSent == true)
            }
            #expect(server.acceptedCount == 3)
        }
    }

    @Test("A redirect is a response and is not followed", arguments: [301, 302, 303, 307, 308])
    func redirects(status: Int) async throws {
        try await withServer { connection in
            while connection.request() != nil {
                connection.send("HTTP/1.1 \(status) X\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n")
            }
        } test: { server, client async throws in
            let response = try await client.send(.init(url: server.url(), headers: [("Authorization", "Bearer x")]))
            #expect(response.status == status)
            #expect(response.headers["location"] == "/elsewhere")
            #expect(server.acceptedCount == 1)
        }
    }

    @Test("Cookies are neither kept nor sent")
    func noCookies() async throws {
        try await withServer { connection in
            while let request = connection.request() {
                let hasCookie = request.lowercased().contains("cookie")
                let body = "\(hasCookie)"
                connection.send(
                    "HTTP/1.1 200 OK\r\nSet-Cookie: a=b; Path=/\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
            }
        } test: { server, client async throws in
            for _ in 0..<2 {
                #expect(try await client.send(.init(url: server.url())).body == Array("false".utf8))
            }
        }
    }

    @Test("Bodies come by length, in chunks, or until the connection closes")
    func framings() async throws {
        try await withServer { connection in
            while let request = connection.request() {
                let head = "HTTP/1.1 200 OK\r\n"
                if request.hasPrefix("GET /chunked") {
                    connection.send("\(head)Transfer-Encoding: chunked\r\n\r\n3;x=y\r\nhel\r\n")
                    connection.pause(milliseconds: 5)
                    connection.send("2\r\nlo\r\n0\r\nTrailer-Field: t\r\n\r\n")
                } else if request.hasPrefix("GET /close") {
                    connection.send("\(head)\r\nhel")
                    connection.pause(milliseconds: 5)
                    connection.send("lo")
                    return
                } else if request.hasPrefix("GET /old") {
                    connection.send("HTTP/1.0 200 OK\r\n\r\nhello")
                    return
                } else if request.hasPrefix("GET /bytewise") {
                    for byte in "\(head)Content-Length: 5\r\n\r\nhello".utf8 { connection.send([byte]) }
                } else {
                    connection.send("\(head)Content-Length: 5\r\n\r\nhello")
                }
            }
        } test: { server, client async throws in
            for path in ["/length", "/chunked", "/chunked", "/close", "/old", "/bytewise", "/length"] {
                let response = try await client.send(.init(url: server.url(path)))
                #expect(response.body == Array("hello".utf8))
                #expect(response.headers["Trailer-Field"] == nil)
            }
        }
    }

    @Test("Responses without a body leave the connection usable: HEAD, 204, 304")
    func bodyless() async throws {
        try await withServer { connection in
            while let request = connection.request() {
                if request.hasPrefix("HEAD") {
                    connection.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
                } else if request.hasPrefix("GET /204") {
                    connection.send("HTTP/1.1 204 No Content\r\n\r\n")
                } else {
                    connection.send("HTTP/1.1 304 Not Modified\r\nContent-Length: 1000000000\r\nETag: \"x\"\r\n\r\n")
                }
            }
        } test: { server, client async throws in
            for (method, path, status) in [
                (HTTPClient.Method.head, "/", 200), (.get, "/204", 204), (.get, "/304", 304), (.head, "/", 200),
            ] {
                let response = try await client.send(.init(method: method, url: server.url(path)))
                #expect(response.status == status)
                #expect(response.body.isEmpty)
            }
            #expect(server.acceptedCount == 1)
        }
    }

    @Test("Informational responses and their header fields are skipped")
    func informational() async throws {
        try await withServer { connection in
            while connection.request() != nil {
                connection.send(
                    "HTTP/1.1 100 Continue\r\nX: 1\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\nX: 2\r\n\r\n")
                connection.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX: 3\r\n\r\nok")
            }
        } test: { server, client async throws in
            let response = try await client.send(.init(url: server.url()))
            #expect(response.status == 200)
            #expect(response.headers.all("X") == ["3"])
            #expect(response.headers["Link"] == nil)
            #expect(response.body == Array("ok".utf8))
        }
    }

    @Test("A body of 2 MB arrives as it was sent, with and without its length")
    func largeBody() async throws {
        let body = (0..<2_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        try await withServer { connection in
            while let request = connection.request() {
                let framing =
                    request.hasPrefix("GET /l") ? "Content-Length: \(body.count)\r\n" : "Connection: close\r\n"
                connection.send("HTTP/1.1 200 OK\r\n\(framing)\r\n")
                connection.send(body)
                if framing.hasPrefix("Conn") { return }
            }
        } test: { server, client async throws in
            for path in ["/length", "/close"] {
                #expect(try await client.send(.init(url: server.url(path))).body == body)
            }
        }
    }
}
