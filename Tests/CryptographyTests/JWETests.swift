// Encrypted tokens as NextAuth and Auth.js make them. The two samples were made with Node's own cryptography, not with ours.

import Testing

@testable import Cryptography

@Suite("JWE", .timeLimit(.minutes(2)))
struct JWETests {
    static let secret = SymmetricKey(utf8: "a-secret-of-the-application-1234")
    static let plaintext = Array("{\"sub\":\"user-1\",\"name\":\"Zoë\",\"exp\":4102444800}".utf8)
    static let version4 =
        "eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..AAECAwQFBgcICQoL."
        + "9aEB5XSoaSf21VNg7_sIWaUTpy-CHwywaCR_dk4Fmpn_GnC-gdgwyiA6YWfYXgE.FROhaiY8pAOiLXbBcoGuvA"
    static let version5 =
        "eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2Q0JDLUhTNTEyIiwia2lkIjoiaVRjcnZ6eGtFQzdrenVCU3NUZkEwYndmbW9hSDM0QVk4NkZqRllBeF"
        + "ROZER5OExyQlc4OFRSbzg0bW5lVGJRT0hTdGNHNi1iSzY2VDY5WlZXMlo1clEifQ..AAECAwQFBgcICQoLDA0ODw."
        + "bWQ-1NDn4fDdJjwdAvCusOSa0vOcgsZKQ5QKD1aT-IRW4InV8ilHOM3xfepP_5IQ."
        + "8KeEW4SQLrCyH9OEixf1uVQ1Jhh0zmUpkL-oyoVDQiE"

    static func key4() throws -> JWEKey {
        let info = Array("NextAuth.js Generated Encryption Key".utf8)
        return try JWEKey(direct: HKDF.deriveSHA256(from: secret, info: info), encryption: .a256GCM)
    }

    static func key5() throws -> JWEKey {
        let salt = "authjs.session-token"
        let key = try HKDF.deriveSHA256(
            from: secret, salt: Array(salt.utf8), info: Array("Auth.js Generated Encryption Key (\(salt))".utf8),
            byteCount: 64)
        return try JWEKey(direct: key, encryption: .a256CBCHS512)
    }

    static let refused = CryptographyError.tokenInvalid(.undecryptable)

    @Test(
        "Opens a NextAuth v4 cookie (A256GCM) and an Auth.js v5 cookie (A256CBC-HS512), and not one with the other's key"
    )
    func samples() throws {
        #expect(try Self.key4().decrypt(Self.version4) == Self.plaintext)
        #expect(try Self.key5().decrypt(Self.version5) == Self.plaintext)
        #expect(try JOSEHeader(unverified: Self.version5).keyID?.utf8.count == 86)
        #expect(throws: Self.refused) { try Self.key4().decrypt(Self.version5) }
        #expect(throws: Self.refused) { try Self.key5().decrypt(Self.version4) }
        let other = try JWEKey(direct: .random(), encryption: .a256GCM)
        #expect(throws: Self.refused) { try other.decrypt(Self.version4) }
    }

    @Test("Opens what it encrypted, of any length")
    func roundTrips() throws {
        for key in [try Self.key4(), try Self.key5()] {
            for count in [0, 1, 15, 16, 17, 31, 32, 1000] {
                let plaintext = [UInt8](repeating: 0x10, count: count)
                let token = try key.encrypt(plaintext, keyID: "k1")
                #expect(try key.decrypt(token) == plaintext)
                #expect(try JOSEHeader(unverified: token).encryption == key.encryption.rawValue)
            }
        }
    }

    @Test("Refuses a token with any character changed, always with the same error")
    func everyCharacter() throws {
        for (key, token) in [(try Self.key4(), Self.version4), (try Self.key5(), Self.version5)] {
            let bytes = Array(token.utf8)
            for index in bytes.indices {
                for replacement in [UInt8(ascii: "A"), UInt8(ascii: "."), UInt8(ascii: "=")]
                where bytes[index] != replacement {
                    var altered = bytes
                    altered[index] = replacement
                    #expect(throws: Self.refused) { try key.decrypt(String(decoding: altered, as: UTF8.self)) }
                }
                var shorter = bytes
                shorter.remove(at: index)
                #expect(throws: Self.refused) { try key.decrypt(String(decoding: shorter, as: UTF8.self)) }
            }
        }
    }

