// Values that an answer or a log could repeat: line ends, control characters and markup must stay values.

import HostTesting
import ProviderSDK

extension Attack {
    /// Texts that end a line, change a terminal, or are markup.
    package static let payloads: [(name: String, text: String)] = [
        ("CR LF", "a\r\nInjected: 1"), ("LF", "a\nInjected: 1"), ("CR", "a\rInjected: 1"),
        ("a whole answer", "a\r\n\r\nHTTP/1.1 200 OK\r\nInjected: 1\r\n\r\n"), ("NUL", "a\u{0}b"),
        ("an escape sequence", "a\u{1B}[2Jb"), ("an 8-bit control", "a\u{9B}2Jb"), ("a backspace", "a\u{8}b"),
        ("a line separator", "a\u{2028}Injected: 1"), ("a next line", "a\u{85}Injected: 1"),
        ("a bidirectional override", "a\u{202E}b"), ("an isolate", "a\u{2066}b\u{2069}"),
        ("quotes", "a\",\"injected\":\"1"), ("a backslash", "a\\"), ("markup", "<script>alert(1)</script>"),
        ("a letter with 20,000 marks", "a" + String(repeating: "\u{301}", count: 20_000)),
        ("a template", "${jndi:ldap://127.0.0.1/a}{{7*7}}%s%n"), ("a statement", "a' OR '1'='1"),
    ]

    /// Places where a text can stand; the text is escaped as the place wants it.
    private static let places:
        [(name: String, need: Need, send: @Sendable (Victim, String) async throws -> TestResponse)] = [
            ("an unknown path", .nothing, { try await $0.send("GET", "/\(escaped($1))") }),
            ("a path of a document", .nothing, { try await $0.send("GET", "/api/integrations/\(escaped($1))") }),
            ("a file name", .nothing, { try await $0.send("GET", "/icons/\(escaped($1))") }),
            ("a query", .nothing, { try await $0.send("GET", "/healthz?\(escaped($1))=\(escaped($1))") }),
            ("a link of the pages", .nothing, { try await $0.send("GET", "/connect?session=\(escaped($1))") }),
            ("a session of the pages", .nothing, { try await $0.send("GET", "/connect/\(escaped($1))") }),
            ("a provider of the pages", .nothing, { try await $0.send("GET", "/connect/a/\(escaped($1))") }),
            (
                "an outcome of the pages", .nothing,
                { try await $0.send("GET", "/connect/result?outcome=\(escaped($1))") }
            ),
            (
                "a search on the pages", .nothing,
                { try await $0.send("GET", "/connect/a?q=\(escaped($1))", fields: "Accept: text/html\r\n") }
            ),
            (
                "a sender of webhooks", .nothing,
                { try await $0.send("POST", "/webhooks/\(escaped($1))", body: "{}") }
            ),
            (
                "a link of an account", .session,
                { try await $0.send("PATCH", "/external-accounts/link/\(escaped($1))", body: "{}", token: $0.token) }
            ),
            (
                "a user", .session,
                { try await $0.send("GET", "/api/v1/users/\(escaped($1))/integrations/arc", token: $0.token) }
            ),
            (
                "an error that a browser brings", .session,
                {
                    try await $0.send(
                        "GET",
                        "/api/integrations/oauth/\($0.service)/callback?error=\(escaped($1))&error_description=\(escaped($1))&state=s",
                        token: $0.token, fields: "Accept: text/html\r\n")
                }
            ),
            ("a method", .nothing, { try await $0.send("X\(escaped($1))", "/healthz") }),
            (
                "an id", .session,
                { try await $0.send("GET", "/api/integrations/connections/\(escaped($1))", token: $0.token) }
            ),
            (
                "a filter", .session,
                { try await $0.send("GET", "/api/integrations/connections?status=\(escaped($1))", token: $0.token) }
            ),
            (
                "a provider", .session,
                {
                    try await $0.send(
                        "GET", "/api/integrations/oauth/\(escaped($1))/callback?code=c&state=s", token: $0.token)
                }
            ),
            (
                "an error of a callback", .session,
                {
                    try await $0.send(
                        "GET",
                        "/api/integrations/oauth/\($0.service)/callback?error=\(escaped($1))&error_description=\(escaped($1))&state=s",
                        token: $0.token)
                }
            ),
            (
                "a name of a member", .session,
                {
                    try await $0.send(
                        "PATCH", "/api/integrations/connections/none", body: "{\(JSONValue.string($1)):1}",
                        token: $0.token)
                }
            ),
            (
                "a name of a setting", .session,
                {
                    try await $0.send(
                        "PATCH", "/api/integrations/connections/none",
                        body: "{\"settings\":{\(JSONValue.string($1)):1}}",
                        token: $0.token)
                }
            ),
            (
                "a value of a member", .session,
                {
                    try await $0.send(
                        "PATCH", "/api/integrations/connections/none",
                        body: "{\"settings\":{\"syncFrequency\":\(JSONValue.string($1))}}", token: $0.token)
                }
            ),
        ]

