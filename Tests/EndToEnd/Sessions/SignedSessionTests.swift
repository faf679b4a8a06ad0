// Sessions and services that sign RS256, sent to a running host: Clerk with a PEM key and with a key set, RDS, the bot and the cron
// job handler. Every wrong token is one that nobody sent.

import Cryptography
import HostTesting
import ProviderSDK
import TestSupport
import Testing

@Suite("Signed sessions at a running host", .timeLimit(.minutes(5)))
struct SignedSessionTests {
    private typealias Tokens = SessionTokens

    /// A host whose schemes are all verified with PEM keys.
    private func host(rds environment: String = "production") async throws -> SessionHost {
        let folder = try TemporaryDirectory()
        func file(_ name: String, _ key: RSAPrivateKey) throws -> String {
            try folder.write(name, try key.publicKey.pem())
        }
        return try await SessionHost(
            sessions: """
                "clerk":{"publicKeyFile":"\(try file("clerk.pem", Tokens.clerk))",\
                "issuer":"https://clerk.example","authorizedParties":["https://app.example"]},\
                "rds":{"environment":"\(environment)","publicKeyFile":"\(try file("rds.pem", Tokens.rds))"},\
                "discordBot":{"publicKeyFile":"\(try file("bot.pem", Tokens.bot))"},\
                "cronJobHandler":{"publicKeyFile":"\(try file("cron.pem", Tokens.cron))"}
                """)
    }

