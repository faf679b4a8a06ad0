// Requests that two servers could frame differently. The body holds a request, and another one follows: a request of the body must
// never be answered, and the one behind only where the framing is beyond doubt.

import HostTesting

/// A request whose framing is in question.
private struct Framing: Sendable {
    enum Verdict: Sendable {
        /// One answer that refuses, then the end of the connection.
        case refused
        /// The head is good and the body is not: the request behind is never answered.
        case refusedInBody
        /// The body ends where it should, and the request behind is answered.
        case framed
        /// Servers may differ, but the body is never a request.
        case harmless
    }

    let name: String
    let verdict: Verdict
    let fields: String
    let body: String
    /// The request line, when it is part of the case.
    var line: String?

    init(_ verdict: Verdict, _ name: String, _ fields: String, _ body: String, line: String? = nil) {
        self.verdict = verdict
        self.name = name
        self.fields = fields
        self.body = body
        self.line = line
    }
}

extension Attack {
    /// The request that bodies hold.
    static let inner = "GET /healthz HTTP/1.1\r\nHost: a\r\nX-Correlation-Id: inner\r\n\r\n"
    /// The request behind a case.
    static let behind = "GET /healthz HTTP/1.1\r\nHost: a\r\nX-Correlation-Id: behind\r\nConnection: close\r\n\r\n"

    private static let length = inner.utf8.count
    private static let size = String(length, radix: 16)
    private static let chunked = "Transfer-Encoding: chunked"
    private static let chunks = "\(size)\r\n\(inner)\r\n0\r\n\r\n"

    /// Framings whose heads are in question; the body is the inner request as it is.
    private static let lengths: [Framing] =
        [
            ("a sign", "+\(length)"), ("a minus", "-\(length)"), ("hexadecimal", "0x\(size)"),
            ("a letter", "\(length)a"),
            ("nothing", ""), ("an exponent", "1e2"), ("a fraction", "\(length).0"), ("a list of two", "\(length), 0"),
            ("a list with an empty member", "\(length),"), ("beyond 64 bits", "18446744073709551616"),
            ("beyond 64 bits by the body", "\(UInt64.max)\(length)"), ("a vertical tab", "\u{B}\(length)"),
            ("a form feed", "\(length)\u{C}"), ("quotes", "\"\(length)\""), ("two numbers", "\(length) 0"),
            ("Arabic digits", "\u{0667}\u{0660}"), ("an underscore", "1_0"), ("a NUL", "\(length)\0"),
            ("a comment", "\(length) (x)"), ("a semicolon", "\(length);0"),
        ].map { Framing(.refused, "Content-Length with \($0.0)", "Content-Length: \($0.1)", inner) } + [
            Framing(
                .refused, "two Content-Length fields", "Content-Length: \(length)\r\nContent-Length: 0", inner),
            Framing(
                .refused, "two Content-Length fields, the shorter one first",
                "Content-Length: 0\r\nContent-Length: \(length)", inner),
            Framing(
                .harmless, "the same Content-Length twice",
                "Content-Length: \(length)\r\nContent-Length: \(length)", inner),
            Framing(.harmless, "a Content-Length listed twice", "Content-Length: \(length), \(length)", inner),
            Framing(.refused, "a space before the colon of Content-Length", "Content-Length : \(length)", inner),
            Framing(.refused, "a tab before the colon of Content-Length", "Content-Length\t: \(length)", inner),
            Framing(.refused, "a space before Content-Length", "X: a\r\n Content-Length: \(length)", inner),
            Framing(.refused, "a folded Content-Length", "Content-Length:\r\n \(length)", inner),
            Framing(.refused, "a NUL in the name Content-Length", "Content-Length\0: \(length)", inner),
            Framing(.framed, "zeros in front of Content-Length", "Content-Length: 000\(length)", inner),
            Framing(.framed, "space around Content-Length", "Content-Length: \t \(length) \t", inner),
        ]

