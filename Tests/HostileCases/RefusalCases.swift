// Requests that their heads alone condemn: the answer comes without the body and without 100 Continue, and what follows is never a
// request.

import HostTesting

extension Attack {
    /// A head with the status that it means.
    private struct Head: Sendable {
        let name: String
        let line: String
        let fields: String
        let status: [Int]
        var need = Need.nothing
    }

    private static let long = String(repeating: "x", count: 9000)

    private static let heads: [Head] = [
        Head(name: "a write without a session", line: "POST /api/integrations/connections", fields: "", status: [401]),
        Head(name: "an unknown path", line: "POST /nothing-here", fields: "", status: [404]),
        Head(name: "a wrong method", line: "POST /healthz", fields: "", status: [405]),
        Head(name: "TRACE", line: "TRACE /healthz", fields: "", status: [405, 501]),
        Head(name: "CONNECT", line: "CONNECT example.com:443", fields: "", status: [405, 501]),
        Head(name: "an invented method", line: "INVENTED /healthz", fields: "", status: [405, 501]),
        Head(name: "a target that is too long", line: "POST /\(long)", fields: "", status: [414]),
        Head(name: "a field that is too long", line: "POST /healthz", fields: "X: \(long)\r\n", status: [431]),
        Head(
            name: "too many fields", line: "POST /healthz", fields: (0..<120).map { "X-\($0): a\r\n" }.joined(),
            status: [431]),
        Head(
            name: "fields that are too long together", line: "POST /healthz",
            fields: (0..<9).map { "X-\($0): \(String(repeating: "a", count: 5000))\r\n" }.joined(), status: [431]),
        Head(
            name: "a content coding", line: "PATCH /api/integrations/connections/none",
            fields: "Content-Encoding: gzip\r\n", status: [415], need: .session),
        Head(
            name: "two content codings", line: "PATCH /api/integrations/connections/none",
            fields: "Content-Encoding: identity, br\r\n", status: [415], need: .session),
    ]