    /// Claims that are good or not, with the status that they are answered with; `{now±seconds}` is a moment.
    private static let clerkClaims: [(name: String, changes: [String: String], status: Int)] = [
        ("good", [:], 200), ("ended a second ago", ["exp": "{now-1}"], 200),
        ("ended an hour ago", ["exp": "{now-3600}"], 401), ("begins in two seconds", ["nbf": "{now+2}"], 200),
        ("begins in an hour", ["nbf": "{now+3600}"], 401), ("made in an hour", ["iat": "{now+3600}"], 401),
        ("another issuer", ["iss": #""https://evil""#], 401), ("no issuer", ["iss": ""], 401),
        ("issuers", ["iss": #"["https://clerk.example"]"#], 401), ("another party", ["azp": #""https://evil""#], 401),
        ("no party", ["azp": ""], 401), ("a party in capitals", ["azp": #""https://APP.example""#], 401),
        ("no user", ["sub": ""], 401), ("a user in numbers", ["sub": "1"], 401),
        ("an empty user", ["sub": "\"\""], 401),
        ("no end", ["exp": ""], 401), ("an end in words", ["exp": #""{now+60}""#], 401),
        ("an end in fractions", ["exp": "{now+60}.5"], 200), ("no end at all", ["exp": "1e999"], 401),
        ("a beginning in words", ["nbf": "\"0\""], 401), ("a factor is missing", ["sts": "\"pending\""], 401),
    ]

    @Test("A Clerk session needs its times, its issuer and its party, as Bearer and as cookie")
    func clerk() async throws {
        let host = try await host()
        for (name, changes, status) in Self.clerkClaims {
            for isBearer in [true, false] {
                let found = try await host.promptStatus(of: "u1") {
                    let token = try Tokens.signed(Tokens.clerkClaims(changes.mapValues(Tokens.filled)), Tokens.clerk)
                    return isBearer ? .bearer(token) : .cookie("__session", token)
                }
                #expect(found == status, "\(name)")
            }
        }
        let good = try Tokens.signed(Tokens.clerkClaims(), Tokens.clerk)
        #expect(try await host.status(of: "u2", .bearer(good)) == 401, "it is u1's session")
        for cookie in ["rds-session-production", "next-auth.session-token", "integration-host-session"] {
            #expect(try await host.status(of: "u1", .cookie(cookie, good)) == 401, "\(cookie)")
        }
        // The routes that want the user's own session take it.
        let own = try await host.send(
            "GET", "/api/v1/users/u1/integrations/arc", headers: [SessionPlace.cookie("__session", good).field])
        #expect(own.text == #"{"iidx":null,"sdvx":null}"#)
    }

    /// Tokens of somebody who has the public key only, or is careless.
    private func forgeries() throws -> [(name: String, token: String)] {
        let claims = Tokens.clerkClaims()
        let good = try Tokens.signed(claims, Tokens.clerk)
        let payload = Base64URL.encode(Array(claims.utf8))
        let pem = try Tokens.clerk.publicKey.pem()
        func hmac(_ header: String) -> String {
            let text = Base64URL.encode(Array(header.utf8)) + "." + payload
            return text + "." + HMACSHA256(key: Array(pem.utf8)).code(for: text).base64URL
        }
        let foreign = try Tokens.jwk(Tokens.bot.publicKey, id: "x")
        return [
            ("another key", try Tokens.signed(claims, Tokens.rds)),
            ("none", Base64URL.encode(Array(#"{"alg":"none"}"#.utf8)) + ".\(payload)."),
            ("none with a signature", try Tokens.signed(claims, Tokens.clerk, header: #"{"alg":"none"}"#)),
            ("HS256 with the public key", hmac(#"{"alg":"HS256"}"#)),
            ("an HMAC that says RS256", hmac(#"{"alg":"RS256"}"#)),
            ("RS512 in the header", try Tokens.signed(claims, Tokens.clerk, header: #"{"alg":"RS512"}"#)),
            ("a key of its own", try Tokens.signed(claims, Tokens.bot, header: #"{"alg":"RS256","jwk":\#(foreign)}"#)),
            ("an extension", try Tokens.signed(claims, Tokens.clerk, header: #"{"alg":"RS256","crit":["exp"]}"#)),
            ("alg twice", try Tokens.signed(claims, Tokens.clerk, header: #"{"alg":"RS256","alg":"RS256"}"#)),
            ("a claim twice", try Tokens.signed(String(claims.dropLast()) + #","sub":"u1"}"#, Tokens.clerk)),
            ("no object", try Tokens.signed("[]", Tokens.clerk)), ("padding", good + "="), ("four parts", good + ".x"),
            ("other claims", Tokens.replacing(1, of: good, with: Base64URL.encode(Array("{}".utf8)))),
            ("no signature", Tokens.replacing(2, of: good, with: "")), ("dots", ".."), ("a word", "x"),
        ]
    }

    @Test("Forged and damaged tokens are refused with one and the same answer, at every place")
    func forged() async throws {
        let host = try await host(rds: "staging")
        var answers: Set<String> = []
        for (name, token) in try forgeries() {
            for place in [
                SessionPlace.bearer(token), .cookie("__session", token), .cookie("rds-session-staging", token),
            ] {
                let response = try await host.send(
                    "GET", "/api/userIntegration?page=1&limit=1", headers: [place.field])
                #expect(response.status == 401, "\(name)")
                answers.insert(response.text)
            }
        }
        #expect(answers == [#"{"status":401,"error":"Unathorized"}"#])
    }

    @Test("An RDS session comes in the cookie of its environment, and not as Bearer in production")
    func rds() async throws {
        for (environment, bearer) in [("production", 401), ("staging", 200)] {
            let host = try await host(rds: environment)
            let cookie = "rds-session-\(environment)"
            for (changes, status) in [
                ([:], 200), (["exp": "\(Tokens.now - 1)"], 401), (["exp": ""], 401), (["userId": ""], 401),
                (["userId": "", "sub": "\"u1\""], 401), (["nbf": "\(Tokens.now + 3600)"], 401),
            ] as [([String: String], Int)] {
                let token = try Tokens.signed(Tokens.rdsClaims(changes), Tokens.rds)
                #expect(try await host.status(of: "u1", .cookie(cookie, token)) == status, "\(changes)")
                #expect(try await host.status(of: "u1", .cookies("a=b; \(cookie)=\"\(token)\"; c=d")) == status)
                #expect(try await host.status(of: "u1", .bearer(token)) == max(status, bearer), "\(changes)")
                #expect(try await host.status(of: "u1", .cookie("rds-session-development", token)) == 401)
            }
            for (roles, status) in [(#"{"super_user":true}"#, 200), (#"{"super_user":false}"#, 403), ("", 403)] {
                let token = try Tokens.signed(Tokens.rdsClaims(["roles": roles]), Tokens.rds)
                let field = SessionPlace.cookie(cookie, token).field
                let sync = try await host.send("PATCH", "/external-accounts/discord-sync", headers: [field])
                #expect(sync.status == status, "\(roles): \(sync.text)")
            }
        }
    }

    @Test("Bot and cron job handler have their own keys, names and routes, and no cookies")
    func services() async throws {
        let host = try await host()
        let bot = #"{"name":"Cloudflare Worker","exp":\#(Tokens.now + 3600)}"#
        let cron = #"{"name":"Cron Job Handler","exp":\#(Tokens.now + 3600)}"#
        let attributes = #""attributes":{"discordId":"d"}}"#
        for (number, (claims, key, added, changed)) in [
            (bot, Tokens.bot, 201, 403), (cron, Tokens.cron, 401, 200), (cron, Tokens.bot, 401, 401),
            (bot, Tokens.cron, 401, 401), (#"{"name":"Cloudflare Worker"}"#, Tokens.bot, 401, 401),
            (#"{"name":"Cloudflare Worker","exp":1}"#, Tokens.bot, 401, 401),
            (#"{"exp":4102444800}"#, Tokens.bot, 401, 401),
        ].enumerated() {
            let token = try Tokens.signed(claims, key)
            let tokenBody = #"{"token":"t\#(number)",\#(attributes)"#
            let action = #"{"action":"discord-users-sync","data":{}}"#
            let bearer = [SessionPlace.bearer(token).field]
            let add = try await host.send("POST", "/external-accounts", body: tokenBody, headers: bearer)
            #expect(add.status == added, "\(number)")
            let change = try await host.send("POST", "/external-accounts/users", body: action, headers: bearer)
            #expect(change.status == changed, "\(number)")
            for cookie in ["rds-session-production", "__session", "integration-host-session"] {
                let field = SessionPlace.cookie(cookie, token).field
                let response = try await host.send("POST", "/external-accounts", body: tokenBody, headers: [field])
                #expect(response.status == 401, "\(number) in \(cookie)")
            }
        }
    }

    @Test("A cached session ends when its token expires")
    func end() async throws {
        let host = try await host()
        let end = Tokens.now + 8
        let token = try Tokens.signed(Tokens.rdsClaims(["exp": "\(end)"]), Tokens.rds)
        let place = SessionPlace.cookie("rds-session-production", token)
        for _ in 0..<3 {
            let status = try await host.status(of: "u1", place)
            // An answer that took too long may be of the time after its end.
            if Tokens.now < end { #expect(status == 200) }
        }
        try await waitUntil("the end of the session", every: .milliseconds(100)) {
            try await host.status(of: "u1", place) == 401
        }
        #expect(Tokens.now >= end)
    }

    @Test("Keys come from the issuer's key set, which unknown keys make the host fetch once a minute at most")
    func keySet() async throws {
        let server = try KeySetServer()
        server.publish(
            """
            {"keys":[\(try Tokens.jwk(Tokens.clerk.publicKey, id: "one")),\
            \(try Tokens.jwk(Tokens.bot.publicKey, id: "twice")),\(try Tokens.jwk(Tokens.cron.publicKey, id: "twice")),\
            \(try Tokens.jwk(Tokens.rds.publicKey, id: "other use", use: "enc"))]}
            """)
        let host = try await SessionHost(
            sessions: #""clerk":{"jwksURL":"\#(server.url)","issuer":"https://clerk.example"}"#)
        func status(_ key: RSAPrivateKey, _ id: String?, _ changes: [String: String] = [:]) async throws -> Int {
            let header = id.map { #"{"alg":"RS256","kid":"\#($0)"}"# } ?? #"{"alg":"RS256"}"#
            let token = try Tokens.signed(Tokens.clerkClaims(changes), key, header: header)
            return try await host.status(of: "u1", .cookie("__session", token))
        }
        #expect(server.fetchCount == 0, "nobody has asked yet")
        #expect(try await status(Tokens.clerk, nil) == 401, "a token that names no key")
        #expect(server.fetchCount == 0)
        let start = ContinuousClock.now
        #expect(try await status(Tokens.clerk, "one") == 200)
        for _ in 0..<10 {
            #expect(try await status(Tokens.clerk, "one", ["jti": "\"\(Int.random(in: 1...999_999))\""]) == 200)
        }
        #expect(server.fetchCount >= 1)
        for number in 0..<20 { #expect(try await status(Tokens.clerk, "unknown-\(number)") == 401) }
        let minutes = Int((ContinuousClock.now - start) / .seconds(60))
        #expect(server.fetchCount <= 1 + minutes, "one fetch at first, and one for every minute since")
        #expect(try await status(Tokens.bot, "one") == 401, "signed with another key than it names")
        #expect(try await status(Tokens.bot, "twice") == 401, "two keys have that id")
        #expect(try await status(Tokens.rds, "other use") == 401, "a key for encryption")
        #expect(try await status(Tokens.clerk, "one", ["iss": #""https://other""#]) == 401)
        // The issuer being away ends no session that its last good set can verify.
        server.publish(nil)
        #expect(try await status(Tokens.clerk, "one", ["jti": "\"late\""]) == 200)
        await server.stop()
    }
}