    private static let codings: [Framing] =
        [
            ("an unknown coding", "xchunked"), ("a cut name", "chunke"), ("identity", "identity"),
            ("identity after chunked", "chunked, identity"), ("chunked twice", "chunked, chunked"),
            ("gzip before chunked", "gzip, chunked"), ("gzip after chunked", "chunked, gzip"),
            ("quotes", "\"chunked\""), ("a parameter", "chunked;q=1"), ("a vertical tab", "\u{B}chunked"),
            ("a form feed", "chunked\u{C}"), ("a NUL", "chunked\0"), ("nothing", ""),
            ("a Kelvin sign", "chun\u{212A}ed"),
            ("a no-break space", "\u{A0}chunked"), ("a backslash", "chunked\\"),
        ].map { Framing(.refused, "Transfer-Encoding with \($0.0)", "Transfer-Encoding: \($0.1)", chunks) }
        + [
            ("chunked, then a length", "\(chunked)\r\nContent-Length: \(chunks.utf8.count)"),
            ("a length, then chunked", "Content-Length: 5\r\n\(chunked)"),
            ("a length of zero and chunked", "Content-Length: 0\r\n\(chunked)"),
            ("a length and an unknown coding", "Content-Length: 0\r\nTransfer-Encoding: x"),
            ("chunked in two fields", "\(chunked)\r\n\(chunked)"),
            ("chunked and identity in two fields", "\(chunked)\r\nTransfer-Encoding: identity"),
            ("a space before the colon of Transfer-Encoding", "Transfer-Encoding : chunked"),
            ("a space before Transfer-Encoding", "X: a\r\n \(chunked)"),
            ("a folded Transfer-Encoding", "Transfer-Encoding:\r\n chunked"),
            ("a tab that folds Transfer-Encoding", "Transfer-Encoding:\r\n\tchunked"),
            ("chunked behind a bare LF", "X: a\n\(chunked)"), ("chunked behind a bare CR", "X: a\r\(chunked)"),
            ("chunked before a bare LF", "\(chunked)\nX: a"), ("a name with a bare CR", "\rTransfer-Encoding: chunked"),
            ("a field without a colon", "\(chunked)\r\nX"), ("a field without a name", ": a\r\n\(chunked)"),
            ("a NUL in a field", "X: a\0\r\n\(chunked)"),
        ].map { Framing(.refused, $0.0, $0.1, chunks) } + [
            Framing(.framed, "chunked in capitals", "TRANSFER-ENCODING: CHUNKED", chunks),
            Framing(.framed, "space around chunked", "Transfer-Encoding: \t chunked \t", chunks),
            Framing(.refused, "chunked in HTTP/1.0", chunked, chunks, line: "POST /nothing-here HTTP/1.0"),
        ]

    private static let bodies: [Framing] =
        [
            ("0x before a chunk size", "0x\(size)\r\n\(inner)\r\n0\r\n\r\n"),
            ("a sign before a chunk size", "+\(size)\r\n\(inner)\r\n0\r\n\r\n"),
            ("a negative chunk size", "-1\r\n\(inner)\r\n0\r\n\r\n"),
            ("a space before a chunk size", " \(size)\r\n\(inner)\r\n0\r\n\r\n"),
            ("no chunk size", "\r\n\(inner)\r\n0\r\n\r\n"),
            ("a chunk size of letters", "size\r\n\(inner)\r\n0\r\n\r\n"),
            ("a chunk size beyond 64 bits", "10000000000000000\r\n\(inner)\r\n0\r\n\r\n"),
            ("a chunk size beyond 64 bits by zero", "1\(String(repeating: "0", count: 32))\r\n\(inner)\r\n0\r\n\r\n"),
            ("a bare LF behind a chunk size", "\(size)\n\(inner)\r\n0\r\n\r\n"),
            ("a bare CR behind a chunk size", "\(size)\r\(inner)\r\n0\r\n\r\n"),
            ("a bare LF behind a chunk", "\(size)\r\n\(inner)\n0\r\n\r\n"),
            ("nothing behind a chunk", "\(size)\r\n\(inner)0\r\n\r\n"),
            ("a chunk longer than its size", "2\r\n\(inner)\r\n0\r\n\r\n"),
            ("a bare LF in a chunk extension", "\(size);a\n\(inner)\r\n0\r\n\r\n"),
            ("a bare CR in a chunk extension", "\(size);a\rb\r\n\(inner)\r\n0\r\n\r\n"),
            ("a NUL in a chunk extension", "\(size);a\0\r\n\(inner)\r\n0\r\n\r\n"),
            (
                "a chunk extension over the bound",
                "\(size);\(String(repeating: "a", count: 2000))\r\n\(inner)\r\n0\r\n\r\n"
            ),
            (
                "many chunk extensions over the bound",
                String(repeating: "1;\(String(repeating: "a", count: 1000))\r\na\r\n", count: 40)
                    + "\(size)\r\n\(inner)\r\n0\r\n\r\n"
            ),
            (
                "zeros over the bound before a chunk size",
                "\(String(repeating: "0", count: 2000))\(size)\r\n\(inner)\r\n0\r\n\r\n"
            ),
            ("a bare LF behind the last chunk", "\(size)\r\n\(inner)\r\n0\n\r\n"),
            ("a folded trailer", "\(size)\r\n\(inner)\r\n0\r\nX: a\r\n b\r\n\r\n"),
            ("a trailer without a colon", "\(size)\r\n\(inner)\r\n0\r\nX\r\n\r\n"),
            ("a trailer with a space before its colon", "\(size)\r\n\(inner)\r\n0\r\nX : a\r\n\r\n"),
            ("a bare LF behind a trailer", "\(size)\r\n\(inner)\r\n0\r\nX: a\n\r\n"),
            (
                "more trailers than the bound",
                "\(size)\r\n\(inner)\r\n0\r\n\(String(repeating: "X: a\r\n", count: 101))\r\n"
            ),
        ].map { Framing(.refusedInBody, $0.0, chunked, $0.1) } + [
            Framing(.framed, "zeros in front of chunk sizes", chunked, "000\(size)\r\n\(inner)\r\n000\r\n\r\n"),
            Framing(.framed, "a chunk size in capitals", chunked, "\(size.uppercased())\r\n\(inner)\r\n0\r\n\r\n"),
            Framing(.framed, "chunk extensions", chunked, "\(size);a=b;c=\"d\"\r\n\(inner)\r\n0;x\r\n\r\n"),
            Framing(.framed, "trailers", chunked, "\(size)\r\n\(inner)\r\n0\r\nX: a\r\n\r\n"),
            Framing(
                .framed, "trailers that frame", chunked,
                "\(size)\r\n\(inner)\r\n0\r\nX-A: 1\r\nX-B: 2\r\n\r\n"),
            Framing(
                .harmless, "a length in a trailer", chunked, "\(size)\r\n\(inner)\r\n0\r\nContent-Length: 9\r\n\r\n"),
            Framing(
                .framed, "many small chunks", chunked,
                inner.utf8.map { "1\r\n\(Character(UnicodeScalar($0)))\r\n" }.joined() + "0\r\n\r\n"),
        ]

