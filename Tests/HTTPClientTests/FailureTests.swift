// Everything that can go wrong with a server, one error for each, with what is known about whether the request was received.

import Glibc
import Testing

@testable import HTTPClient

@Suite("Failures", .timeLimit(.minutes(2)))
struct FailureTests {
    typealias Kind = HTTPClientError.Kind

    struct Answer: Sendable, CustomTestStringConvertible {
        let name: String
        let bytes: String
        let expected: Kind
        var testDescription: String { name }
    }

    static let headerTooLarge = Kind.responseTooLarge(.header, bytesMax: HTTPClientLimits.responseHeaderBytesMax)
    static let ok = "HTTP/1.1 200 OK\r\n"
    static let answers = [
        Answer(name: "nothing", bytes: "", expected: .connectionLost),
        Answer(name: "part of a status line", bytes: "HTTP/1.1 20", expected: .connectionLost),
        Answer(name: "no end of the header", bytes: "\(ok)X: y\r\n", expected: .connectionLost),
        Answer(name: "truncated body", bytes: "\(ok)Content-Length: 10\r\n\r\nhello", expected: .connectionLost),
        Answer(
            name: "truncated chunk", bytes: "\(ok)Transfer-Encoding: chunked\r\n\r\n5\r\nhel", expected: .connectionLost
        ),
        Answer(
            name: "no last chunk", bytes: "\(ok)Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
            expected: .connectionLost),
        Answer(
            name: "bad chunk size", bytes: "\(ok)Transfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n0\r\n\r\n",
            expected: .connectionLost),
        Answer(name: "garbage", bytes: "garbage\r\n\r\n", expected: .protocolError),
        Answer(name: "another protocol", bytes: "SSH-2.0-OpenSSH_9.2\r\n", expected: .protocolError),
        Answer(name: "HTTP/0.9", bytes: "<html>hello</html>", expected: .protocolError),
        Answer(name: "no status", bytes: "HTTP/1.1 abc OK\r\nContent-Length: 0\r\n\r\n", expected: .protocolError),
        Answer(name: "status 42", bytes: "HTTP/1.1 42 OK\r\nContent-Length: 0\r\n\r\n", expected: .protocolError),
        Answer(name: "version 3.1", bytes: "HTTP/3.1 200 OK\r\nContent-Length: 0\r\n\r\n", expected: .protocolError),
        Answer(
            name: "101 that nobody asked for", bytes: "HTTP/1.1 101 X\r\nUpgrade: x\r\n\r\nxyz",
            expected: .protocolError),
        Answer(
            name: "field without colon", bytes: "\(ok)nonsense\r\nContent-Length: 0\r\n\r\n", expected: .protocolError),
        Answer(
            name: "field name with a space", bytes: "\(ok)a b: c\r\nContent-Length: 0\r\n\r\n", expected: .protocolError
        ),
        Answer(name: "field without a name", bytes: "\(ok): c\r\nContent-Length: 0\r\n\r\n", expected: .protocolError),
        Answer(name: "negative length", bytes: "\(ok)Content-Length: -5\r\n\r\nhello", expected: .protocolError),
        Answer(name: "length with a sign", bytes: "\(ok)Content-Length: +5\r\n\r\nhello", expected: .protocolError),
        Answer(name: "no length", bytes: "\(ok)Content-Length:\r\n\r\nhello", expected: .protocolError),
        Answer(
            name: "two lengths", bytes: "\(ok)Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
            expected: .protocolError),
        Answer(
            name: "absurd length", bytes: "\(ok)Content-Length: 99999999999999999999\r\n\r\nhello",
            expected: .protocolError),
        Answer(
            name: "long header line", bytes: "\(ok)X: \(String(repeating: "x", count: 70_000))\r\n\r\n",
            expected: headerTooLarge),
        Answer(
            name: "endless header line", bytes: "\(ok)X: \(String(repeating: "x", count: 400_000))",
            expected: headerTooLarge),
        Answer(
            name: "many header fields", bytes: "\(ok)\(String(repeating: "X: y\r\n", count: 300))\r\n",
            expected: headerTooLarge),
        Answer(
            name: "large header",
            bytes: "\(ok)\(String(repeating: "X: \(String(repeating: "y", count: 1000))\r\n", count: 80))\r\n",
            expected: headerTooLarge),
        Answer(
            name: "endless informational responses",
            bytes: String(repeating: "HTTP/1.1 103 X\r\nLink: y\r\n\r\n", count: 20_000), expected: headerTooLarge),
        Answer(
            name: "large trailers",
            bytes:
                "\(ok)Transfer-Encoding: chunked\r\n\r\n0\r\n\(String(repeating: "X: \(String(repeating: "y", count: 1000))\r\n", count: 80))\r\n",
            expected: headerTooLarge),
        Answer(
            name: "too long by its length", bytes: "\(ok)Content-Length: 1001\r\n\r\n",
            expected: .responseTooLarge(.body, bytesMax: 1000)),
        Answer(
            name: "too long in chunks",
            bytes: "\(ok)Transfer-Encoding: chunked\r\n\r\n3e9\r\n\(String(repeating: "x", count: 1001))\r\n0\r\n\r\n",
            expected: .responseTooLarge(.body, bytesMax: 1000)),
        Answer(
            name: "too long until closed", bytes: "\(ok)\r\n\(String(repeating: "x", count: 1001))",
            expected: .responseTooLarge(.body, bytesMax: 1000)),
    ]

