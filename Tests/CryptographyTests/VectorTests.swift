// Vectors from outside this code: the project's own files, made with OpenSSL, and Project Wycheproof's where the environment names a
// folder of them. Every verdict must be ours, for all cases of what this module supports.

import Foundation
import Primitives
import TestSupport
import Testing

@testable import Cryptography

/// Who made a set of vectors.
enum VectorSource: String, CaseIterable, CustomTestStringConvertible {
    case own
    case wycheproof

    var testDescription: String { rawValue }

    /// Those that are present.
    static let present = allCases.filter { $0 == .own || Vectors.other("crypto") != nil }

    func url(_ name: String) -> URL {
        switch self {
        case .own: Vectors.own.appending(path: "crypto/\(name).json")
        case .wycheproof: (Vectors.other("crypto") ?? Vectors.own).appending(path: "wycheproof_\(name)_test.json")
        }
    }
}

/// A vector file as parsed JSON.
private struct VectorFile {
    typealias Object = [String: Any]

    let groups: [Object]
    let count: Int

    init(_ name: String, _ source: VectorSource) throws {
        let data = try Data(contentsOf: source.url(name))
        let root = try #require(JSONSerialization.jsonObject(with: data) as? Object)
        groups = try #require(root["testGroups"] as? [Object])
        count = root.number("numberOfTests")
        try #require(count == groups.reduce(0) { $0 + $1.tests.count } && count > 0)
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

@Suite("Vectors", .timeLimit(.minutes(2)))
struct VectorTests {
    @Test(
        "AES-GCM: every case of 256-bit keys, 96-bit nonces and 128-bit tags; no other size is taken",
        arguments: VectorSource.present)
    func aesGCM(source: VectorSource) throws {
        var decided = 0
        var refused = 0
        let file = try VectorFile("aes_gcm", source)
        for group in file.groups {
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
        #expect(decided + refused == file.count)
    }

    @Test("AES-256-CBC: the padding of the cipher behind A256CBC-HS512", arguments: VectorSource.present)
    func aesCBC(source: VectorSource) throws {
        var decided = 0
        let file = try VectorFile("aes_cbc_pkcs5", source)
        for group in file.groups where group.number("keySize") == 256 {
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
        #expect(decided > 0)
    }

    @Test(
        "HMAC-SHA-256 and HMAC-SHA-512: every case; a truncated code is not accepted", arguments: VectorSource.present)
    func hmac(source: VectorSource) throws {
        for (name, size) in [("hmac_sha256", 256), ("hmac_sha512", 512)] {
            var decided = 0
            var refused = 0
            let file = try VectorFile(name, source)
            for group in file.groups {
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
            #expect(decided + refused == file.count)
        }
    }

    @Test("HKDF-SHA-256: every case", arguments: VectorSource.present)
    func hkdf(source: VectorSource) throws {
        var decided = 0
        let file = try VectorFile("hkdf_sha256", source)
        for group in file.groups {
            for test in group.tests {
                let key = SymmetricKey(try test.bytes("ikm"))
                let derived = try? HKDF.deriveSHA256(
                    from: key, salt: try test.bytes("salt"), info: try test.bytes("info"),
                    byteCount: test.number("size"))
                #expect(derived == (test.isInvalid ? nil : SymmetricKey(try test.bytes("okm"))), test.label)
                decided += 1
            }
        }
        #expect(decided == file.count)
    }

    @Test("RSA PKCS #1 v1.5: every case; a merely acceptable signature is refused", arguments: VectorSource.present)
    func rsa(source: VectorSource) throws {
        var decided = 0
        let file = try VectorFile("rsa_signature_2048_sha256", source)
        for group in file.groups {
            let key = try RSAPublicKey(pem: group.text("publicKeyPem"))
            for test in group.tests {
                let valid = key.isValidSignature(try test.bytes("sig"), for: try test.bytes("msg"))
                #expect(valid == (test.text("result") == "valid"), test.label)
                decided += 1
            }
        }
        #expect(decided == file.count)
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

    /// Cases that Wycheproof calls valid though a byte outside the alphabet stands in a part: RFC 7515 section 5.2 has them
    /// rejected, and their codes are over the text without it.
    private static let lenientCases: Set<Int> = [372, 373]
    /// Cases that Wycheproof calls invalid whose token is byte for byte that of the valid case 357: they lost what was wrong.
    private static let blankCases: Set<Int> = [367, 370]

    @Test("JWS: every case; unsupported algorithms are refused by every verifier", arguments: VectorSource.present)
    func jws(source: VectorSource) throws {
        var decided = 0
        var refused = 0
        var valid357 = ""
        let file = try VectorFile("json_web_signature", source)
        for group in file.groups {
            let key = (group["public"] ?? group["private"]) as? [String: Any] ?? [:]
            let verifier = verifier(of: key)
            for test in group.tests {
                let token = test["jws"] as? String ?? ""
                let number = test.number("tcId")
                if source == .wycheproof, number == 357 { valid357 = token }
                let isBlank = source == .wycheproof && Self.blankCases.contains(number)
                let isLenient = source == .wycheproof && Self.lenientCases.contains(number)
                if isBlank { #expect(token == valid357, test.label) }
                let accepted = (try? verifier?.verify(token)) != nil
                if verifier != nil || key["alg"] == nil {
                    #expect(accepted == (!test.isInvalid && !isLenient || isBlank), test.label)
                    decided += 1
                } else {
                    #expect(!accepted, test.label)
                    refused += 1
                }
            }
        }
        #expect(decided + refused == file.count)
    }

    @Test(
        "JWE: every case of direct A256GCM and A256CBC-HS512; nothing else is accepted", arguments: VectorSource.present
    )
    func jwe(source: VectorSource) throws {
        let file = try VectorFile("json_web_encryption", source)
        for group in file.groups {
            let key = group["private"] as? [String: Any] ?? [:]
            let bytes = (try? Base64URL.decode(key.text("k"))) ?? []
            let isSupported =
                key.text("alg") == "dir" && JWEKey.ContentEncryption(rawValue: key.text("enc")) != nil
            let keys = [JWEKey.ContentEncryption.a256GCM, .a256CBCHS512].compactMap { encryption in
                let filled = Array((bytes + [UInt8](repeating: 0, count: 64))[..<encryption.keyByteCount])
                return try? JWEKey(direct: SymmetricKey(filled), encryption: encryption)
            }
            #expect(keys.count == 2)
            for test in group.tests {
                let opened = keys.compactMap { try? $0.decrypt(test.text("jwe")) }
                #expect(opened == (isSupported && !test.isInvalid ? [try test.bytes("pt")] : []), test.label)
            }
        }
    }

    @Test("JWK: every case of a set with one key", arguments: VectorSource.present)
    func jwk(source: VectorSource) throws {
        var decided = 0
        let file = try VectorFile("json_web_key", source)
        for group in file.groups {
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
        #expect(decided > 0)
    }
}
