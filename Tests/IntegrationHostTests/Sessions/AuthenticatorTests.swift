// Which token authenticates which user, and where: the authenticator with all schemes, over a real store.

import Audit
import Cryptography
import DocumentStore
import Foundation
import Primitives
import ProviderSDK
import Storage
import Testing
import Users

@testable import Configuration
@testable import ConnectionModel
@testable import Credentials
@testable import HTTPAPI
@testable import OAuth
@testable import Requests
@testable import Sessions

/// An authenticator over its own data directory.
final class AuthenticatorFixture: Sendable {
    private typealias Fixtures = SessionFixtures

    let path: String
    let data: DataDirectory
    let apiKeys: APIKeys
    let applicationKeys: ApplicationKeys
    let host: HostSessions
    let cache = SessionCache()
    let authenticator: Authenticator
    let audit: AuditTrail

    static let secret = Secret("a secret of the application")
    static let salt = "authjs.session-token"

    /// - Parameters:
    ///   - version: of NextAuth; nil uses only the host's own scheme.
    init(version: Int? = nil) throws {
        path = FileManager.default.temporaryDirectory.appending(path: "sessions-\(UUID().uuidString)").path
        data = try DataDirectory(path: path)
        audit = AuditTrail(data.audit, time: .system) { Fixtures.ring }
        apiKeys = APIKeys(data.documents, audit: audit, time: .system, log: Fixtures.log)
        applicationKeys = ApplicationKeys(data.documents, audit: audit, time: .system, log: Fixtures.log)
        host = HostSessions(try HostKeys(Fixtures.ring, path: "keys"))
        var schemes: [SessionScheme] = []
        if let version {
            let key = path + "/public.pem"
            try Data(Fixtures.key.publicKey.pem().utf8).write(to: URL(fileURLWithPath: key))
            var sessions = SessionsConfiguration()
            sessions.clerk = .init(publicKeyFile: key, issuer: "https://i", authorizedParties: ["https://a"])
            sessions.nextAuth = .init(secrets: [Self.secret], version: version)
            sessions.rds = .init(environment: "production", publicKeyFile: key)
            sessions.discordBot = .init(publicKeyFile: key)
            sessions.cronJobHandler = .init(publicKeyFile: key)
            schemes = try SessionSchemes.make(sessions) { _ in ScriptedKeySet().keySet(ManualClock()) }
        }
        authenticator = Authenticator(
            hostSessions: host, apiKeys: apiKeys, applicationKeys: applicationKeys, schemes: schemes,
            rdsCookie: version == nil ? nil : "rds-session-production", cache: cache, time: .system)
    }

    deinit {
        data.close()
        try? FileManager.default.removeItem(atPath: path)
    }

    /// A host session.
    func hostToken(_ kind: PrincipalKind = .session, roles: [String] = []) throws -> String {
        try host.issue(userID: "h", roles: roles, kind: kind, lifetime: .seconds(60), at: Fixtures.now)
    }

    /// The principal from the cache, then the one from the full check.
    func principals(_ authorization: String?, _ cookies: [String] = []) async -> (Authentication?, Authentication?) {
        let cached =
            authorization.map { authenticator.cachedPrincipal(authorization: $0.utf8Span.span, at: Fixtures.now) }
            ?? authenticator.cachedPrincipal(cookies: cookies, at: Fixtures.now)
        if authorization == nil, cookies.count == 1 {
            let found = authenticator.cachedPrincipal(cookie: cookies[0].utf8Span.span, at: Fixtures.now)
            #expect(found?.principal == cached?.principal && found?.place == cached?.place)
        }
        return (
            cached,
            await authenticator.principal(authorization: authorization, cookies: cookies, at: Fixtures.now)
        )
    }

    /// The id of the principal; both ways must agree if both find one.
    func user(_ authorization: String?, _ cookies: [String] = []) async -> String? {
        let (cached, found) = await principals(authorization, cookies)
        if let cached { #expect(cached.principal == found?.principal && cached.place == found?.place) }
        return found?.principal.userID
    }
}

@Suite("Authenticator", .timeLimit(.minutes(2)))
struct AuthenticatorTests {
    private typealias Fixtures = SessionFixtures

