// The examples of sessions in docs/configuration.md: each configuration accepts the token that stands below it, and the examples name every
// key.

import Cryptography
import Foundation
import Primitives
import ProviderSDK
import TestSupport
import Testing
import Users

@testable import Configuration
@testable import ConnectionModel
@testable import Sessions

@Suite("Documented sessions", .timeLimit(.minutes(1)))
struct DocumentedSessionTests {
    /// An example: the words before it, a part of the configuration file, and the claims of a token.
    struct Case: Sendable, CustomTestStringConvertible {
        let words: String
        let configuration: String
        let claims: String

        var testDescription: String { configuration }
    }

    private static let page: String = {
        let root = URL(fileURLWithPath: #filePath).appending(path: "../../../..").standardized
        return (try? String(contentsOf: root.appending(path: "docs/configuration.md"), encoding: .utf8)) ?? ""
    }()

    static let cases: [Case] = {
        guard let begin = page.range(of: "\n## Sessions\n"), let end = page.range(of: "\n## Files\n") else { return [] }
        let parts = page[begin.upperBound..<end.lowerBound].split(separator: "```", omittingEmptySubsequences: false)
        // Words, a configuration, a gap, claims, and so on.
        return stride(from: 0, to: parts.count - 3, by: 4).map { index in
            Case(
                words: String(parts[index]), configuration: String(parts[index + 1].dropFirst(4)),
                claims: String(parts[index + 3].dropFirst(4)))
        }
    }()

    /// The configuration of an example; the key files that it names hold the key of these tests.
    private func configuration(_ example: Case, in directory: TemporaryDirectory) throws -> Configuration {
        for match in example.configuration.matches(of: /"(\w+\.pem)"/) {
            _ = try directory.write(String(match.1), try SessionFixtures.key.publicKey.pem())
        }
        var configuration = Configuration()
        let path = try directory.write("host.json", example.configuration)
        try ConfigurationFile(path: path, bytes: Array(example.configuration.utf8)).apply(to: &configuration)
        return configuration
    }

    /// The token with the claims of an example, made as the issuer makes it.
    private func token(_ example: Case, _ sessions: SessionsConfiguration, cookie: String?) throws -> String {
        guard let nextAuth = sessions.nextAuth else {
            return try SessionFixtures.token(header: #"{"alg":"RS256","kid":"one"}"#, example.claims)
        }
        let secret = try #require(nextAuth.secrets.first)
        let claims = Array(example.claims.utf8)
        guard nextAuth.version == 5 else {
            return try NextAuthVerifier.key(
                secret, salt: "", info: "NextAuth.js Generated Encryption Key", encryption: .a256GCM
            ).encrypt(claims)
        }
        let name = cookie ?? "authjs.session-token"
        return try NextAuthVerifier.key(
            secret, salt: name, info: "Auth.js Generated Encryption Key (\(name))", encryption: .a256CBCHS512
        ).encrypt(claims)
    }

    @Test("Each example accepts its token, in the cookie that it names, and no other token", arguments: cases)
    func accepted(_ example: Case) async throws {
        let directory = try TemporaryDirectory()
        let sessions = try configuration(example, in: directory).sessions
        let server = ScriptedKeySet()
        server.set(try SessionFixtures.keySet([("one", SessionFixtures.key)]))
        let claims = try JSONValue.parse(Array(example.claims.utf8))
        let now = try #require(claims["iat"]?.integer.flatMap(Timestamp.init(seconds:))).advanced(by: .seconds(30))
        let clock = ManualClock(millisecondsSince1970: now.milliseconds)
        let schemes = try SessionSchemes.make(sessions) { _ in server.keySet(clock) }
        let cookie =
            example.words.matches(of: /cookie(?: is)?\s+`([^`]+)`/).last.map { String($0.1) }
            ?? example.words.matches(of: /of the cookie, `([^`]+)`/).last.map { String($0.1) }
        let token = try token(example, sessions, cookie: cookie)

        func principal(_ token: String) async -> Principal? {
            for scheme in schemes {
                if let found = await scheme.session(of: token, at: now) { return found.principal }
            }
            return nil
        }
        let found = try #require(await principal(token), "\(example.configuration)")
        let user = claims["sub"]?.string ?? claims["userId"]?.string
        if let user { #expect(found.userID == user && found.isUser) } else { #expect(!found.isUser) }
        let isNamed = example.configuration.contains("superusers") || example.claims.contains("super_user")
        #expect(found.isSuperuser == isNamed)
        if let cookie {
            #expect(schemes.contains { $0.tokens(in: ["\(cookie)=\(token)"]).contains(token) }, "\(cookie)")
        } else {
            #expect(user == nil)
        }
        #expect(await principal(String(token.dropLast(8))) == nil)
        #expect(await principal(try SessionFixtures.token(example.claims, key: SessionFixtures.foreign)) == nil)
    }

    @Test("The examples name every key of sessions")
    func complete() throws {
        #expect(Self.cases.count >= 8)
        let named = try Set(
            Self.cases.flatMap { example -> [String] in
                let root = try JSONValue.parse(Array(example.configuration.utf8))
                return (root["sessions"]?.members ?? []).flatMap { scheme, settings in
                    (settings.members ?? []).map { "sessions.\(scheme).\($0.key)" }
                }
            })
        #expect(named == Set(SettingsTable.sessions.map { $0.path.joined(separator: ".") }))
    }
}
