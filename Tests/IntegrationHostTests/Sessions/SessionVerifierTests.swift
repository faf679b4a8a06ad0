// The verifiers of other applications' sessions, against tokens and keys made here.

import Cryptography
import Primitives
import ProviderSDK
import Testing
import Users

@testable import Configuration
@testable import ConnectionModel
@testable import HTTPAPI
@testable import Observability
@testable import Requests
@testable import Sessions

@Suite("Session verifiers", .timeLimit(.minutes(2)))
struct SessionVerifierTests {
    // Made once, because generating a key is slow; a static property cannot throw.
    // swift-format-ignore: NeverUseForceTry
    static let key = try! RSAPrivateKey.generate()
    // swift-format-ignore: NeverUseForceTry
    static let foreign = try! RSAPrivateKey.generate()
    static let now = Timestamp(seconds: 1_000_000) ?? .epoch
    static var signatures: JWSVerifier { JWSVerifier(rs256: key.publicKey) }

    static func token(_ claims: String, key: RSAPrivateKey = key) throws -> String {
        try JWSSigner(rs256: key).sign(Array(claims.utf8))
    }

    @Test(
        "An RDS session needs a userId, a future exp and its own key",
        arguments: [
            (#"{"userId":"u1","exp":1000001}"#, true), (#"{"userId":"u1","exp":1000000}"#, false),
            (#"{"userId":"u1"}"#, false), (#"{"userId":7,"exp":1000001}"#, false),
            (#"{"sub":"u1","exp":1000001}"#, false),
            (#"{"userId":"u1","exp":"1000001"}"#, false),
        ])
    func rds(claims: String, isGood: Bool) throws {
        let verifier = RDSVerifier(signatures: Self.signatures)
        #expect((verifier.session(of: try Self.token(claims), at: Self.now)?.principal.userID == "u1") == isGood)
        #expect(verifier.session(of: try Self.token(claims, key: Self.foreign), at: Self.now) == nil)
    }

    @Test(
        "The bot and the cron job handler each need their own name",
        arguments: [
            ("Cloudflare Worker", PrincipalKind.bot), ("Cron Job Handler", .service), ("Somebody", .session),
        ])
    func services(name: String, kind: PrincipalKind) throws {
        let token = try Self.token(#"{"name":"\#(name)","exp":1000002}"#)
        let bot = ServiceVerifier.discordBot(Self.signatures).session(of: token, at: Self.now)
        let cron = ServiceVerifier.cronJobHandler(Self.signatures).session(of: token, at: Self.now)
        #expect((bot?.principal.kind == .bot) == (kind == .bot))
        #expect((cron?.principal.kind == .service) == (kind == .service))
    }

    @Test(
        "A Clerk session needs valid times, issuer and party, and binds by sid",
        arguments: [
            (#""exp":1000060"#, true), (#""exp":999996"#, true), (#""exp":999995"#, false),
            (#""exp":1000060,"nbf":1000005"#, true), (#""exp":1000060,"nbf":1000006"#, false),
            (#""exp":1000060,"iat":1000006"#, false), (#""exp":1000060,"iat":"1""#, false), (#""nbf":1"#, false),
        ])
    func clerkTimes(times: String, isGood: Bool) throws {
        let verifier = ClerkVerifier(
            signatures: Self.signatures, claims: ClerkClaims(issuer: "https://i", authorizedParties: ["https://a"]))
        func session(_ rest: String) throws -> VerifiedSession? {
            verifier.session(of: try Self.token("{\(times),\(rest)}"), at: Self.now)
        }
        let good = try session(#""sub":"u","iss":"https://i","azp":"https://a","sid":"s1""#)
        #expect((good?.principal.sessionBinding == "clerk:s1") == isGood)
        #expect(try session(#""sub":"u","iss":"https://i","sid":"s1""#) == nil)
        #expect(try session(#""sub":"u","iss":"https://j","azp":"https://a","sid":"s1""#) == nil)
        #expect(try session(#""iss":"https://i","azp":"https://a","sid":"s1""#) == nil)
    }

    @Test(
        "A Clerk token for a program is no session: its header, its subject or its client says so",
        arguments: [
            (#"{"alg":"RS256"}"#, "user_1", "", true), (#"{"alg":"RS256","typ":"JWT"}"#, "user_1", "", true),
            (#"{"alg":"RS256","typ":"jwt"}"#, "user_1", "", true),
            (#"{"alg":"RS256","typ":"at+jwt"}"#, "user_1", "", false),
            (#"{"alg":"RS256","typ":"application/at+jwt"}"#, "user_1", "", false),
            (#"{"alg":"RS256","typ":""}"#, "user_1", "", false),
            (#"{"alg":"RS256","typ":"JWT "}"#, "user_1", "", false),
            (#"{"alg":"RS256"}"#, "mch_1", "", false), (#"{"alg":"RS256"}"#, "org_1", "", false),
            (#"{"alg":"RS256"}"#, "oat_1", "", false), (#"{"alg":"RS256"}"#, "ak_1", "", false),
            (#"{"alg":"RS256"}"#, "mt_1", "", false), (#"{"alg":"RS256"}"#, "oac_1", "", false),
            (#"{"alg":"RS256"}"#, "user_1", #","client_id":"c""#, false),
            (#"{"alg":"RS256"}"#, "user_1", #","jti":"mt_1""#, false),
            (#"{"alg":"RS256"}"#, "user_1", #","jti":"oat_1""#, false),
            (#"{"alg":"RS256"}"#, "user_1", #","jti":"5f1""#, true),
        ])
    func clerkKinds(header: String, subject: String, more: String, isSession: Bool) async throws {
        let claims = ClerkClaims(issuer: nil, authorizedParties: [])
        let header = String(header.dropLast()) + #","kid":"k"}"#
        let token = try SessionFixtures.token(
            header: header, #"{"sub":"\#(subject)","sid":"s","exp":1000060\#(more)}"#, key: Self.key)
        let byKey = ClerkVerifier(signatures: Self.signatures, claims: claims)
        #expect((byKey.session(of: token, at: Self.now) != nil) == isSession)
        let server = ScriptedKeySet()
        server.set(try SessionFixtures.keySet([("k", Self.key)]))
        let bySet = ClerkKeySetVerifier(keySet: server.keySet(ManualClock()), claims: claims)
        #expect((await bySet.session(of: token, at: Self.now) != nil) == isSession)
    }

    @Test("NextAuth and Auth.js sessions open with any configured secret, and only under their own cookie name")
    func nextAuth() throws {
        let claims = Array(#"{"sub":"u","exp":999986}"#.utf8)
        let (old, new) = (Secret("old secret"), Secret("new secret"))
        let v4 = try NextAuthVerifier.key(
            old, salt: "", info: "NextAuth.js Generated Encryption Key", encryption: .a256GCM
        ).encrypt(claims)
        #expect(try NextAuthVerifier(v4: [new, old]).session(of: v4, at: Self.now)?.principal.userID == "u")
        #expect(try NextAuthVerifier(v4: [new]).session(of: v4, at: Self.now) == nil)
        #expect(try NextAuthVerifier(v4: [old]).session(of: v4, at: Timestamp(seconds: 1_000_001)!) == nil)
        let name = "authjs.session-token"
        for encryption in [JWEKey.ContentEncryption.a256CBCHS512, .a256GCM] {
            let v5 = try NextAuthVerifier.key(
                old, salt: name, info: "Auth.js Generated Encryption Key (\(name))", encryption: encryption
            ).encrypt(claims)
            #expect(try NextAuthVerifier(v5: [new, old], cookieName: name).session(of: v5, at: Self.now) != nil)
            #expect(
                try NextAuthVerifier(v5: [old], cookieName: "__Secure-" + name).session(of: v5, at: Self.now) == nil)
        }
    }

    @Test(
        "Cookie chunks are joined by number, and a repeated chunk invalidates them",
        arguments: [
            ("t.10=c; t.2=b; t.0=a; tt.1=x; t.x=y", "abc"), ("t.0=a; t.0=b", nil), ("t=a", nil),
        ] as [(String, String?)])
    func chunks(cookies: String, token: String?) {
        #expect(CookieChunks.joined("t", in: [cookies]) == token)
    }

    @Test("An unreadable key file is an error that names its setting")
    func keyFile() {
        var sessions = SessionsConfiguration()
        sessions.rds = .init(environment: "test", publicKeyFile: "/nonexistent/key.pem")
        let error = #expect(throws: ConfigurationError.self) {
            try SessionSchemes.make(sessions) { _ in
                RemoteKeySet(time: .system, log: Log(level: .error)) { () async throws(KeySetError) in
                    throw .status(500)
                }
            }
        }
        #expect(error?.place == "sessions.rds.publicKeyFile")
    }
}
