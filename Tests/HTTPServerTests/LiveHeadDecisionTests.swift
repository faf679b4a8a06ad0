// Requests refused from their heads, over real sockets.

import Synchronization
import Testing

@testable import HTTPServer

@Suite("Live head decision", .timeLimit(.minutes(2)))
struct LiveHeadDecisionTests {
    /// Refuses what is sent to `/no` with 401.
    private static let guarded = TestApplication(deciding: { request, response in
        guard request.path.equals("/no") else { return .buffer() }
        response.status = .unauthorized
        response.body.append("no")
        return .refuse
    })

    private static func head(_ path: String, _ fields: String) -> String {
        "POST \(path) HTTP/1.1\r\nHost: a\r\n\(fields)\r\n\r\n"
    }

    @Test("A refusal comes without 100 Continue and before the body")
    func refusalComesFirst() async throws {
        try await withServer(Self.guarded) { address, server in
            let client = try TestClient(address)
            client.send(Self.head("/no", "Expect: 100-continue\r\nContent-Length: 5"))
            let refusal = client.readResponse()
            #expect(refusal?.status == 401 && refusal?.text == "no" && refusal?.fields["connection"] == "close")
            #expect(client.readToEnd() == "")
            let accepted = try TestClient(address)
            accepted.send(Self.head("/yes", "Expect: 100-continue\r\nContent-Length: 5"))
            #expect(accepted.readResponse()?.status == 100)
            accepted.send("hello")
            #expect(accepted.readResponse()?.text == "/yes hello")
            #expect(server.counters.headRefusals == 1 && server.counters.requests == 2)
        }
    }

    @Test("A connection outlives the refusal of a short body, however late it comes")
    func connectionOutlivesRefusal() async throws {
        try await withServer(Self.guarded) { address, _ in
            let client = try TestClient(address)
            for _ in 0..<3 {
                client.send(Self.head("/no", "Content-Length: 5"))
                #expect(client.readResponse()?.status == 401)
                client.send("GET /" + LiveServerTests.get("/next"))
                #expect(client.readResponse()?.text == "/next")
                client.send(Self.head("/no", "Content-Length: 5") + "hello" + LiveServerTests.get("/behind"))
                #expect(client.readResponse()?.status == 401)
                #expect(client.readResponse()?.text == "/behind")
            }
        }
    }

    @Test("A client that sends 10 MB after a refusal reads the refusal", arguments: ["Content-Length", "chunked"])
    func longBodyAfterRefusal(kind: String) async throws {
        try await withServer(Self.guarded, loops: 2) { address, server in
            let piece = [UInt8](repeating: 65, count: 1 << 20)
            for _ in 0..<10 {
                let client = try TestClient(address)
                let isChunked = kind == "chunked"
                client.send(
                    Self.head("/no", isChunked ? "Transfer-Encoding: chunked" : "Content-Length: \(10 << 20)"))
                for _ in 0..<10 {
                    client.send((isChunked ? Array("100000\r\n".utf8) : []) + piece + (isChunked ? [13, 10] : []))
                }
                #expect(client.readResponse()?.status == 401)
                client.close()
            }
            #expect(server.counters.requests == 10)
        }
    }

    @Test("A body with a content coding is answered 415, and a head that is too large names its origin")
    func refusalsOfServer() async throws {
        struct Application: HTTPApplication {
            func respond(to request: borrowing HTTPRequest, _ response: inout ResponseWriter) -> DeferredResponse? {
                nil
            }
            func respond(toRejected rejected: RejectedRequest, _ response: inout ResponseWriter) {
                if let origin = rejected.origin { response.header("Access-Control-Allow-Origin", origin.span) }
            }
        }
        try await withServer(Application()) { address, _ in
            let coded = try TestClient(address)
            coded.send(Self.head("/", "Origin: https://a.example\r\nContent-Encoding: gzip\r\nContent-Length: 5"))
            let refusal = coded.readResponse()
            #expect(refusal?.status == 415)
            #expect(refusal?.fields["access-control-allow-origin"] == "https://a.example")
            for (origins, expected) in [
                ("Origin: https://b.example\r\n", "https://b.example"), ("Origin: a\r\nOrigin: b\r\n", nil),
            ] {
                let large = try TestClient(address)
                large.send("GET / HTTP/1.1\r\nHost: a\r\n\(origins)X: \(String(repeating: "a", count: 9000))\r\n\r\n")
                let answer = large.readResponse()
                #expect(answer?.status == 431 && answer?.fields["access-control-allow-origin"] == expected)
            }
        }
    }
}
