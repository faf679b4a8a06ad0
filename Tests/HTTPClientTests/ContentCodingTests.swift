// Compressed answers: taken apart whether they were asked for or not, and bounded by what they hold.

import Testing

@testable import HTTPClient

@Suite("Content codings", .timeLimit(.minutes(2)))
struct ContentCodingTests {
    /// “hello, world” in three forms.
    private static let gzip: [UInt8] = [
        31, 139, 8, 0, 0, 0, 0, 0, 2, 3, 203, 72, 205, 201, 201, 215, 81, 40, 207, 47, 202, 73, 1, 0, 58, 114, 171, 255,
        12,
        0, 0, 0,
    ]
    private static let zlib: [UInt8] = [
        120, 156, 203, 72, 205, 201, 201, 215, 81, 40, 207, 47, 202, 73, 1, 0, 29, 84, 4, 137,
    ]
    private static let deflate: [UInt8] = [203, 72, 205, 201, 201, 215, 81, 40, 207, 47, 202, 73, 1, 0]

    /// A hundred thousand zeros.
    private static let zeros: [UInt8] =
        [31, 139, 8, 0, 0, 0, 0, 0, 2, 3, 237, 193, 49, 1, 0, 0, 0, 194, 160, 245, 79, 109, 13, 15, 160]
        + [UInt8](repeating: 0, count: 96) + [128, 87, 3, 125, 149, 17, 212, 160, 134, 1, 0]

    private static func answer(_ body: [UInt8], coding: String) -> [UInt8] {
        Array("HTTP/1.1 200 OK\r\nContent-Encoding: \(coding)\r\nContent-Length: \(body.count)\r\n\r\n".utf8) + body
    }

    @Test(
        "A coded answer is taken apart, also in chunks and in another case",
        arguments: [
            (gzip, "gzip"), (gzip, "x-gzip"), (gzip, "GZIP"), (zlib, "deflate"), (deflate, "deflate"),
            (Array("hello, world".utf8), "identity"),
        ] as [([UInt8], String)])
    func inflates(body: [UInt8], coding: String) async throws {
        try await withServer { connection in
            while let request = connection.request() {
                if request.hasPrefix("GET /chunked") {
                    connection.send(
                        "HTTP/1.1 200 OK\r\nContent-Encoding: \(coding)\r\nTransfer-Encoding: chunked\r\n\r\n")
                    for start in stride(from: 0, to: body.count, by: 2) {
                        let piece = body[start..<min(body.count, start + 2)]
                        connection.send(Array("\(piece.count)\r\n".utf8) + piece + Array("\r\n".utf8))
                    }
                    connection.send("0\r\n\r\n")
                } else {
                    connection.send(Self.answer(body, coding: coding))
                }
            }
        } test: { server, client async throws in
            #expect(try await client.send(.init(url: server.url())).body == Array("hello, world".utf8))
            #expect(try await client.send(.init(url: server.url("/chunked"))).body == Array("hello, world".utf8))
            // A caller that asks for no coding gets one all the same, and it is taken apart.
            let unasked = HTTPClient.Request(url: server.url(), headers: [("Accept-Encoding", "identity")])
            #expect(try await client.send(unasked).body == Array("hello, world".utf8))
        }
    }

    @Test("The limit of a body counts what a coding holds, not what came over the wire")
    func bounds() async throws {
        try await withServer { connection in
            while connection.request() != nil { connection.send(Self.answer(Self.zeros, coding: "gzip")) }
        } test: { server, client async throws in
            #expect(try await client.send(.init(url: server.url())).body.count == 100_000)
            var bounded = HTTPClient.Request(url: server.url())
            bounded.responseBodyBytesMax = 99_999
            #expect(await failure(client, bounded)?.kind == .responseTooLarge(.body, bytesMax: 99_999))
        }
    }

    @Test("A body that is not what its coding says is no answer")
    func damaged() async throws {
        try await withServer { connection in
            while connection.request() != nil {
                connection.send(Self.answer(Array("hello".utf8), coding: "gzip"))
            }
        } test: { server, client async throws in
            #expect(await failure(client, .init(url: server.url()))?.kind == .protocolError)
        }
    }
}
