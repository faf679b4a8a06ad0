// Tokens that every scheme must refuse: forged, confused, truncated, or with extensions.

import Cryptography
import ProviderSDK
import Testing
import Users

@testable import Configuration
@testable import ConnectionModel
@testable import Sessions

@Suite("Refused session tokens", .timeLimit(.minutes(2)))
struct SessionRefusalTests {
    private typealias Fixtures = SessionFixtures

    private static let claims =
        #"{"sub":"u","userId":"u","name":"Cloudflare Worker","iss":"https://i","azp":"https://a","exp":1000060}"#

    private static var verifiers: [any SessionVerifier] {
        let signatures = JWSVerifier(rs256: Fixtures.key.publicKey)
        return [
            ClerkVerifier(
                signatures: signatures, claims: ClerkClaims(issuer: "https://i", authorizedParties: ["https://a"])),
            RDSVerifier(signatures: signatures), ServiceVerifier.discordBot(signatures),
        ]
    }

    /// Tokens with valid claims from an attacker who has only the public key, or from a careless issuer.
    static func forgeries() throws -> [String: String] {
        let good = try Fixtures.token(claims)
        let parts = good.split(separator: ".").map(String.init)
        let pem = try Fixtures.key.publicKey.pem()
        let signature = try Base64URL.decode(parts[2])
        let payload = Base64URL.encode(Array(claims.utf8))
        func hs256(_ header: String) -> String {
            let text = Base64URL.encode(Array(header.utf8)) + "." + payload
            return text + "." + HMACSHA256(key: Array(pem.utf8)).code(for: text).base64URL
        }
        return [
            "foreign key": try Fixtures.token(claims, key: Fixtures.foreign),
            "none": Base64URL.encode(Array(#"{"alg":"none"}"#.utf8)) + "." + payload + ".",
            "none, signed": try Fixtures.token(header: #"{"alg":"none"}"#, claims),
            "HS256 with the public key": hs256(#"{"alg":"HS256"}"#),
            "HMAC that says RS256": hs256(#"{"alg":"RS256"}"#),
            "RS512 in the header": try Fixtures.token(header: #"{"alg":"RS512"}"#, claims),
            "rs256 in lower case": try Fixtures.token(header: #"{"alg":"rs256"}"#, claims),
            "crit": try Fixtures.token(header: #"{"alg":"RS256","crit":["exp"]}"#, claims),
            "zip": try Fixtures.token(header: #"{"alg":"RS256","zip":"DEF"}"#, claims),
            "alg twice": try Fixtures.token(header: #"{"alg":"RS256","alg":"RS256"}"#, claims),
            "short signature": parts[0] + "." + parts[1] + "." + Base64URL.encode(Array(signature.dropLast())),
            "no signature": parts[0] + "." + parts[1] + ".",
            "four parts": good + ".x",
            "padding": good + "=",
            "other claims": parts[0] + "."
                + Base64URL.encode(Array(claims.replacing("\"u\"", with: "\"v\"").utf8)) + "." + parts[2],
            "claims twice": try Fixtures.token(
                #"{"sub":"v","sub":"u","userId":"v","userId":"u","name":"Cloudflare Worker","iss":"https://i","#
                    + #""azp":"https://a","exp":1000060}"#),
            "no object": try Fixtures.token("[]"),
            "empty": "",
            "dots": "..",
            "five empty parts": "....",
        ]
    }

    @Test("Every scheme refuses forged, confused and damaged RS256 tokens")
    func refused() async throws {
        let good = try Fixtures.token(Self.claims)
        for verifier in Self.verifiers {
            #expect(await verifier.session(of: good, at: Fixtures.now)?.principal != nil)
            for (name, token) in try Self.forgeries() {
                #expect(await verifier.session(of: token, at: Fixtures.now) == nil, "\(type(of: verifier)): \(name)")
            }
        }
    }

    @Test("A user id that is empty, too long or has control characters is refused", arguments: ["", "a\\nb", "long"])
    func userIDs(id: String) throws {
        let id = id == "long" ? String(repeating: "x", count: SessionLimits.userIDBytesMax + 1) : id
        let token = try Fixtures.token(#"{"userId":"\#(id)","exp":1000060}"#)
        let verifier = RDSVerifier(signatures: JWSVerifier(rs256: Fixtures.key.publicKey))
        #expect(verifier.session(of: token, at: Fixtures.now) == nil)
    }

    @Test("A NextAuth cookie with a short tag, another algorithm, an extension or a changed part is refused")
    func encrypted() throws {
        let secret = Secret("a secret of the application")
        let key = try NextAuthVerifier.key(
            secret, salt: "", info: "NextAuth.js Generated Encryption Key", encryption: .a256GCM)
        let verifier = try NextAuthVerifier(v4: [secret])
        let good = try key.encrypt(Array(#"{"sub":"u","exp":1000060}"#.utf8))
        #expect(verifier.session(of: good, at: Fixtures.now)?.principal.userID == "u")
        let parts = good.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        let tag = try Base64URL.decode(parts[4])
        func token(_ index: Int, _ part: String) -> String {
            var changed = parts
            changed[index] = part
            return changed.joined(separator: ".")
        }
        var refused = (0..<16).map { token(4, Base64URL.encode(Array(tag.prefix($0)))) }
        refused.append(token(4, Base64URL.encode(tag + [0])))
        for header in [
            #"{"alg":"dir","enc":"A256GCM","zip":"DEF"}"#, #"{"alg":"dir","enc":"A256GCM","crit":["x"]}"#,
            #"{"alg":"A256KW","enc":"A256GCM"}"#, #"{"alg":"dir","enc":"A128GCM"}"#, #"{"alg":"none"}"#,
        ] {
            refused.append(token(0, Base64URL.encode(Array(header.utf8))))
        }
        refused += [token(1, "AAAA"), token(2, "AAAAAAAAAAAAAAAA"), token(3, "AAAA"), good + ".", good + "="]
        for text in refused { #expect(verifier.session(of: text, at: Fixtures.now) == nil, "\(text)") }
        // The tokens of the other version have another key and another encryption.
        let v5 = try NextAuthVerifier.key(
            secret, salt: "", info: "NextAuth.js Generated Encryption Key", encryption: .a256CBCHS512)
        #expect(
            verifier.session(of: try v5.encrypt(Array(#"{"sub":"u","exp":1000060}"#.utf8)), at: Fixtures.now) == nil)
    }

    @Test("A pending Clerk session is refused, and one without a sid is bound to its user")
    func clerkStatus() throws {
        let verifier = ClerkVerifier(
            signatures: JWSVerifier(rs256: Fixtures.key.publicKey),
            claims: ClerkClaims(issuer: nil, authorizedParties: []))
        let pending = try Fixtures.token(#"{"sub":"u","sts":"pending","exp":1000060}"#)
        #expect(verifier.session(of: pending, at: Fixtures.now) == nil)
        let active = try Fixtures.token(#"{"sub":"u","sts":"active","exp":1000060}"#)
        let binding = verifier.session(of: active, at: Fixtures.now)?.principal.sessionBinding
        #expect(binding == "clerk-user:u")
    }
}