    @Test("A malformed answer has its own error, and says that the request may have been received", arguments: answers)
    func wrongAnswers(answer: Answer) async throws {
        try await withServer { connection in
            guard connection.request() != nil else { return }
            connection.send(answer.bytes)
        } test: { server, client async throws in
            let error = await failure(
                client, .init(method: .post, url: server.url(), body: [1], responseBodyBytesMax: 1000))
            #expect(error?.kind == answer.expected)
            #expect(error?.mayHaveBeenSent == true)
            #expect(client.counters.failed == 1)
            // The client is none the worse for it.
            #expect(client.counters.active == 0)
        }
    }

    @Test("A body of exactly the limit is accepted, in every framing")
    func exactLimit() async throws {
        let body = String(repeating: "x", count: 1000)
        try await withServer { connection in
            guard let request = connection.request() else { return }
            if request.hasPrefix("GET /length") {
                connection.send("\(Self.ok)Content-Length: 1000\r\n\r\n\(body)")
            } else if request.hasPrefix("GET /chunked") {
                connection.send("\(Self.ok)Transfer-Encoding: chunked\r\n\r\n3e8\r\n\(body)\r\n0\r\n\r\n")
            } else {
                connection.send("\(Self.ok)\r\n\(body)")
            }
        } test: { server, client async throws in
            for path in ["/length", "/chunked", "/close"] {
                #expect(
                    try await client.send(.init(url: server.url(path), responseBodyBytesMax: 1000)).body.count == 1000)
            }
            let none = HTTPClient.Request(url: server.url("/close"), responseBodyBytesMax: 0)
            #expect(await failure(client, none)?.kind == .responseTooLarge(.body, bytesMax: 0))
        }
    }

    @Test("A body far beyond the limit is cut off while it comes, not after")
    func cutOff() async throws {
        let block = [UInt8](repeating: 0x78, count: 65536)
        try await withServer { connection in
            guard connection.request() != nil else { return }
            connection.send("\(Self.ok)\r\n")
            // Sends for ever; ends because the client goes away.
            while connection.send(block) {}
        } test: { server, client async throws in
            let error = await failure(client, .init(url: server.url(), responseBodyBytesMax: 1_000_000))
            #expect(error?.kind == .responseTooLarge(.body, bytesMax: 1_000_000))
        }
    }

    @Test("A request to a refused connection was not sent")
    func connectionRefused() async throws {
        let server = try ScriptedServer { _ in }
        let url = server.url()
        server.stop()
        let client = try HTTPClient(.reachingAll)
        let error = await failure(client, .init(url: url))
        #expect(error == HTTPClientError(.connect, host: "127.0.0.1"))
        await client.shutdown()
    }

    @Test("A request to an unknown name was not sent")
    func unknownName() async throws {
        let client = try HTTPClient(.reachingAll)
        let timeouts = HTTPClient.Timeouts(connect: .milliseconds(500))
        let error = await failure(client, .init(url: "http://does-not-exist.invalid/", timeouts: timeouts))
        // Without a resolver that answers, the time for connecting ends first.
        #expect(error?.kind == .resolution || error?.kind == .timeout(.connect))
        #expect(error?.host == "does-not-exist.invalid")
        #expect(error?.mayHaveBeenSent == false)
        await client.shutdown()
    }

    @Test("A connection that is reset in the middle is lost")
    func reset() async throws {
        try await withServer { connection in
            guard connection.request() != nil else { return }
            connection.send("\(Self.ok)Content-Length: 10\r\n\r\nhel")
            connection.pause(milliseconds: 10)
            connection.resetOnClose()
        } test: { server, client async throws in
            let error = await failure(client, .init(url: server.url()))
            #expect(error?.kind == .connectionLost)
            #expect(error?.mayHaveBeenSent == true)
        }
    }

    @Test("No error contains the URL beyond the host, a header field or the body")
    func silence() async throws {
        try await withServer { connection in
            _ = connection.request()
            connection.send("HTTP/1.1 200 canary\r\nContent-Length: -canary\r\n\r\ncanary")
        } test: { server, client async throws in
            let headers = [(name: "Authorization", value: "Bearer canary")]
            let body = Array("canary".utf8)
            let requests = [
                HTTPClient.Request(
                    method: .post, url: server.url("/canary?canary=canary"), headers: headers, body: body),
                HTTPClient.Request(
                    method: .post, url: "http://127.0.0.1:1/canary?canary", headers: headers, body: body),
                HTTPClient.Request(method: .post, url: "http://canary@127.0.0.1/", headers: headers, body: body),
                HTTPClient.Request(url: server.url("/canary"), headers: [("X", "canary\r\n")]),
                HTTPClient.Request(url: "http://a/canary canary"),
            ]
            for request in requests {
                let error = await failure(client, request)
                #expect(error != nil)
                for text in ["\(error as Any)", error?.description ?? "", String(reflecting: error)] {
                    #expect(!text.contains("canary"))
                }
            }
        }
    }

    @Test("Every kind of error has a sentence of its own")
    func descriptions() {
        let kinds: [Kind] = [
            .invalidRequest(.url), .invalidRequest(.userInfo), .invalidRequest(.notHTTPS), .invalidRequest(.port(1)),
            .invalidRequest(.headerName), .invalidRequest(.headerValue(name: "a")),
            .invalidRequest(.headerReserved(name: "a")),
            .invalidRequest(.headersTooLarge), .invalidRequest(.body), .invalidRequest(.limit), .addressRefused,
            .resolution,
            .connect, .tls(.certificate), .tls(.handshake), .tls(.authoritiesFile), .timeout(.queue),
            .timeout(.connect),
            .timeout(.firstByte), .timeout(.total), .responseTooLarge(.header, bytesMax: 1),
            .responseTooLarge(.body, bytesMax: 1),
            .connectionLost, .protocolError, .cancelled, .queueFull, .shutdown, .library(code: 1),
        ]
        let sentences = kinds.map { HTTPClientError($0, host: "h").description }
        #expect(Set(sentences).count == kinds.count)
        #expect(sentences.allSatisfy { $0.hasSuffix(".") })
        #expect(
            HTTPClientError(.cancelled, host: "h", mayHaveBeenSent: true).description.hasSuffix(
                "may have been received."))
    }
}
