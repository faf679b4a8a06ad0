// Project Wycheproof's vectors, where the folder beside the repository has them: every verdict must be ours, for all cases of
// what this module supports. Each run says how many cases were decided; without the folder it says that it was skipped.

import Foundation
import Primitives
import Testing

@testable import Cryptography

/// A vector file as parsed JSON.
private struct VectorFile {
    typealias Object = [String: Any]

    let groups: [Object]

    /// `CASES_DIRECTORY` from the environment, else the folder `shared/cases` beside the repository; in it `crypto`.
    static let folder: URL = {
        if let path = ProcessInfo.processInfo.environment["CASES_DIRECTORY"] { return URL(filePath: path + "/crypto") }
        return URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "../shared/cases/crypto").standardizedFileURL
    }()

    static var isPresent: Bool { FileManager.default.fileExists(atPath: folder.path) }

    init(_ name: String) throws {
        let data = try Data(contentsOf: Self.folder.appending(path: "wycheproof_\(name)_test.json"))
        let root = try #require(JSONSerialization.jsonObject(with: data) as? Object)
        groups = try #require(root["testGroups"] as? [Object])
    }
}

extension [String: Any] {
    fileprivate func text(_ name: String) -> String { self[name] as? String ?? "" }
    fileprivate func number(_ name: String) -> Int { self[name] as? Int ?? -1 }
    fileprivate func bytes(_ name: String) throws -> [UInt8] { try #require(Hex.decode(text(name))) }
    fileprivate var tests: [[String: Any]] { self["tests"] as? [[String: Any]] ?? [] }
    fileprivate var isInvalid: Bool { text("result") == "invalid" }
    fileprivate var label: Comment { "case \(number("tcId")): \(text("comment"))" }
}

@Suite("Wycheproof", .enabled(if: VectorFile.isPresent, "skipped: there is no ../shared/cases/crypto"))
struct WycheproofTests {
    private func report(_ name: String, decided: Int, notSupported: Int = 0) {
        print("Wycheproof \(name): \(decided) cases decided, \(notSupported) of what is not supported refused")
    }

    @Test("AES-GCM: every case of 256-bit keys, 96-bit nonces and 128-bit tags; no other size is taken")
    func aesGCM() throws {
        var decided = 0
        var refused = 0
        for group in try VectorFile("aes_gcm").groups {
            for test in group.tests {
                let box = AES256GCM.Box(
                    nonce: try test.bytes("iv"), ciphertext: try test.bytes("ct"), tag: try test.bytes("tag"))
                let cipher = try? AES256GCM(key: SymmetricKey(try test.bytes("key")))
                let opened = try? cipher?.open(box, authenticating: try test.bytes("aad"))
                guard group.number("keySize") == 256, group.number("ivSize") == 96, group.number("tagSize") == 128
                else {
                    #expect(opened == nil, test.label)
                    refused += 1
                    continue
                }
                #expect(opened == (test.isInvalid ? nil : try test.bytes("msg")), test.label)
                if !test.isInvalid {
                    let message = try test.bytes("msg")
                    let aad = try test.bytes("aad")
                    #expect(
                        try cipher?.seal(message.span, nonce: box.nonce, authenticating: aad.span) == box, test.label)
                }
                decided += 1
            }
        }
        #expect(decided + refused == 316)
        report("AES-GCM", decided: decided, notSupported: refused)
    }

    @Test("AES-256-CBC: the padding of the cipher behind A256CBC-HS512")
    func aesCBC() throws {
        var decided = 0
        for group in try VectorFile("aes_cbc_pkcs5").groups where group.number("keySize") == 256 {
            for test in group.tests {
                // The first half of the key authenticates, which these vectors do not.
                let cipher = AES256CBCHS512(
                    key: SymmetricKey([UInt8](repeating: 0, count: 32) + (try test.bytes("key"))))
                let ciphertext = try test.bytes("ct")
                let opened = cipher.transform(ciphertext, nonce: try test.bytes("iv"), encrypting: false)
                #expect(opened == (test.isInvalid ? nil : try test.bytes("msg")), test.label)
                decided += 1
            }
        }
        #expect(decided == 72)
        report("AES-256-CBC", decided: decided)
    }

    @Test("HMAC-SHA-256 and HMAC-SHA-512: every case; a truncated code is not accepted")
    func hmac() throws {
        for (name, size) in [("hmac_sha256", 256), ("hmac_sha512", 512)] {
            var decided = 0
            var refused = 0
            for group in try VectorFile(name).groups {
                for test in group.tests {
                    let key = try test.bytes("key")
                    let message = try test.bytes("msg")
                    let tag = try test.bytes("tag")
                    let isFull = group.number("tagSize") == size
                    let valid =
                        size == 256
                        ? HMACSHA256(key: key).isValid(tag, for: message)
                        : HMACSHA512(key: key).isValid(tag, for: message)
                    #expect(valid == (isFull && !test.isInvalid), test.label)
                    let code =
                        size == 256
                        ? HMACSHA256(key: key).code(for: message).bytes : HMACSHA512(key: key).code(for: message).bytes
                    #expect((Array(code[..<tag.count]) == tag) == !test.isInvalid, test.label)
                    if isFull { decided += 1 } else { refused += 1 }
                }
            }
            #expect(decided + refused == 174)
            report(name, decided: decided, notSupported: refused)
        }
    }

