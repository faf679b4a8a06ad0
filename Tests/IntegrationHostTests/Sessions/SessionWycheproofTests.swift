// Project Wycheproof's signatures, where the folder beside the repository has them, through the key sets and verifiers of sessions:
// a token that is wrong is no session, whatever key it was made for. Without the folder the tests say that they were skipped.

import Cryptography
import Foundation
import ProviderSDK
import Testing

@testable import IntegrationHost

/// `CASES_DIRECTORY` from the environment, else the folder `shared/cases` beside the repository.
private enum SignatureCases {
    static let file: URL = {
        let name = "crypto/wycheproof_json_web_signature_test.json"
        if let path = ProcessInfo.processInfo.environment["CASES_DIRECTORY"] { return URL(filePath: "\(path)/\(name)") }
        var root = URL(filePath: #filePath)
        for _ in 0..<4 { root.deleteLastPathComponent() }
        return root.appending(path: "../shared/cases/\(name)").standardizedFileURL
    }()

    static var isPresent: Bool { FileManager.default.fileExists(atPath: file.path) }
}

@Suite("Wycheproof sessions", .enabled(if: SignatureCases.isPresent, "skipped: there is no ../shared/cases/crypto"))
struct SessionWycheproofTests {
    @Test("no wrong signature passes a key set, and no signature alone makes a session")
    func signatures() async throws {
        var limits = JSONLimits.request
        limits.bytesMax = 16 << 20
        let root = try JSONValue.parse(Array(try Data(contentsOf: SignatureCases.file)), limits: limits)
        var (accepted, refused) = (0, 0)
        for group in root["testGroups"]?.array ?? [] {
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
}