    private static let lines: [Framing] =
        [
            ("two spaces in the request line", "POST  /nothing-here HTTP/1.1"),
            ("a tab in the request line", "POST\t/nothing-here HTTP/1.1"),
            ("a space in the target", "POST /nothing here HTTP/1.1"),
            ("a space behind the version", "POST /nothing-here HTTP/1.1 "), ("no version", "POST /nothing-here"),
            ("version 0.9", "POST /nothing-here HTTP/0.9"), ("version 2", "POST /nothing-here HTTP/2.0"),
            ("version 1.10", "POST /nothing-here HTTP/1.10"),
            ("a version in small letters", "POST /nothing-here http/1.1"),
            ("a method with a colon", "PO:ST /nothing-here HTTP/1.1"), ("no method", " /nothing-here HTTP/1.1"),
            ("a NUL in the target", "POST /nothing\0here HTTP/1.1"),
            ("a bare CR in the target", "POST /nothing\rhere HTTP/1.1"),
            ("a bare LF in the request line", "POST /nothing-here HTTP/1.1\nX: a"),
            ("a fragment in the target", "POST /nothing-here#x HTTP/1.1"),
            ("a malformed escape in the target", "POST /nothing-here%z HTTP/1.1"),
            ("a second Host", "POST /nothing-here HTTP/1.1\r\nHost: b"),
            ("a folded first field", "POST /nothing-here HTTP/1.1\r\n X: a"),
        ].map { Framing(.refused, $0.0, "Content-Length: \(length)", inner, line: $0.1) }

    /// Every framing, for a request that is refused from its head and for one whose body is read.
    package static let smuggling: [Attack] = (lengths + codings + bodies + lines).flatMap { framing -> [Attack] in
        var attacks = [
            Attack(.smuggling, framing.name) { victim in
                try await attempt(framing, line: framing.line ?? "POST /nothing-here HTTP/1.1", auth: "", victim)
            }
        ]
        if framing.line == nil {
            attacks.append(
                Attack(.smuggling, "\(framing.name), in a body that is read", need: .session) { victim in
                    try await attempt(
                        framing, line: "PATCH /api/integrations/connections/none HTTP/1.1",
                        auth: "Authorization: Bearer \(victim.token ?? "")\r\nContent-Type: application/json\r\n",
                        victim)
                })
        }
        return attacks
    }

    private static func attempt(
        _ framing: Framing, line: String, auth: String, _ victim: Victim
    ) async throws -> Outcome {
        let head = "\(line)\r\nHost: a\r\n\(auth)\(framing.fields)\r\n\r\n"
        let answers = try await victim.exchange(head + framing.body + behind)
        let seen = answers.map { "\($0.status) \($0.header("X-Correlation-Id") ?? "")" }.joined(separator: ", ")
        func isAnswered(_ id: String) -> Bool { answers.contains { $0.header("X-Correlation-Id") == id } }
        guard !isAnswered("inner") else { return .cameThrough("the body was answered as a request: \(seen)") }
        switch framing.verdict {
        case .harmless: return .of(!answers.isEmpty && answers.count <= 2, seen)
        case .framed: return .of(answers.count == 2 && isAnswered("behind"), "the request behind was lost: \(seen)")
        case .refusedInBody: return .of(answers.count == 1 && answers[0].status >= 400 && !isAnswered("behind"), seen)
        case .refused:
            let isRefusal = [400, 417, 431, 501, 505].contains(answers.first?.status ?? 0)
            return .of(answers.count == 1 && isRefusal, seen)
        }
    }
}