    @Test("HKDF-SHA-256: every case")
    func hkdf() throws {
        var decided = 0
        for group in try VectorFile("hkdf_sha256").groups {
            for test in group.tests {
                let key = SymmetricKey(try test.bytes("ikm"))
                let derived = try? HKDF.deriveSHA256(
                    from: key, salt: try test.bytes("salt"), info: try test.bytes("info"),
                    byteCount: test.number("size"))
                #expect(derived == (test.isInvalid ? nil : SymmetricKey(try test.bytes("okm"))), test.label)
                decided += 1
            }
        }
        #expect(decided == 86)
        report("HKDF", decided: decided)
    }

    @Test("RSA PKCS #1 v1.5: every case; the merely acceptable one is refused")
    func rsa() throws {
        var decided = 0
        for group in try VectorFile("rsa_signature_2048_sha256").groups {
            let key = try RSAPublicKey(pem: group.text("publicKeyPem"))
            for test in group.tests {
                let valid = key.isValidSignature(try test.bytes("sig"), for: try test.bytes("msg"))
                #expect(valid == (test.text("result") == "valid"), test.label)
                decided += 1
            }
        }
        #expect(decided == 259)
        report("RSA signatures", decided: decided)
    }

    /// The verifier of the algorithm that a JWK states or, where it states none, of the one for its type.
    private func verifier(of key: [String: Any]) -> JWSVerifier? {
        if key.text("kty") == "oct" {
            guard key.text("alg") == "HS256", let secret = try? Base64URL.decode(key.text("k")) else { return nil }
            return try? JWSVerifier(hs256: SymmetricKey(secret))
        }
        var jwk = JWK(keyType: key.text("kty"))
        jwk.algorithm = key["alg"] as? String
        jwk.use = key["use"] as? String
        jwk.keyOperations = key["key_ops"] as? [String]
        jwk.curve = key["crv"] as? String
        jwk.n = key["n"] as? String
        jwk.e = key["e"] as? String
        jwk.x = key["x"] as? String
        jwk.y = key["y"] as? String
        let byType: PublicKeyAlgorithm = jwk.keyType == "RSA" ? .rs256 : .es256
        guard let algorithm = jwk.algorithm.map(PublicKeyAlgorithm.init) ?? byType else { return nil }
        return try? JWSVerifier(jwk: jwk, algorithm: algorithm)
    }

    /// Cases that the file calls valid though a byte outside the alphabet stands in a part: RFC 7515 section 5.2 has them
    /// rejected, and their codes are over the text without it.
    private static let lenientCases: Set<Int> = [372, 373]
    /// Cases that the file calls invalid whose token is byte for byte that of the valid case 357: they lost what was wrong.
    private static let blankCases: Set<Int> = [367, 370]

    @Test("JWS: every case; what is signed with an algorithm that is not supported is refused by every verifier")
    func jws() throws {
        var decided = 0
        var refused = 0
        var valid357 = ""
        for group in try VectorFile("json_web_signature").groups {
            let key = (group["public"] ?? group["private"]) as? [String: Any] ?? [:]
            let verifier = verifier(of: key)
            for test in group.tests {
                let token = test["jws"] as? String ?? ""
                let number = test.number("tcId")
                if number == 357 { valid357 = token }
                if Self.blankCases.contains(number) { #expect(token == valid357, test.label) }
                let accepted = (try? verifier?.verify(token)) != nil
                if verifier != nil || key["alg"] == nil {
                    let isValid = !test.isInvalid && !Self.lenientCases.contains(number)
                    #expect(accepted == (isValid || Self.blankCases.contains(number)), test.label)
                    decided += 1
                } else {
                    #expect(!accepted, test.label)
                    refused += 1
                }
            }
        }
        #expect(decided + refused == 401)
        report("JWS", decided: decided, notSupported: refused)
    }

    @Test("JWE: none of the cases is of the two encryptions with a shared key, and none is accepted as one")
    func jwe() throws {
        var refused = 0
        for group in try VectorFile("json_web_encryption").groups {
            let key = group["private"] as? [String: Any] ?? [:]
            let bytes = (try? Base64URL.decode(key.text("k"))) ?? []
            let keys = [JWEKey.ContentEncryption.a256GCM, .a256CBCHS512].compactMap { encryption in
                let filled = Array((bytes + [UInt8](repeating: 0, count: 64))[..<encryption.keyByteCount])
                return try? JWEKey(direct: SymmetricKey(filled), encryption: encryption)
            }
            #expect(keys.count == 2)
            for test in group.tests {
                for key in keys { #expect((try? key.decrypt(test["jwe"] as? String ?? "")) == nil, test.label) }
                refused += 1
            }
        }
        #expect(refused == 139)
        report("JWE", decided: 0, notSupported: refused)
    }

    @Test("JWK: every case of a set with one key; which of several keys is meant is for whoever reads the set")
    func jwk() throws {
        var decided = 0
        for group in try VectorFile("json_web_key").groups {
            let set = (group["public"] ?? group["private"]) as? [String: Any] ?? [:]
            guard let keys = set["keys"] as? [[String: Any]], keys.count == 1 else { continue }
            let verifier = verifier(of: keys[0])
            for test in group.tests
            where ["HS384", "HS512"].allSatisfy({ keys[0].text("alg") != $0 }) || test.isInvalid {
                let accepted = (try? verifier?.verify(test["jws"] as? String ?? "")) != nil
                #expect(accepted == !test.isInvalid, test.label)
                decided += 1
            }
        }
        #expect(decided == 20)
        report("JWK", decided: decided)
    }
}
