// URLs that a caller gives: webhook URLs into the host's own network in every notation, and redirect URIs that only look allowed.

import Foundation
import HostTesting
import ProviderSDK

extension Attack {
    /// Refused on every host: other schemes, notations of which parsers make different addresses, hidden parts.
    private static let malformed = [
        "", "/hook", "//127.0.0.1/", "file:///etc/passwd", "gopher://127.0.0.1/", "dict://127.0.0.1/",
        "ftp://127.0.0.1/",
        "data:text/plain,x", "javascript:alert(1)", "unix:///run/x.sock", "https:127.0.0.1", "https:\\\\127.0.0.1",
        "https://2130706433/", "https://017700000001/", "https://0x7f000001/", "https://0x7f.0.0.1/",
        "https://0177.0.0.1/",
        "https://127.1/", "https://127.0.1/", "https://0/", "https://127.0.0.01/", "https://127.0.0.0x1/",
        "https://2852039166/", "https://0xa9fea9fe/", "https://0251.0376.0251.0376/", "https://169.254.43518/",
        "https://[::ffff:127.0.0.1]/", "https://[::ffff:7f00:1]/", "https://[::ffff:169.254.169.254]/",
        "https://[0:0:0:0:0:0:0:1]/", "https://[::0001]/", "https://[::1%25lo]/", "https://[fe80::1%eth0]/",
        "https://[::127.0.0.1]/", "https://example.com@127.0.0.1/", "https://user:pass@example.com/",
        "https://127.0.0.1\\@example.com/", "https://example.com#@127.0.0.1/", "https://example.com/#x",
        "https://①②⑦.⓪.⓪.①/", "https://１２７.0.0.1/", "https://127。0。0。1/", "https://ⓛocalhost/",
        "https://loc\u{AD}alhost/",
        "https://%31%32%37.0.0.1/", "https://localhost%00.example.com/", "https://localhost\u{0}.example.com/",
        "https://127.0.0.1./", "https://localhost./", "https://example.com:0/", "https://example.com:65536/",
        "https://example.com/\r\nHost: x", " https://example.com/", "https://example.com/\t", "https://exa mple.com/",
    ]

    /// Refused unless the host is allowed to reach private addresses.
    private static let inner4and6 = [
        "http://example.com/", "https://127.0.0.1/", "https://127.255.255.254/", "https://0.0.0.0/",
        "https://10.0.0.1/",
        "https://100.64.0.1/", "https://169.254.169.254/latest/meta-data/", "https://172.16.0.1/",
        "https://192.168.0.1/",
        "https://192.0.2.1/", "https://198.18.0.1/", "https://224.0.0.1/", "https://255.255.255.255/", "https://[::]/",
        "https://[::1]/", "https://[64:ff9b::7f00:1]/", "https://[64:ff9b:1::1]/", "https://[2002:7f00:1::1]/",
        "https://[2001::1]/", "https://[fc00::1]/", "https://[fd00:ec2::254]/", "https://[fe80::1]/",
        "https://[fec0::1]/",
        "https://[ff02::1]/", "https://[::7f00:1]/", "https://localhost/", "https://LOCALHOST/", "https://x.localhost/",
        "https://intranet/", "https://metadata/", "https://metadata.google.internal/", "https://printer.local/",
        "https://host.docker.internal/", "https://nas.lan/", "https://x.home.arpa/", "https://x.corp/",
        "https://x.onion/", "https://example.com:22/", "https://example.com:6379/", "https://example.com:8080/",
    ]

    package static let notificationURLs: [Attack] =
        malformed.map { url in
            Attack(.url, "webhook URL \(shown(url))", need: .session) { victim in try await give(url, victim) }
        }
        + inner4and6.map { url in
            Attack(.url, "webhook URL \(url)", need: .session) { victim in
                let outcome = try await give(url, victim)
                guard outcome != .refused, try await give("https://127.0.0.1/", victim) != .refused else {
                    return outcome
                }
                return .skipped("the host is allowed to reach private addresses")
            }
        }

    private static func shown(_ url: String) -> String { "\(JSONValue.string(url))" }

    private static func give(_ url: String, _ victim: Victim) async throws -> Outcome {
        let answer = try await victim.send(
            "PATCH", "/api/integrations/connections/\(try await victim.connectionID())",
            body: "{\"settings\":{\"webhookUrl\":\(JSONValue.string(url))}}", token: victim.token)
        guard answer.status != 429 else { return .skipped("the rate limit is used up") }
        return .of(answer.status == 400, "answered \(answer.status): \(answer.text.prefix(200))")
    }