    package static let refusals: [Attack] =
        heads.flatMap { head in
            [("a length", "Content-Length: 10\r\n"), ("chunks", "Transfer-Encoding: chunked\r\n")].map {
                name, framing in
                Attack(.refusal, "\(head.name), with \(name)", need: head.need) { victim in
                    let auth = head.need == .nothing ? "" : "Authorization: Bearer \(victim.token ?? "")\r\n"
                    return try await fromHead(
                        "\(head.line) HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\(framing)\(auth)\(head.fields)\r\n",
                        head.status, victim)
                }
            }
        } + [
            Attack(.refusal, "a length over the bound") { victim in
                try await fromHead(
                    "POST /api/integrations/connections HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 99000000\r\n\r\n",
                    [401, 413], victim)
            },
            Attack(.refusal, "a length over the bound, with a session", need: .session) { victim in
                try await fromHead(
                    "PATCH /api/integrations/connections/none HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 99000000\r\nContent-Type: application/json\r\nAuthorization: Bearer \(victim.token ?? "")\r\n\r\n",
                    [413], victim)
            },
            Attack(.refusal, "an expectation that no server knows") { victim in
                try await fromHead(
                    "POST /healthz HTTP/1.1\r\nHost: a\r\nExpect: x\r\nContent-Length: 10\r\n\r\n", [417], victim)
            },
            Attack(.refusal, "requests pipelined into a body that is awaited with 100 Continue") { victim in
                try await neverInner(
                    "POST /nothing-here HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: \(inner.utf8.count)\r\n\r\n\(inner)\(behind)",
                    victim)
            },
            Attack(.refusal, "requests in a refused body that is longer than what is discarded") { victim in
                let body = String(repeating: inner, count: 600_000 / inner.utf8.count)
                return try await neverInner(
                    "POST /nothing-here HTTP/1.1\r\nHost: a\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)",
                    victim)
            },
            Attack(.refusal, "requests in refused chunks that are longer than what is discarded") { victim in
                let chunk = "\(String(inner.utf8.count, radix: 16))\r\n\(inner)\r\n"
                let body = String(repeating: chunk, count: 600_000 / chunk.utf8.count)
                return try await neverInner(
                    "POST /nothing-here HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\(body)0\r\n\r\n",
                    victim)
            },
            Attack(.refusal, "requests in a body over the bound") { victim in
                try await neverInner(
                    "POST /api/integrations/connections HTTP/1.1\r\nHost: a\r\nContent-Length: 99000000\r\n\r\n\(String(repeating: inner, count: 100))",
                    victim)
            },
            Attack(.refusal, "a body that comes byte by byte without end", need: .session) { victim in
                let answer = try await victim.connected { connection in
                    connection.send(
                        Array(
                            "PATCH /api/integrations/connections/none HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\nContent-Type: application/json\r\nAuthorization: Bearer \(victim.token ?? "")\r\n\r\n"
                                .utf8))
                    var status: Int?
                    for _ in 0..<12 where status == nil && !connection.isClosed {
                        connection.send([32])
                        let bytes = connection.read(within: .seconds(1)) { RawExchange.response($0) != nil }
                        status = TestResponse.all(in: bytes).first?.status
                    }
                    return (status, connection.isClosed)
                }
                return .of(
                    answer.0 == 408 || (answer.0 == nil && answer.1), "it was answered \(answer.0 ?? 0), or is open")
            },
            Attack(.refusal, "OPTIONS for the whole host") { victim in
                let answer = try await victim.send("OPTIONS", "*")
                let allowed = answer.header("Allow") ?? ""
                return .of(
                    answer.status == 204 && allowed.contains("GET") && !allowed.contains("TRACE"),
                    "answered \(answer.status), Allow: \(allowed)")
            },
            Attack(.refusal, "a connection without a byte") { victim in
                let isClosed = try await victim.connected { connection in
                    let bytes = connection.read(within: .seconds(14))
                    return bytes.isEmpty && connection.isClosed
                }
                return .of(isClosed, "it was open after 14 seconds, or answered")
            },
            Attack(.refusal, "a head that comes byte by byte without end") { victim in
                let answer = try await victim.connected { connection in
                    connection.send(Array("GET /healthz HTTP/1.1\r\nHost: a\r\nX: ".utf8))
                    for _ in 0..<15 where !connection.isClosed {
                        connection.send([97])
                        _ = connection.read(within: .seconds(1)) { !$0.isEmpty }
                    }
                    return (
                        TestResponse.all(in: connection.read(within: .seconds(1))).first?.status, connection.isClosed
                    )
                }
                return .of(
                    answer.0 == 408 || (answer.0 == nil && answer.1), "it was answered \(answer.0 ?? 0), or is open")
            },
        ]

    /// Sends a head and no body: the refusal must come at once.
    private static func fromHead(_ head: String, _ statuses: [Int], _ victim: Victim) async throws -> Outcome {
        let answers = try await victim.connected { connection in
            connection.send(Array(head.utf8))
            return TestResponse.all(in: connection.read(within: .seconds(4)) { RawExchange.response($0) != nil })
        }
        guard let first = answers.first else { return .cameThrough("no answer before the body") }
        guard first.status != 100 else { return .cameThrough("100 Continue") }
        guard first.status != 405 || first.header("Allow") != nil else { return .cameThrough("405 without Allow") }
        return .of(statuses.contains(first.status), "answered \(first.status)")
    }

    /// Sends all of it: one answer at least, and none to the requests of the body.
    private static func neverInner(_ text: String, _ victim: Victim) async throws -> Outcome {
        let answers = try await victim.exchange(text)
        let seen = answers.map { "\($0.status)" }.joined(separator: ", ")
        guard let first = answers.first, first.status >= 400 else { return .cameThrough("no refusal: \(seen)") }
        return .of(!answers.contains { $0.header("X-Correlation-Id") == "inner" }, "the body was answered: \(seen)")
    }
}