    /// Field values as bytes that the head may not have, or that the answer would repeat.
    private static let fields: [(name: String, fields: String)] = [
        ("a correlation id with a quote", "X-Correlation-Id: a\"b\r\n"),
        ("a correlation id with markup", "X-Correlation-Id: <b>\r\n"),
        ("a correlation id with a tab", "X-Correlation-Id: a\tb\r\n"),
        ("a correlation id with a bare CR", "X-Correlation-Id: a\rInjected: 1\r\n"),
        ("a correlation id with a bare LF", "X-Correlation-Id: a\nInjected: 1\r\n"),
        ("a correlation id with an escape", "X-Correlation-Id: a\u{1B}[2J\r\n"),
        ("a correlation id beyond ASCII", "X-Correlation-Id: a\u{202E}b\r\n"),
        ("a correlation id of 5 KB", "X-Correlation-Id: \(String(repeating: "a", count: 5000))\r\n"),
        ("a foreign origin", "Origin: https://evil.example.com\r\n"), ("a null origin", "Origin: null\r\n"),
        ("an origin that begins as the host's", "Origin: http://127.0.0.1.evil.example.com\r\n"),
        ("an origin with CR", "Origin: https://a\rInjected: 1\r\n"),
        ("another scheme", "X-Forwarded-Proto: javascript\r\nX-Forwarded-Host: evil.example.com\r\n"),
        ("a user agent with an escape", "User-Agent: \u{1B}]0;x\u{7}\r\n"),
        ("a language", "Accept-Language: <script>\r\n"), ("a referrer", "Referer: https://a/%0d%0aInjected:%201\r\n"),
    ]

    package static let injection: [Attack] =
        payloads.flatMap { payload in
            places.map { place in
                Attack(.injection, "\(payload.name) in \(place.name)", need: place.need) { victim in
                    fault(try await place.send(victim, payload.text))
                }
            }
        }
        + fields.map { name, fields in
            Attack(.injection, name) { victim in fault(try await victim.send("GET", "/nothing-here", fields: fields)) }
        } + [
            Attack(.injection, "a Host of another site") { victim in
                let answers = try await victim.exchange(
                    "GET /nothing-here HTTP/1.1\r\nHost: evil.example.com\r\nConnection: close\r\n\r\n")
                guard let answer = answers.last else { throw VictimError.silent }
                let text = answer.text + answer.headers.map(\.value).joined()
                return .of(!text.contains("evil.example.com"), "the answer repeats it: \(text.prefix(200))")
            }
        ]

    /// What is wrong with an answer to a hostile value.
    private static func fault(_ answer: TestResponse) -> Outcome {
        guard answer.status >= 200, answer.status != 500 else { return .cameThrough("answered \(answer.status)") }
        for field in answer.headers {
            if field.name.lowercased().hasPrefix("injected") {
                return .cameThrough("a field of the answer: \(field.name)")
            }
            guard field.value.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value < 0x7F }) else {
                return .cameThrough("the field \(field.name) has other characters than visible ASCII")
            }
            guard field.value.count < 2000 else { return .cameThrough("the field \(field.name) is long") }
            if field.name.lowercased() == "access-control-allow-origin", field.value != "*" {
                return .cameThrough("the origin \(field.value) is allowed")
            }
        }
        let isPage = answer.header("Content-Type")?.hasPrefix("text/html") == true
        guard !isPage || answer.header("Content-Security-Policy") != nil else {
            return .cameThrough("a page without a policy")
        }
        guard answer.body.count < (isPage ? 30_000 : 10_000) else {
            return .cameThrough("the answer has \(answer.body.count) bytes")
        }
        if let scalar = answer.text.unicodeScalars.first(where: isHostile) {
            return .cameThrough("the body has the raw character U+\(String(scalar.value, radix: 16))")
        }
        let type = answer.header("Content-Type") ?? ""
        if type.hasPrefix("application/json"), answer.json.isNull { return .cameThrough("the body is no JSON") }
        if type.hasPrefix("text/html"), answer.text.contains("<script>alert") {
            return .cameThrough("markup is repeated")
        }
        return .refused
    }

    /// Whether a character changes what a terminal shows, or ends a line.
    package static func isHostile(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x0A: false
        case 0..<0x20, 0x7F...0x9F, 0x2028, 0x2029, 0x202A...0x202E, 0x2066...0x2069: true
        default: false
        }
    }
}
