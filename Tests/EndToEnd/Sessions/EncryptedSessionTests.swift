// NextAuth v4 and Auth.js v5 sessions sent to a running host: both encryptions, any secret of a rotation, whole and in chunks, and
// everything about them that can be wrong. Some tokens were made by another implementation of the standards.

import Cryptography
import HostTesting
import ProviderSDK
import Testing

@Suite("Encrypted sessions at a running host", .timeLimit(.minutes(5)))
struct EncryptedSessionTests {
    private typealias Tokens = SessionTokens

    private static let v4Cookies = ["next-auth.session-token", "__Secure-next-auth.session-token"]
    private static let v5Cookies = ["authjs.session-token", "__Secure-authjs.session-token"]

    private func host(version: Int, secrets: String = #""new secret","old secret""#) async throws -> SessionHost {
        try await SessionHost(sessions: #""nextAuth":{"secrets":[\#(secrets)],"version":\#(version)}"#)
    }

    private func encrypted(_ key: JWEKey, _ changes: [String: String] = [:]) throws -> String {
        try key.encrypt(Array(Tokens.nextAuthClaims(changes.mapValues(Tokens.filled)).utf8))
    }

    @Test("A v4 session opens with any secret of the rotation, in both cookies and as Bearer, until its end")
    func version4() async throws {
        let host = try await host(version: 4)
        for (name, secret, changes, status) in [
            ("new", "new secret", [:], 200), ("old", "old secret", [:], 200), ("no secret of ours", "x", [:], 401),
            ("ended a second ago", "new secret", ["exp": "{now-1}"], 200),
            ("ended an hour ago", "new secret", ["exp": "{now-3600}"], 401),
            ("no end", "new secret", ["exp": ""], 401),
            ("not yet", "new secret", ["nbf": "{now+3600}"], 401), ("no user", "new secret", ["sub": ""], 401),
            ("a user in numbers", "new secret", ["sub": "1"], 401),
        ] as [(String, String, [String: String], Int)] {
            let key = try Tokens.v4(secret)
            for cookie in Self.v4Cookies + [nil] {
                let found = try await host.promptStatus(of: "u1") {
                    let token = try encrypted(key, changes)
                    return cookie.map { .cookie($0, token) } ?? .bearer(token)
                }
                #expect(found == status, "\(name) in \(cookie ?? "Bearer")")
            }
            let token = try encrypted(key, changes)
            for cookie in Self.v5Cookies + ["__session", "rds-session-development"] {
                #expect(try await host.status(of: "u1", .cookie(cookie, token)) == 401, "\(name) in \(cookie)")
            }
        }
        let ended = try encrypted(try Tokens.v4("old secret"), ["exp": "{now-3600}"])
        let answer = try await host.send(
            "GET", "/api/userIntegration?page=1&limit=1", headers: [SessionPlace.cookie(Self.v4Cookies[0], ended).field]
        )
        #expect(answer.header("WWW-Authenticate")?.contains("has expired") == true)
        // Tokens of the other version, under the same secret.
        for key in [
            try Tokens.v5("new secret", Self.v4Cookies[0]), try Tokens.v5("new secret", Self.v4Cookies[0], .a256GCM),
            try Tokens.v5("new secret", Self.v5Cookies[0], .a256GCM),
        ] {
            let token = try encrypted(key)
            for place in [SessionPlace.cookie(Self.v4Cookies[0], token), .bearer(token)] {
                #expect(try await host.status(of: "u1", place) == 401)
            }
        }
    }

    @Test("A v5 session opens in the cookie whose name its key was made for, in both encryptions")
    func version5() async throws {
        let host = try await host(version: 5)
        for (index, cookie) in Self.v5Cookies.enumerated() {
            for encryption in [JWEKey.ContentEncryption.a256CBCHS512, .a256GCM] {
                for (secret, changes, status) in [
                    ("new secret", [:], 200), ("old secret", [:], 200), ("x", [:], 401),
                    ("new secret", ["exp": "{now-3600}"], 401), ("new secret", ["sub": ""], 401),
                ] as [(String, [String: String], Int)] {
                    let token = try encrypted(try Tokens.v5(secret, cookie, encryption), changes)
                    #expect(try await host.status(of: "u1", .cookie(cookie, token)) == status)
                    #expect(try await host.status(of: "u1", .bearer(token)) == status)
                    #expect(try await host.status(of: "u1", .cookie(Self.v5Cookies[1 - index], token)) == 401)
                    #expect(try await host.status(of: "u1", .cookie(Self.v4Cookies[index], token)) == 401)
                }
            }
        }
        let old = try encrypted(try Tokens.v4("new secret"))
        for place in (Self.v5Cookies + Self.v4Cookies).map({ SessionPlace.cookie($0, old) }) + [.bearer(old)] {
            #expect(try await host.status(of: "u1", place) == 401, "a session of version 4")
        }
    }

    @Test("Tokens of another implementation are opened: v4, v5 with a key id, and v5 in the other encryption")
    func interoperation() async throws {
        let secrets = #""another secret","a secret of the application""#
        let v4 =
            "eyJhbGciOiAiZGlyIiwgImVuYyI6ICJBMjU2R0NNIn0..yZa2sBHPuR9NmJ0j.doTR-vo14YQ-FiJVYqzGOzP1NZ2yf3XNYz9vHE-"
            + "kq8D4-BIIGKlY5_IKBVzVYi01k7R13Q.9e3sblmhKW1sQy10wTqq4g"
        let cbc =
            "eyJhbGciOiAiZGlyIiwgImVuYyI6ICJBMjU2Q0JDLUhTNTEyIiwgImtpZCI6ICJRV0xHdVUtbGFzVld5UmQwMW9LUjd2Q20tMS1tUGR3"
            + "dXNTaUNpTnlFY2xndXhxMVBnSTlpTjk4M00zVVAybDVCTkFOODVWT0ZZcVFVRmVYSGRfSmhVQSJ9..Uo6WrUDBzgyO9pigcA9hWQ.cX"
            + "8M-WZwCaJlhj8u1l5bQRXeBMOe_PRD5cehY5fAJZuIK24JlGep1aaBhzyhKsNCeBrvNlFo2y2Sy3tRwrpUSA.upik2LITryh0LC9Q87"
            + "HPqjDomd4A8PJBBoicsAmrVsQ"
        let gcm =
            "eyJhbGciOiAiZGlyIiwgImVuYyI6ICJBMjU2R0NNIiwgImtpZCI6ICJhbnkifQ..hQBduyxgG2GvWE6s.4lqCJyp5yY07RmO1KxGXQ5h3"
            + "4ZVZVrXcBWVPOKCBb5z0EwKNEOOm8Bfd4zgzcCLrW-_0Tg.mSKBwC_XG692n78dTWN8xA"
        let four = try await host(version: 4, secrets: secrets)
        #expect(try await four.status(of: "u1", .cookie(Self.v4Cookies[0], v4)) == 200)
        let five = try await host(version: 5, secrets: secrets)
        #expect(try await five.status(of: "u1", .cookie(Self.v5Cookies[0], cbc)) == 200)
        #expect(try await five.status(of: "u1", .cookie(Self.v5Cookies[1], gcm)) == 200)
    }

    @Test("A session in chunks is put together by number, over cookies and header fields")
    func chunks() async throws {
        for (version, cookie) in [(4, Self.v4Cookies[0]), (4, Self.v4Cookies[1]), (5, Self.v5Cookies[1])] {
            let host = try await host(version: version)
            let key = version == 4 ? try Tokens.v4("new secret") : try Tokens.v5("new secret", cookie)
            let token = try encrypted(key, ["picture": "\"\(String(repeating: "x", count: 8000))\""])
            func status(_ cookies: String...) async throws -> Int {
                try await host.send(
                    "GET", "/api/userIntegration?page=1&limit=1&userId=u1", headers: cookies.map { ("Cookie", $0) }
                ).status
            }
            func part(_ order: [Int]? = nil, size: Int = 3936) -> String {
                Tokens.chunks(cookie, token, size: size, order: order)
            }
            #expect(try await status(part()) == 200, "as a browser sends it, in one field")
            #expect(try await status(part([2, 0, 1])) == 200)
            #expect(try await status(part(size: 900)) == 200, "number 10 comes behind number 9")
            #expect(try await status(part([1, 2]), part([0])) == 200)
            #expect(try await status("\(cookie)=stale; \(part())") == 200, "a whole one that is left over")
            #expect(try await status(part([0, 2])) == 401, "one is missing")
            #expect(try await status("\(part()); \(cookie).0=x") == 401, "one comes twice")
            #expect(try await status("\(part()); \(cookie).3=x") == 401, "one is left over")
            let other = cookie.hasPrefix("__Secure-") ? String(cookie.dropFirst(9)) : "__Secure-" + cookie
            let elsewhere = Tokens.chunks(other, token, order: [1, 2])
            #expect(try await status("\(part([0])); \(elsewhere)") == 401, "chunks of two names")
        }
    }

    @Test("Every damaged encrypted token is refused with the same answer")
    func damaged() async throws {
        for version in [4, 5] {
            let host = try await host(version: version)
            let cookie = version == 4 ? Self.v4Cookies[0] : Self.v5Cookies[0]
            let key = version == 4 ? try Tokens.v4("new secret") : try Tokens.v5("new secret", cookie)
            let good = try encrypted(key)
            #expect(try await host.status(of: "u1", .cookie(cookie, good)) == 200)
            let tag = try Base64URL.decode(String(good.split(separator: ".").last ?? ""))
            var wrong = (0..<tag.count).map {
                Tokens.replacing(4, of: good, with: Base64URL.encode(Array(tag.prefix($0))))
            }
            wrong.append(Tokens.replacing(4, of: good, with: Base64URL.encode(tag + [0])))
            let encryption = version == 4 ? "A256GCM" : "A256CBC-HS512"
            for header in [
                #"{"alg":"dir","enc":"\#(encryption)","zip":"DEF"}"#,
                #"{"alg":"dir","enc":"\#(encryption)","crit":["x"]}"#,
                #"{"alg":"A256KW","enc":"\#(encryption)"}"#, #"{"alg":"dir","enc":"A128GCM"}"#,
                #"{"alg":"dir","enc":"A128CBC-HS256"}"#, #"{"alg":"none"}"#,
                #"{"alg":"RSA-OAEP","enc":"\#(encryption)"}"#,
            ] {
                wrong.append(Tokens.replacing(0, of: good, with: Base64URL.encode(Array(header.utf8))))
            }
            wrong += (1...3).map { Tokens.replacing($0, of: good, with: "AAAAAAAAAAAAAAAA") }
            wrong += [good + ".", good + "=", good + ".x", ".", "....", ""]
            for token in wrong {
                let response = try await host.send(
                    "GET", "/api/userIntegration?page=1&limit=1", headers: [SessionPlace.cookie(cookie, token).field])
                #expect(response.text == #"{"status":401,"error":"Unathorized"}"#, "\(token)")
            }
        }
    }
}
