// Superusers, cookies and bindings of sessions whose tokens say little.

import Cryptography
import Foundation
import ProviderSDK
import TestSupport
import Testing
import Users

@testable import Configuration
@testable import ConnectionModel
@testable import Sessions

@Suite("Superusers and cookies by configuration", .timeLimit(.minutes(2)))
struct ConfiguredSessionTests {
    /// The principal of a session of each scheme, whose user is `user`, with the settings given to all.
    private func principals(of user: String, superusers: [String], cookie: String?) async throws -> [Principal?] {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/key.pem"
        try Data(try SessionFixtures.key.publicKey.pem().utf8).write(to: URL(fileURLWithPath: path))
        let secret = Secret("the application's secret")
        var sessions = SessionsConfiguration()
        sessions.clerk = .init(publicKeyFile: path, cookie: cookie, superusers: superusers)
        sessions.rds = .init(environment: "production", publicKeyFile: path, cookie: cookie, superusers: superusers)
        sessions.nextAuth = .init(secrets: [secret], version: 5, cookie: cookie, superusers: superusers)
        let schemes = try SessionSchemes.make(sessions) { _ in fatalError("no key set is configured") }
        let claims = #"{"sub":"\#(user)","userId":"\#(user)","exp":1000060}"#
        let name = cookie ?? "authjs.session-token"
        let key = try NextAuthVerifier.key(
            secret, salt: name, info: "Auth.js Generated Encryption Key (\(name))", encryption: .a256CBCHS512)
        let tokens = [
            try SessionFixtures.token(claims), try key.encrypt(Array(claims.utf8)),
            try SessionFixtures.token(#"{"userId":"\#(user)","exp":1000060}"#),
        ]
        let usual = ["__session", "authjs.session-token", "rds-session-production"]
        var found: [Principal?] = []
        for (index, token) in tokens.enumerated() {
            let cookies = ["\(cookie ?? usual[index])=\(token)"]
            var principal: Principal?
            for scheme in schemes where principal == nil {
                for token in scheme.tokens(in: cookies) where principal == nil {
                    principal = await scheme.session(of: token, at: SessionFixtures.now)?.principal
                }
            }
            found.append(principal)
        }
        return found
    }

    @Test("A user whom the configuration names is a superuser in every scheme, by the bytes of the id")
    func superusers() async throws {
        for principal in try await principals(of: "caf\u{E9}", superusers: ["x", "caf\u{E9}"], cookie: nil) {
            #expect(principal?.isSuperuser == true)
        }
        for names in [[], ["cafe\u{301}"], ["CAF\u{C9}"], ["caf"]] {
            for principal in try await principals(of: "caf\u{E9}", superusers: names, cookie: nil) {
                #expect(principal != nil && principal?.isSuperuser == false, "\(names)")
            }
        }
    }

    @Test("A configured name of the cookie replaces the usual one")
    func cookies() async throws {
        for principal in try await principals(of: "u", superusers: [], cookie: "__Host-app.session") {
            #expect(principal?.userID == "u")
        }
        var sessions = SessionsConfiguration()
        sessions.nextAuth = .init(secrets: [Secret("s")], cookie: "a b")
        #expect(throws: ConfigurationError.self) { try SessionSchemes.check(sessions, allowsPlainHTTP: false) }
    }

    @Test("A token that names its session binds to it, any other to its user, however often it is renewed")
    func bindings() throws {
        let signatures = JWSVerifier(rs256: SessionFixtures.key.publicKey)
        let rds = RDSVerifier(signatures: signatures)
        let clerk = ClerkVerifier(
            signatures: signatures, claims: ClerkClaims(issuer: nil, authorizedParties: []))
        func binding(_ index: Int, _ user: String, _ more: String, _ expiry: Int) throws -> String? {
            let token = try SessionFixtures.token(#"{"sub":"\#(user)","userId":"\#(user)","exp":\#(expiry)\#(more)}"#)
            let now = SessionFixtures.now
            let verified = index == 0 ? rds.session(of: token, at: now) : clerk.session(of: token, at: now)
            return verified?.principal.sessionBinding
        }
        for index in 0..<2 {
            let first = try binding(index, "u", "", 1_000_060)
            #expect(first != nil)
            #expect(try binding(index, "u", "", 1_009_000) == first)
            #expect(try binding(index, "v", "", 1_000_060) != first)
            #expect(try binding(index, "u", #","sid":"""#, 1_000_060) == first)
            let named = try binding(index, "u", #","sid":"u""#, 1_000_060)
            #expect(named != nil && named != first)
            #expect(try binding(index, "u", #","sid":"u""#, 1_009_000) == named)
            #expect(try binding(index, "u", #","sid":"w""#, 1_009_000) != named)
        }
    }
}
