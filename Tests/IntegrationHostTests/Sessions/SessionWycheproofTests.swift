// Project Wycheproof's signatures, where the folder beside the repository has them, through the key sets and verifiers of sessions:
// a token that is wrong is no session, whatever key it was made for. Without the folder the tests say that they were skipped.

import Cryptography
import Foundation
import ProviderSDK
import Testing

@testable import IntegrationHost

/// `CASES_DIRECTORY` from the environment, else the folder `shared/cases` beside the repository; in it `crypto`.
private enum TokenCases {
    static let folder: URL = {
        if let path = ProcessInfo.processInfo.environment["CASES_DIRECTORY"] { return URL(filePath: path + "/crypto") }
        var root = URL(filePath: #filePath)
        for _ in 0..<4 { root.deleteLastPathComponent() }
        return root.appending(path: "../shared/cases/crypto").standardizedFileURL
    }()

    static var isPresent: Bool { FileManager.default.fileExists(atPath: folder.path) }

    static func groups(_ name: String) throws -> [JSONValue] {
        var limits = JSONLimits.request
        limits.bytesMax = 16 << 20
        let data = try Data(contentsOf: folder.appending(path: "wycheproof_\(name)_test.json"))
        return try JSONValue.parse(Array(data), limits: limits)["testGroups"]?.array ?? []
    }
}

@Suite("Wycheproof sessions", .enabled(if: TokenCases.isPresent, "skipped: there is no ../shared/cases/crypto"))
struct SessionWycheproofTests {
    @Test("no wrong signature passes a key set, and no signature alone makes a session")
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
        print("Wycheproof sessions: \(accepted) signatures accepted, \(refused) refused")
    }

    @Test("no encrypted token of the cases is a session, under its own key or an application's secret")
    func encryption() throws {
        var (refused, opened) = (0, 0)
        let secrets = [Secret("a secret of the application")]
        for group in try TokenCases.groups("json_web_encryption") {
            var verifiers = [try NextAuthVerifier(v4: secrets)]
            for cookie in NextAuthVerifier.cookieNamesV5 {
                verifiers.append(try NextAuthVerifier(v5: secrets, cookieName: cookie))
            }
            // Where a case has a shared key of its own, it is as if the application had derived that one.
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
            for test in group["tests"]?.array ?? [] {
                let token = test["jwe"]?.string ?? ""
                for verifier in verifiers {
                    #expect(
                        verifier.session(of: token, at: SessionFixtures.now) == nil,
                        "case \(test["tcId"]?.integer ?? -1)")
                }
                refused += 1
            }
        }
        #expect(refused == 139 && opened > 0)
        print("Wycheproof sessions: \(refused) encrypted tokens refused, \(opened) of our own under their keys opened")
    }
}
