// Key sets: which keys are read, and when a set is fetched.

import Cryptography
import Primitives
import ProviderSDK
import Testing
import Users

@testable import Configuration
@testable import ConnectionModel
@testable import Sessions

@Suite("Key sets", .timeLimit(.minutes(2)))
struct KeySetTests {
    private typealias Fixtures = SessionFixtures

    @Test("Keys for other uses, without an id, or with a repeated id are ignored")
    func document() throws {
        let (n, e) = try Fixtures.numbers(of: Fixtures.key.publicKey)
        func key(_ members: String) -> String { #"{"kty":"RSA","n":"\#(n)","e":"\#(e)"\#(members)}"# }
        let keys = [
            key(#","kid":"good","use":"sig","alg":"RS256""#), key(#","kid":"plain""#), key(""),
            key(#","kid":"enc","use":"enc""#), key(#","kid":"other","alg":"RS512""#), key(#","kid":7"#),
            key(#","kid":"ops","key_ops":["sign"]"#), key(#","kid":"twice""#), key(#","kid":"twice""#),
            key(#","kid":"""#), #"{"kty":"EC","kid":"ec"}"#, #"{"kty":"oct","kid":"oct","k":"AAAA"}"#, "1",
        ]
        let document = KeySetDocument(Array("{\"keys\":[\(keys.joined(separator: ","))]}".utf8))
        #expect(Set(document?.verifiers.keys.map { String(decoding: $0, as: UTF8.self) } ?? []) == ["good", "plain"])
    }

    @Test(
        "A document without usable keys is no key set",
        arguments: ["", "[]", "{}", #"{"keys":{}}"#, #"{"keys":[]}"#, #"{"keys":[],"keys":[]}"#, "<html>"])
    func noDocument(text: String) { #expect(KeySetDocument(Array(text.utf8)) == nil) }

    @Test("A document with too many keys or bytes is no key set")
    func tooLarge() throws {
        let many = (0...SessionLimits.keySetKeysMax).map { ("k\($0)", Fixtures.key) }
        #expect(KeySetDocument(try Fixtures.keySet(many)) == nil)
        #expect(KeySetDocument(try Fixtures.keySet(Array(many.dropFirst()))) != nil)
        let padding = #"{"x":"\#(String(repeating: "x", count: SessionLimits.keySetBytesMax))"}"#
        #expect(KeySetDocument(try Fixtures.keySet([("k", Fixtures.key)], more: padding)) == nil)
    }

    private static func token(kid: String, key: RSAPrivateKey = Fixtures.key) throws -> String {
        try Fixtures.token(
            header: #"{"alg":"RS256","kid":"\#(kid)"}"#, #"{"sub":"u","sid":"s","exp":1000060}"#, key: key)
    }

    private static func clerk(_ keySet: RemoteKeySet) -> ClerkKeySetVerifier {
        ClerkKeySetVerifier(keySet: keySet, claims: ClerkClaims(issuer: nil, authorizedParties: []))
    }

    @Test("A Clerk token is verified only with the key that it names")
    func verifies() async throws {
        let server = ScriptedKeySet()
        server.set(try Fixtures.keySet([("a", Fixtures.key), ("b", Fixtures.foreign)]))
        let clerk = Self.clerk(server.keySet(ManualClock()))
        #expect(
            await clerk.session(of: try Self.token(kid: "a"), at: Fixtures.now)?.principal.sessionBinding == "clerk:s")
        #expect(await clerk.session(of: try Self.token(kid: "b", key: Fixtures.foreign), at: Fixtures.now) != nil)
        #expect(await clerk.session(of: try Self.token(kid: "b"), at: Fixtures.now) == nil)
        #expect(server.fetchCount == 1)
    }

    @Test("Unknown keys cause at most one fetch a minute")
    func unknownKey() async throws {
        let server = ScriptedKeySet()
        let clock = ManualClock()
        server.set(try Fixtures.keySet([("a", Fixtures.key)]))
        let keySet = server.keySet(clock)
        #expect(await keySet.verifier(keyID: Array("a".utf8)) != nil)
        await withTaskGroup { group in
            for number in 0..<200 {
                group.addTask { _ = await keySet.verifier(keyID: Array("unknown-\(number)".utf8)) }
            }
        }
        #expect(server.fetchCount == 1)
        // The key exists a moment later, but the minute has not passed.
        server.set(try Fixtures.keySet([("a", Fixtures.key), ("new", Fixtures.key)]))
        clock.advance(by: .seconds(59))
        #expect(await keySet.verifier(keyID: Array("new".utf8)) == nil)
        clock.advance(by: .seconds(1))
        #expect(await keySet.verifier(keyID: Array("new".utf8)) != nil)
        #expect(server.fetchCount == 2)
    }

    @Test("Callers during a fetch share it")
    func shared() async throws {
        let server = ScriptedKeySet()
        server.set(try Fixtures.keySet([("a", Fixtures.key)]))
        let keySet = server.keySet(ManualClock())
        let found = await withTaskGroup { group in
            for _ in 0..<50 { group.addTask { await keySet.verifier(keyID: Array("a".utf8)) != nil } }
            return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
        #expect(found == 50)
        #expect(server.fetchCount == 1)
    }

    @Test("A set is fetched again after its lifetime, a removed key is gone, and a failed fetch keeps the last set")
    func renewal() async throws {
        let server = ScriptedKeySet()
        let clock = ManualClock()
        let keySet = server.keySet(clock)
        func isKnown(_ id: String) async -> Bool { await keySet.verifier(keyID: Array(id.utf8)) != nil }
        #expect(await !isKnown("a"))
        // Without any set, the next fetch is soon.
        server.set(try Fixtures.keySet([("a", Fixtures.key), ("b", Fixtures.foreign)]))
        clock.advance(by: SessionLimits.keySetFirstFetchInterval)
        #expect(await isKnown("a"))
        #expect(server.fetchCount == 2)
        server.set(nil)
        clock.advance(by: SessionLimits.keySetLifetime)
        #expect(await isKnown("a"))
        #expect(server.fetchCount == 3)
        #expect(await isKnown("a"))
        #expect(server.fetchCount == 3)
        server.set(Array("{}".utf8))
        clock.advance(by: SessionLimits.keySetFetchInterval)
        #expect(await isKnown("a"))
        #expect(server.fetchCount == 4)
        server.set(try Fixtures.keySet([("b", Fixtures.foreign)]))
        clock.advance(by: SessionLimits.keySetFetchInterval)
        #expect(await !isKnown("a"))
        #expect(await isKnown("b"))
        #expect(server.fetchCount == 5)
    }

    @Test(
        "A token that no key could verify causes no fetch",
        arguments: [
            #"{"alg":"HS256","kid":"a"}"#, #"{"alg":"none","kid":"a"}"#, #"{"alg":"RS256"}"#,
            #"{"alg":"RS256","kid":"a","crit":["b64"]}"#, "{}",
        ])
    func noFetch(header: String) async throws {
        let server = ScriptedKeySet()
        server.set(try Fixtures.keySet([("a", Fixtures.key)]))
        let clerk = Self.clerk(server.keySet(ManualClock()))
        let token = try Fixtures.token(header: header, #"{"sub":"u","exp":1000060}"#)
        #expect(await clerk.session(of: token, at: Fixtures.now) == nil)
        #expect(server.fetchCount == 0)
    }

    @Test(
        "A key set needs an https URL, unless plain HTTP is allowed",
        arguments: [
            ("https://clerk.example.com/.well-known/jwks.json", false, true), ("http://127.0.0.1:1/jwks", false, false),
            ("http://127.0.0.1:1/jwks", true, true), ("ftp://example.com", true, false), ("jwks.json", true, false),
        ])
    func addresses(url: String, allowsPlainHTTP: Bool, isGood: Bool) {
        var sessions = SessionsConfiguration()
        sessions.clerk = .init(jwksURL: url)
        let schemes = try? SessionSchemes.make(sessions, allowsPlainHTTP: allowsPlainHTTP) { _ in
            ScriptedKeySet().keySet(ManualClock())
        }
        #expect((schemes?.count == 1) == isGood)
    }
}