    /// Makes of the URI that is allowed one that is not.
    static let variants: [(name: String, make: @Sendable (String) -> String)] = [
        ("another origin", { _ in "https://evil.example.com/callback" }), ("nothing", { _ in "" }),
        ("a relative reference", { _ in "/callback" }), ("a scheme-relative reference", { _ in "//evil.example.com/" }),
        ("javascript", { _ in "javascript:alert(1)" }), ("data", { _ in "data:text/html,x" }),
        ("a longer path", { $0 + "/more" }), ("a slash more", { $0 + "/" }), ("a query", { $0 + "?x=y" }),
        ("a fragment", { $0 + "#x" }), ("a dot more", { $0 + "." }), ("a suffix", { $0 + ".evil.example.com" }),
        ("a walk upwards", { $0 + "/../evil" }), ("an escaped walk upwards", { $0 + "%2f..%2fevil" }),
        ("a backslash", { $0 + "\\evil" }), ("a user", { $0.replacing("://", with: "://evil.example.com@") }),
        ("the allowed origin as a user", { $0.replacing("/callback", with: "@evil.example.com/callback") }),
        ("the allowed origin as a prefix", { $0.replacing("/callback", with: ".evil.example.com/callback") }),
        ("another port", { $0.replacing("/callback", with: ":444/callback") }),
        ("capitals", { $0.uppercased() }), ("capitals of the path", { $0.replacing("callback", with: "Callback") }),
        ("an escaped letter", { $0.replacing("callback", with: "%63allback") }),
        ("a double slash", { $0.replacing("/callback", with: "//callback") }),
        ("a space behind it", { $0 + " " }), ("a tab before it", { "\t" + $0 }),
        ("CR LF behind it", { $0 + "\r\nSet-Cookie: injected=1" }), ("a NUL behind it", { $0 + "\u{0}" }),
        ("a zero-width space", { $0 + "\u{200B}" }),
        ("a full-width slash", { $0.replacing("/callback", with: "\u{FF0F}callback") }),
        ("two URIs", { $0 + ",https://evil.example.com/" }), ("5 KB", { $0 + String(repeating: "a", count: 5000) }),
    ]

    package static let redirects: [Attack] =
        variants.map { name, make in
            Attack(.redirect, "redirect URI with \(name)", need: .session) { victim in
                let uri = make(victim.redirectURI)
                return try await authorize(victim, "redirectUri=\(escaped(uri))")
            }
        } + [
            Attack(.redirect, "two redirect URIs, the allowed one first", need: .session) { victim in
                try await authorize(
                    victim, "redirectUri=\(escaped(victim.redirectURI))&redirectUri=https%3A%2F%2Fevil.example.com%2F")
            },
            Attack(.redirect, "two redirect URIs, the allowed one last", need: .session) { victim in
                try await authorize(
                    victim, "redirectUri=https%3A%2F%2Fevil.example.com%2F&redirectUri=\(escaped(victim.redirectURI))")
            },
            Attack(.redirect, "a state that the host did not sign", need: .session) { victim in
                let answer = try await victim.send(
                    "GET", "/api/integrations/oauth/\(victim.service)/callback?code=c&state=a.b.c.d",
                    token: victim.token)
                return outcome(answer)
            },
        ]

    private static func authorize(_ victim: Victim, _ query: String) async throws -> Outcome {
        guard try await victim.isAuthorizing() else {
            return .skipped("the host begins no authorization with the redirect URI that should be allowed")
        }
        return outcome(
            try await victim.send(
                "GET", "/api/integrations/oauth/\(victim.service)/authorize?\(query)", token: victim.token))
    }

    private static func outcome(_ answer: TestResponse) -> Outcome {
        guard answer.status != 429 else { return .skipped("the rate limit is used up") }
        let isRefused = [400, 414].contains(answer.status) && answer.header("Location") == nil
        return .of(isRefused, "answered \(answer.status): \(answer.text.prefix(200))")
    }

    /// A text as a value of a query.
    static func escaped(_ text: String) -> String {
        text.utf8.map { byte in
            let isPlain = UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte || UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte
            return isPlain ? String(UnicodeScalar(byte)) : "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }.joined()
    }
}