    @Test(
        "A default install accepts a host session as Bearer and in its four cookies",
        arguments: [
            "integration-host-session", "next-auth.session-token", "__Secure-next-auth.session-token",
            "rds-session-development",
        ])
    func defaultInstall(cookie: String) async throws {
        let fixture = try AuthenticatorFixture()
        let token = try fixture.hostToken()
        let (header, _) = await fixture.principals("Bearer \(token)")
        #expect(await fixture.user("bearer   \(token)") != nil)
        #expect(await fixture.user("Bearer   ") == nil)
        #expect(header?.principal.userID == "h" && header?.place == .header)
        for field in ["\(cookie)=\(token)", "a=b; \(cookie)=\"\(token)\"; c=d", "\(cookie)=bad; \(cookie)=\(token)"] {
            let (inCookie, _) = await fixture.principals(nil, ["x=y", field])
            #expect(inCookie?.principal.userID == "h" && inCookie?.place == .cookie)
        }
        #expect(await fixture.user(nil, ["x\(cookie)=\(token)"]) == nil)
        #expect(await fixture.user(nil, ["authjs.session-token=\(token); __session=\(token)"]) == nil)
        // A valid cookie does not replace a bad header.
        #expect(await fixture.user("Bearer bad", ["\(cookie)=\(token)"]) == nil)
    }

    @Test(
        "An Authorization header needs `Bearer` and one token",
        arguments: [
            ("Bearer ", true), ("bearer ", true), ("BEARER ", true), ("Bearer  ", true), ("Bearer", false),
            ("Basic ", false), ("", false), ("Token ", false), ("@earer ", false),
        ])
    func bearer(prefix: String, isGood: Bool) async throws {
        let fixture = try AuthenticatorFixture()
        let token = try fixture.hostToken()
        #expect((await fixture.user(prefix + token) == "h") == isGood)
        #expect(await fixture.user(prefix + token + " x") == nil)
    }

    @Test("Host tokens keep their roles and kinds, and one of kind API key is refused")
    func kinds() async throws {
        let fixture = try AuthenticatorFixture()
        for kind in [PrincipalKind.session, .bot, .service] {
            let (found, _) = await fixture.principals("Bearer \(try fixture.hostToken(kind, roles: ["superuser"]))")
            #expect(found?.principal.kind == kind && found?.principal.isSuperuser == true)
        }
        #expect(await fixture.user("Bearer \(try fixture.hostToken(.apiKey))") == nil)
        let (plain, _) = await fixture.principals("Bearer \(try fixture.hostToken())")
        #expect(plain?.principal.isSuperuser == false)
    }

    @Test("A cached host session expires at its exp")
    func end() throws {
        let fixture = try AuthenticatorFixture()
        let token = try fixture.hostToken()
        for (seconds, isGood) in [(0, true), (59, true), (60, false), (0, true), (-1, true)] {
            let found = fixture.authenticator.cachedPrincipal(
                authorization: "Bearer \(token)".utf8Span.span, at: Fixtures.later(.seconds(seconds)))
            #expect((found != nil) == isGood, "\(seconds)")
        }
    }

