// The limits of outgoing requests from both sides: what reaches one is sent or read, and one more is refused.

import Testing

@testable import HTTPClient

@Suite("Limits of outgoing requests", .timeLimit(.minutes(2)))
struct LimitEdgeTests {
    private static func refusal(_ change: (inout HTTPClient.Request) -> Void) -> HTTPClientError.Kind? {
        var request = HTTPClient.Request(url: "https://a/")
        change(&request)
        do {
            _ = try request.validated()
            return nil
        } catch {
            return error.kind
        }
    }

    private static func text(_ count: Int) -> String { String(repeating: "a", count: count) }

    @Test("A request at each limit is valid, and one above is refused", arguments: [0, 1])
    func requests(excess: Int) {
        func expect(_ kind: HTTPClientError.Kind, _ name: String, _ change: (inout HTTPClient.Request) -> Void) {
            #expect(Self.refusal(change) == (excess == 0 ? nil : kind), "\(name)")
        }
        expect(.invalidRequest(.url), "URL") {
            $0.url = "https://a/" + Self.text(HTTPClientLimits.urlBytesMax + excess - 10)
        }
        expect(.invalidRequest(.url), "host") {
            // Labels of at most 63 bytes.
            let labels = String(repeating: Self.text(49) + ".", count: 5)
            $0.url = "https://" + labels + Self.text(HTTPClientLimits.hostBytesMax + excess - 250) + "/"
        }
        expect(.invalidRequest(.headersTooLarge), "header fields") {
            $0.headers = Array(repeating: ("a", "b"), count: HTTPClientLimits.requestHeaderFieldsMax + excess)
        }
        expect(.invalidRequest(.headersTooLarge), "header bytes") {
            $0.headers = [("a", Self.text(HTTPClientLimits.requestHeaderBytesMax + excess - 5))]
        }
        expect(.invalidRequest(.body), "body") {
            $0.method = .post
            $0.body = [UInt8](repeating: 0, count: HTTPClientLimits.requestBodyBytesMax + excess)
        }
        expect(.invalidRequest(.limit), "timeout") {
            $0.timeouts.total = HTTPClientLimits.timeoutMax + .seconds(excess)
        }
    }

    @Test("An answer at each limit is read, and one above is refused", arguments: [0, 1])
    func answers(excess: Int) async throws {
        let start = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n"
        try await withServer { connection in
            while let request = connection.request() {
                if request.hasPrefix("GET /fields") {
                    let more = HTTPClientLimits.responseHeaderFieldsMax - 1 + excess
                    connection.send(start + String(repeating: "A: b\r\n", count: more) + "\r\n")
                } else if request.hasPrefix("GET /header") {
                    let more = HTTPClientLimits.responseHeaderBytesMax + excess - start.utf8.count - 7
                    connection.send(start + "A: " + Self.text(more) + "\r\n\r\n")
                } else {
                    let count = HTTPClientLimits.responseBodyBytesDefault + excess
                    connection.send("HTTP/1.1 200 OK\r\nContent-Length: \(count)\r\n\r\n")
                    if excess == 0 { connection.send([UInt8](repeating: 65, count: count)) }
                }
            }
        } test: { server, client async throws in
            for (path, part) in [
                ("/fields", HTTPClientError.ResponsePart.header), ("/header", .header), ("/body", .body),
            ] {
                let error = await failure(client, .init(url: server.url(path)))
                if excess == 0 {
                    #expect(error == nil, "\(path)")
                } else {
                    guard case .responseTooLarge(part, _) = error?.kind else {
                        Issue.record("\(path): \(String(describing: error))")
                        continue
                    }
                }
            }
        }
    }
}
