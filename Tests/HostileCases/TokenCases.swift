// Sessions that no one issued: tokens with another algorithm, key, type or form, and identities that a caller claims without proof.

import Cryptography
import HostTesting

extension Attack {
    private static let path = "/api/integrations/connections"
    private static let signature = Base64URL.encode([UInt8](repeating: 65, count: 32))

    private static func encoded(_ text: String) -> String { Base64URL.encode(Array(text.utf8)) }

    /// Claims of a session that would be valid for years.
    private static func claims(_ more: String = "") -> String {
        encoded(
            #"{"iss":"integration-host","sub":"1","jti":"AAAAAAAAAAAAAAAAAAAAAA","kind":"session","iat":1700000000,"exp":1999999999\#(more)}"#
        )
    }

    private static func token(_ header: String, claims: String = claims(), signature: String = signature) -> String {
        "\(encoded(header)).\(claims).\(signature)"
    }

    /// A token that is signed with a key that anyone can guess.
    private static func signed(_ header: String, with key: [UInt8]) -> String {
        let text = "\(encoded(header)).\(claims())"
        return "\(text).\(HMACSHA256(key: key).code(for: text).base64URL)"
    }

    private static let hs256 = #"{"alg":"HS256","typ":"JWT"}"#

    private static let made: [(name: String, token: String)] =
        ["none", "None", "NONE", "nOnE", "", "HS256none"].flatMap { algorithm in
            [
                ("alg “\(algorithm)” without a signature", token(#"{"alg":"\#(algorithm)"}"#, signature: "")),
                ("alg “\(algorithm)” with a signature", token(#"{"alg":"\#(algorithm)"}"#)),
            ]
        }
        + ["HS384", "HS512", "RS256", "PS256", "ES256", "EdDSA", "dir", "A256KW", "PBES2-HS256+A128KW"].map {
            ("alg \($0)", token(#"{"alg":"\#($0)","typ":"JWT"}"#))
        } + [
            ("a signature of another key", token(hs256)), ("an empty key", signed(hs256, with: [])),
            ("a key of zeros", signed(hs256, with: [UInt8](repeating: 0, count: 32))),
            ("the key “secret”", signed(hs256, with: Array("secret".utf8))),
            ("a key id that is a path", signed(#"{"alg":"HS256","kid":"../../../../dev/null"}"#, with: [])),
            ("a key id that is no text", signed(#"{"alg":"HS256","kid":1}"#, with: [])),
            ("a key id that is empty", signed(#"{"alg":"HS256","kid":""}"#, with: [])),
            (
                "its own key",
                signed(
                    #"{"alg":"HS256","jwk":{"kty":"oct","k":"\#(encoded("key"))"}}"#, with: Array("key".utf8))
            ),
            ("the address of its key", token(#"{"alg":"RS256","jku":"http://127.0.0.1:9/jwks","kid":"a"}"#)),
            ("the address of its certificate", token(#"{"alg":"RS256","x5u":"http://127.0.0.1:9/cert"}"#)),
            ("its certificate", token(#"{"alg":"RS256","x5c":["AAAA"]}"#)),
            ("a critical extension", token(#"{"alg":"HS256","crit":["x"],"x":1}"#)),
            ("an unencoded payload", token(#"{"alg":"HS256","b64":false,"crit":["b64"]}"#)),
            ("no alg", token(#"{"typ":"JWT"}"#)), ("two algs", token(#"{"alg":"none","alg":"HS256"}"#)),
            ("a list of algs", token(#"{"alg":["none"]}"#)), ("a header that is no object", token("[]")),
            ("a header that is no JSON", token("x")), ("typ at+jwt", token(#"{"alg":"HS256","typ":"at+jwt"}"#)),
            ("typ JOSE", token(#"{"alg":"HS256","typ":"JOSE"}"#)),
            ("typ as a number", token(#"{"alg":"HS256","typ":1}"#)),
            ("two parts", "\(encoded(hs256)).\(claims())"), ("four parts", token(hs256) + ".x"),
            ("five parts", "\(encoded(#"{"alg":"dir","enc":"A256GCM"}"#))..AAAA.AAAA.AAAA"),
            ("empty parts", ".."), ("dots alone", "...."), ("padding", token(hs256, signature: signature + "=")),
            ("standard base64", "+/+/.+/+/.+/+/"), ("a NUL escape", token(hs256) + "%00"),
            ("70 KB", String(repeating: "a", count: 70_000)), ("7 KB", String(repeating: "a.", count: 3500)),
            (
                "a header nested deeply",
                token(String(repeating: #"{"alg":"#, count: 500) + "1" + String(repeating: "}", count: 500))
            ),
        ]

    private static let claimed: [(name: String, fields: String, query: String)] = [
        ("no session", "", ""), ("an empty Authorization", "Authorization:\r\n", ""),
        ("a scheme alone", "Authorization: Bearer\r\n", ""), ("Basic", "Authorization: Basic YWRtaW46YWRtaW4=\r\n", ""),
        ("a user in a field", "X-User-Id: 1\r\nX-Forwarded-User: 1\r\nRemote-User: 1\r\n", ""),
        (
            "an address of the host",
            "X-Forwarded-For: 127.0.0.1\r\nX-Real-IP: 127.0.0.1\r\nForwarded: for=127.0.0.1\r\n", ""
        ),
        ("another path in a field", "X-Original-URL: /healthz\r\nX-Rewrite-URL: /healthz\r\n", ""),
        ("another method in a field", "X-HTTP-Method-Override: OPTIONS\r\n", ""),
        ("a token in the query", "", "?token=\(token(#"{"alg":"none"}"#, signature: ""))&access_token=1"),
        (
            "a session cookie without a signature", "Cookie: __session=\(token(#"{"alg":"none"}"#, signature: ""))\r\n",
            ""
        ),
        ("a cookie of NextAuth", "Cookie: next-auth.session-token=x; authjs.session-token=x\r\n", ""),
        ("a cookie of RDS", "Cookie: RDS_Session_development=\(token(#"{"alg":"none"}"#, signature: ""))\r\n", ""),
        ("an API key that does not exist", "Authorization: Bearer ihk_AAAAAAAAAAAAAAAA_\(signature)\r\n", ""),
        ("two Authorization fields", "Authorization: Bearer a\r\nAuthorization: Bearer b\r\n", ""),
    ]

    /// What a caller makes of a token that it has.
    private static let altered: [(name: String, change: @Sendable (String) -> String)] = [
        ("without its signature", { $0.split(separator: ".").dropLast().joined(separator: ".") + "." }),
        ("with alg none", { parts in token(#"{"alg":"none"}"#, claims: part(1, parts), signature: "") }),
        ("with alg none and its signature", { token(#"{"alg":"none"}"#, claims: part(1, $0), signature: part(2, $0)) }),
        ("with another user", { "\(part(0, $0)).\(claims()).\(part(2, $0))" }),
        ("with a role", { "\(part(0, $0)).\(claims(#","roles":["superuser"]"#)).\(part(2, $0))" }),
        (
            "with another typ",
            { token(#"{"alg":"HS256","typ":"at+jwt"}"#, claims: part(1, $0), signature: part(2, $0)) }
        ),
        ("with another part", { $0 + ".x" }), ("with a byte more", { $0 + "A" }), ("with padding", { $0 + "=" }),
        ("with a byte less", { String($0.dropLast()) }),
        ("with a changed first byte of the signature", { changed($0, 0) }),
        ("with a changed last byte of the signature", { changed($0, -1) }),
        ("with spare bits of the signature set", spareBits), ("in other letters", { $0.lowercased() }),
        ("in quotes", { "\"\($0)\"" }), ("twice", { "\($0),\($0)" }), ("behind another", { "x \($0)" }),
    ]

    private static func part(_ index: Int, _ token: String) -> String {
        let parts = token.split(separator: ".", omittingEmptySubsequences: false)
        return index < parts.count ? String(parts[index]) : ""
    }

    private static func changed(_ token: String, _ index: Int) -> String {
        guard var bytes = try? Base64URL.decode(part(2, token)), !bytes.isEmpty else { return "x" }
        bytes[index < 0 ? bytes.count - 1 : index] ^= 1
        return "\(part(0, token)).\(part(1, token)).\(Base64URL.encode(bytes))"
    }

    /// The same signature to a decoder that ignores the bits behind the last whole byte.
    @Sendable private static func spareBits(_ token: String) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
        guard let last = token.last, let index = alphabet.firstIndex(of: last) else { return "x" }
        return token.dropLast() + String(alphabet[index ^ 1])
    }

    package static let tokens: [Attack] =
        made.map { name, token in
            Attack(.token, "a token with \(name)") { victim in try await refused(victim.send("GET", path, token: token))
            }
        }
        + claimed.map { name, fields, query in
            Attack(.token, name) { victim in try await refused(victim.send("GET", path + query, fields: fields)) }
        }
        + altered.map { name, change in
            Attack(.token, "the caller's token \(name)", need: .session) { victim in
                try await refused(victim.send("GET", path, token: change(victim.token ?? "")))
            }
        }

    private static func refused(_ answer: TestResponse) -> Outcome {
        .of([400, 401, 431].contains(answer.status), "answered \(answer.status): \(answer.text.prefix(200))")
    }
}
