// Token vectors through the key sets and verifiers of sessions: the project's own and, if the environment names their folder,
// Project Wycheproof's. An invalid token is no session under any key.

import Cryptography
import Foundation
import ProviderSDK
import TestSupport
import Testing
import Users

@testable import ConnectionModel
@testable import Sessions

/// Groups of cases from a file of vectors.
private enum TokenCases {
    static func groups(_ name: String) throws -> [JSONValue] {
        var limits = JSONLimits.request
        limits.bytesMax = 16 << 20
        let files = [
            Vectors.own.appending(path: "crypto/\(name).json"), Vectors.other("crypto/wycheproof_\(name)_test.json"),
        ]
        return try files.compactMap(\.self).flatMap { file in
            try JSONValue.parse(Array(Data(contentsOf: file)), limits: limits)["testGroups"]?.array ?? []
        }
    }
}

@Suite("Session vectors", .timeLimit(.minutes(2)))
struct SessionVectorTests {
    @Test("An invalid signature is refused, and a valid one without claims is no session")
    func signatures() async throws {
        var (accepted, refused) = (0, 0)
        for group in try TokenCases.groups("json_web_signature") {
            guard let key = group["public"], key["kty"] == "RSA" else { continue }
            let document = KeySetDocument(Array(#"{"keys":[\#(key)]}"#.utf8))
            for test in group["tests"]?.array ?? [] {
                let token = test["jws"]?.string ?? ""
                for verifier in (document?.verifiers ?? [:]).values {
                    let isGood = (try? verifier.verify(token)) != nil
                    if isGood { accepted += 1 } else { refused += 1 }
                    let isRS256 = (try? JOSEHeader(unverified: token))?.algorithm == "RS256"
                    #expect(isGood == (test["result"] == "valid" && isRS256), "case \(test["tcId"]?.integer ?? -1)")
                    #expect(RDSVerifier(signatures: verifier).session(of: token, at: SessionFixtures.now) == nil)
                    #expect(
                        ServiceVerifier.discordBot(verifier).session(of: token, at: SessionFixtures.now) == nil)
                }
            }
        }
        #expect(accepted > 0 && refused > 0)
    }

    @Test("An encrypted token of the vectors is no session, under its own key or an application's secret")
    func encryption() throws {
        var (refused, opened) = (0, 0)
        let secrets = [Secret("a secret of the application")]
        for group in try TokenCases.groups("json_web_encryption") {
            var verifiers = [try NextAuthVerifier(v4: secrets)]
            for cookie in NextAuthVerifier.cookieNamesV5 {
                verifiers.append(try NextAuthVerifier(v5: secrets, cookieName: cookie))
            }
            // If a case has its own shared key, the test treats it as a key that the application derived.
            if let text = group.at("private.k")?.string, let bytes = try? Base64URL.decode(text) {
                for encryption in [JWEKey.ContentEncryption.a256GCM, .a256CBCHS512] {
                    let count = encryption.keyByteCount
                    let filled = Array((bytes + [UInt8](repeating: 0, count: count)).prefix(count))
                    let key = try JWEKey(direct: SymmetricKey(filled), encryption: encryption)
                    let verifier = NextAuthVerifier(keys: [key])
                    verifiers.append(verifier)
                    let good = try key.encrypt(Array(#"{"sub":"u","exp":1000060}"#.utf8))
                    #expect(verifier.session(of: good, at: SessionFixtures.now)?.principal.userID == "u")
                    opened += 1
                }
            }
            // A valid vector may be a session under its own key.
            for test in group["tests"]?.array ?? []
            where test["result"] == "invalid" || group.at("private.alg") != "dir" {
                let token = test["jwe"]?.string ?? ""
                for verifier in verifiers {
                    #expect(
                        verifier.session(of: token, at: SessionFixtures.now) == nil,
                        "case \(test["tcId"]?.integer ?? -1)")
                }
                refused += 1
            }
        }
        #expect(refused > 40 && opened > 0)
    }
}
