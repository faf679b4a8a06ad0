// Requests as they go out and responses as they come in: framing, header fields, connection reuse, what is not followed.

import Testing

@testable import HTTPClient

@Suite("Exchange")
struct ExchangeTests {
    @Test("a response has its status, its header fields in order and its body")
    func plainResponse() async throws {
        try await withServer { connection in
            while connection.request() != nil {
                connection.send(
                    "HTTP/1.1 201 Created\r\nContent-Length: 5\r\nX-One: 1\r\nx-two:  b \r\nX-ONE: 2\r\n\r\nhello")
            }
        } test: { server, client in
            let response = try await client.send(.init(url: server.url("/a?b=c")))
            #expect(response.status == 201)
            #expect(response.body == Array("hello".utf8))
            #expect(response.headers["x-one"] == "1")
            #expect(response.headers.all("X-One") == ["1", "2"])
            #expect(response.headers["X-TWO"] == "b")
            #expect(response.headers["absent"] == nil)
            #expect(response.headers.all.map(\.name) == ["Content-Length", "X-One", "x-two", "X-ONE"])
            #expect(!response.reusedConnection)
            #expect(response.duration > .zero)
        }
    }

    @Test("a kept connection is used again, and a request that must not be repeated gets a new one")
    func connectionReuse() async throws {
        try await withServer { connection in
            while connection.request() != nil {
                connection.send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n\(connection.number)")
            }
        } test: { server, client in
            for _ in 0..<10 {
                let response = try await client.send(.init(url: server.url()))
                #expect(response.body == Array("1".utf8))
            }
            #expect(server.acceptedCount == 1)
            let post = try await client.send(.init(method: .post, url: server.url(), body: [1]))
            #expect(post.body == Array("2".utf8))
            let reading = HTTPClient.Request(method: .post, url: server.url(), body: [1], isReplayable: true)
            #expect(try await client.send(reading).reusedConnection)
        }
    }
}