    @Test("Refuses a shortened tag, though OpenSSL would verify its first byte alone")
    func shortTags() throws {
        for (key, token) in [(try Self.key4(), Self.version4), (try Self.key5(), Self.version5)] {
            var parts = token.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
            let tag = try Base64URL.decode(parts[4])
            for count in 0..<tag.count {
                parts[4] = Base64URL.encode(Array(tag[..<count]))
                #expect(throws: Self.refused) { try key.decrypt(parts.joined(separator: ".")) }
            }
            parts[4] = Base64URL.encode(tag + [0])
            #expect(throws: Self.refused) { try key.decrypt(parts.joined(separator: ".")) }
        }
    }

    @Test(
        "Refuses another header, though everything else fits",
        arguments: [
            "{\"alg\":\"dir\"}", "{\"enc\":\"A256GCM\"}", "{\"alg\":\"DIR\",\"enc\":\"A256GCM\"}",
            "{\"alg\":\"A256KW\",\"enc\":\"A256GCM\"}",
            "{\"alg\":\"dir\",\"enc\":\"A128GCM\"}", "{\"alg\":\"dir\",\"enc\":\"a256gcm\"}",
            "{\"alg\":\"dir\",\"enc\":\"A256CBC-HS512\"}",
            "{\"alg\":\"dir\",\"enc\":\"A256GCM\",\"zip\":\"DEF\"}",
            "{\"alg\":\"dir\",\"enc\":\"A256GCM\",\"crit\":[\"exp\"]}",
            "{\"alg\":\"dir\",\"enc\":\"A256GCM\",\"enc\":\"A256GCM\"}",
            "{\"alg\":\"dir\",\"enc\":\"A256GCM\",\"n\":1}", "{}", "",
        ])
    func headers(header: String) throws {
        let secret = SymmetricKey([UInt8](repeating: 9, count: 32))
        let cipher = try AES256GCM(key: secret)
        func token(_ header: String) throws -> String {
            let encoded = Base64URL.encode(Array(header.utf8))
            let box = try cipher.seal(Array("{}".utf8), authenticating: Array(encoded.utf8))
            return [
                encoded, "", Base64URL.encode(box.nonce), Base64URL.encode(box.ciphertext), Base64URL.encode(box.tag),
            ]
            .joined(separator: ".")
        }
        let key = try JWEKey(direct: secret, encryption: .a256GCM)
        #expect(try key.decrypt(token("{\"alg\":\"dir\",\"enc\":\"A256GCM\",\"typ\":\"JWT\"}")) == Array("{}".utf8))
        #expect(throws: Self.refused) { try key.decrypt(token(header)) }
    }

    @Test("Refuses an encrypted key, missing parts and further parts")
    func parts() throws {
        let key = try Self.key4()
        let parts = Self.version4.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        for altered in [
            [parts[0], "AAAA", parts[2], parts[3], parts[4]], Array(parts[..<4]), parts + [""], parts + ["AAAA"],
            [parts[0]] + parts[2...], [""], [], ["", "", "", "", ""],
        ] {
            #expect(throws: Self.refused) { try key.decrypt(altered.joined(separator: ".")) }
        }
        #expect(throws: Self.refused) { try key.decrypt(Self.version4 + "\n") }
        #expect(throws: Self.refused) {
            try key.decrypt(Self.version4 + String(repeating: "A", count: CryptographyLimits.tokenBytesMax))
        }
    }

    @Test("Takes a key of exactly the size of its encryption")
    func keySizes() {
        for encryption in [JWEKey.ContentEncryption.a256GCM, .a256CBCHS512] {
            for count in [0, 16, 31, 32, 33, 48, 63, 64, 65] where count != encryption.keyByteCount {
                #expect(
                    throws: CryptographyError.keySizeInvalid(
                        expectedBytes: encryption.keyByteCount, actualBytes: count)
                ) {
                    try JWEKey(direct: SymmetricKey([UInt8](repeating: 1, count: count)), encryption: encryption)
                }
            }
        }
    }
}