    /// Tokens of all schemes by name.
    private static func tokens(_ fixture: AuthenticatorFixture, version: Int) throws -> [String: String] {
        let claims = Array(#"{"sub":"n","exp":1000060}"#.utf8)
        let info =
            version == 4
            ? "NextAuth.js Generated Encryption Key" : "Auth.js Generated Encryption Key (\(AuthenticatorFixture.salt))"
        let nextAuth = try NextAuthVerifier.key(
            AuthenticatorFixture.secret, salt: version == 4 ? "" : AuthenticatorFixture.salt, info: info,
            encryption: version == 4 ? .a256GCM : .a256CBCHS512)
        return [
            "host": try fixture.hostToken(),
            "clerk": try Fixtures.token(#"{"sub":"c","iss":"https://i","azp":"https://a","exp":1000060}"#),
            "next": try nextAuth.encrypt(claims),
            "rds": try Fixtures.token(#"{"userId":"r","exp":1000060}"#),
            "bot": try Fixtures.token(#"{"name":"Cloudflare Worker","exp":1000002}"#),
            "cron": try Fixtures.token(#"{"name":"Cron Job Handler","exp":1000002}"#),
        ]
    }

    @Test(
        "Each scheme's token is valid only at its own places",
        arguments: [
            (4, "", ["host": "h", "clerk": "c", "next": "n", "bot": "discord-bot", "cron": "cron-job-handler"]),
            (4, "integration-host-session", ["host": "h"]), (4, "next-auth.session-token", ["host": "h", "next": "n"]),
            (4, "__Secure-next-auth.session-token", ["host": "h", "next": "n"]),
            (4, "rds-session-production", ["host": "h", "rds": "r"]), (4, "rds-session-development", [:]),
            (4, "__session", ["clerk": "c"]), (4, "authjs.session-token", [:]),
            (5, "", ["host": "h", "clerk": "c", "next": "n", "bot": "discord-bot", "cron": "cron-job-handler"]),
            (5, "authjs.session-token", ["next": "n"]), (5, "__Secure-authjs.session-token", [:]),
            (5, "next-auth.session-token", ["host": "h"]),
        ] as [(Int, String, [String: String])])
    func places(version: Int, cookie: String, users: [String: String]) async throws {
        let fixture = try AuthenticatorFixture(version: version)
        // Twice, because a token cached for one place must stay invalid at others.
        for _ in 0..<2 {
            for (name, token) in try Self.tokens(fixture, version: version) {
                let user =
                    cookie.isEmpty
                    ? await fixture.user("Bearer \(token)") : await fixture.user(nil, ["\(cookie)=\(token)"])
                #expect(user == users[name], "\(name) in “\(cookie)”")
                _ = await fixture.user("Bearer \(token)")
            }
        }
    }

    @Test("A verified session is cached, and a refused one is not")
    func remembered() async throws {
        let fixture = try AuthenticatorFixture(version: 4)
        for (name, token) in try Self.tokens(fixture, version: 4) where name != "rds" {
            let (first, found) = await fixture.principals("Bearer \(token)")
            #expect((first == nil) == (name != "host"))
            #expect(found != nil)
            #expect(await fixture.principals("Bearer \(token)").0?.principal == found?.principal)
        }
        let count = fixture.cache.count
        for number in 0..<100 { #expect(await fixture.user("Bearer bad\(number)") == nil) }
        #expect(fixture.cache.count == count)
    }

    @Test("A NextAuth session in chunks is joined by chunk number")
    func chunks() async throws {
        let fixture = try AuthenticatorFixture(version: 4)
        let padding = String(repeating: "x", count: 40_000)
        let key = try NextAuthVerifier.key(
            AuthenticatorFixture.secret, salt: "", info: "NextAuth.js Generated Encryption Key", encryption: .a256GCM)
        let token = try key.encrypt(Array(#"{"sub":"n","exp":1000060,"x":"\#(padding)"}"#.utf8))
        let size = 3936
        var parts: [String] = []
        var rest = Substring(token)
        while !rest.isEmpty {
            parts.append("next-auth.session-token.\(parts.count)=\(rest.prefix(size))")
            rest = rest.dropFirst(size)
        }
        #expect(parts.count > 11)
        #expect(await fixture.user(nil, [parts.joined(separator: "; ")]) == "n")
        #expect(await fixture.user(nil, parts.sorted()) == "n")
        #expect(await fixture.user(nil, parts.reversed()) == "n")
        #expect(await fixture.user(nil, Array(parts.dropFirst())) == nil)
        #expect(await fixture.user(nil, parts + [parts[3]]) == nil)
    }

    @Test("A token above the maximum length is refused at every place")
    func tooLong() async throws {
        let fixture = try AuthenticatorFixture(version: 4)
        let text = String(repeating: "a", count: CryptographyLimits.tokenBytesMax + 1)
        #expect(await fixture.user("Bearer \(text)") == nil)
        #expect(await fixture.user(nil, ["next-auth.session-token=\(text)"]) == nil)
    }
}
