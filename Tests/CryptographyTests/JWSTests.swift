// Signed tokens: the examples of the RFCs, and the ways in which forged or sloppy tokens differ from them.

import Testing

@testable import Cryptography

/// A compact token of a header and a payload as they are, signed with HMAC-SHA-256 whatever the header says.
func hs256Token(header: String, payload: String = "{}", key: [UInt8]) -> String {
    let message = Base64URL.encode(Array(header.utf8)) + "." + Base64URL.encode(Array(payload.utf8))
    return message + "." + HMACSHA256(key: key).code(for: message).base64URL
}

@Suite("JWS", .timeLimit(.minutes(2)))
struct JWSTests {
    static let claims =
        "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
    static let claimsText =
        "{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n \"http://example.com/is_root\":true}"
    let key = [UInt8](repeating: 7, count: 32)

    @Test("HS256 verifies RFC 7515 appendix A.1 and RFC 7520 section 4.4")
    func hs256Examples() throws {
        let first = try JWSVerifier(
            hs256: SymmetricKey(
                Base64URL.decode(
                    "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow")))
        let token =
            "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.\(Self.claims).dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
        #expect(try first.verify(token) == Array(Self.claimsText.utf8))
        let second = try JWSVerifier(
            hs256: SymmetricKey(Base64URL.decode("hJtXIZ2uSN5kbQfbtTNWbpdmhkV8FJG-Onbc6mxCcYg")))
        let cookbook =
            "eyJhbGciOiJIUzI1NiIsImtpZCI6IjAxOGMwYWU1LTRkOWItNDcxYi1iZmQ2LWVlZjMxNGJjNzAzNyJ9."
            + "SXTigJlzIGEgZGFuZ2Vyb3VzIGJ1c2luZXNzLCBGcm9kbywgZ29pbmcgb3V0IHlvdXIgZG9vci4gWW91IHN0ZXAgb250byB0aGUg"
            + "cm9hZCwgYW5kIGlmIHlvdSBkb24ndCBrZWVwIHlvdXIgZmVldCwgdGhlcmXigJlzIG5vIGtub3dpbmcgd2hlcmUgeW91IG1pZ2h0"
            + "IGJlIHN3ZXB0IG9mZiB0by4.s0h6KThzkfBBBkLspW1h84VsJZFTsPPqMDA7g1Md7p0"
        #expect(String(decoding: try second.verify(cookbook), as: UTF8.self).hasPrefix("It’s a dangerous business"))
        #expect(try JOSEHeader(unverified: cookbook).keyID == "018c0ae5-4d9b-471b-bfd6-eef314bc7037")
        #expect(throws: CryptographyError.tokenInvalid(.signatureInvalid)) { try first.verify(cookbook) }
    }

    @Test("RS256 verifies RFC 7515 appendix A.2")
    func rs256Example() throws {
        let modulus =
            "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZ"
            + "S-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTB"
            + "EMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91"
            + "kzk2PAcDTW9gb54h4FRWyuXpoQ"
        let publicKey = try RSAPublicKey(modulus: Base64URL.decode(modulus), exponent: Base64URL.decode("AQAB"))
        #expect(publicKey.modulusBits == 2048)
        let signature =
            "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CU"
            + "Ar7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOL"
            + "n6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVm"
            + "tVrBp0igcN_IoypGlUPQGe77Rw"
        let token = "eyJhbGciOiJSUzI1NiJ9.\(Self.claims).\(signature)"
        #expect(try JWSVerifier(rs256: publicKey).verify(token) == Array(Self.claimsText.utf8))
        let fromPEM = try RSAPublicKey(pem: publicKey.pem())
        #expect(try JWSVerifier(rs256: fromPEM).verify(token) == Array(Self.claimsText.utf8))
        let altered = "eyJhbGciOiJSUzI1NiJ9.\(Self.claims).d\(signature.dropFirst())"
        #expect(throws: CryptographyError.tokenInvalid(.signatureInvalid)) {
            try JWSVerifier(rs256: publicKey).verify(altered)
        }
    }

    @Test("ES256 verifies RFC 7515 appendix A.3 and a token of another implementation")
    func es256Examples() throws {
        let publicKey = try P256PublicKey(
            x: Base64URL.decode("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"),
            y: Base64URL.decode("x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"))
        let signature = "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
        let token = "eyJhbGciOiJFUzI1NiJ9.\(Self.claims).\(signature)"
        #expect(try JWSVerifier(es256: publicKey).verify(token) == Array(Self.claimsText.utf8))
        let pem = """
            -----BEGIN PUBLIC KEY-----
            MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEc6NFQPm1TSVBRE+bdwLkSW+JpzLH
            O3yyxpmC1aHq/9aM1oNWqdKz90omgh+wrLG1cmXy67RWwrIfbfZ55jdzig==
            -----END PUBLIC KEY-----
            """
        let other =
            "eyJhbGciOiJFUzI1NiJ9.aGVsbG8."
            + "ExLW9GgApoc6qXAi59AFGPjF-PjKlTjDylJbR6ke2DLBTorvYGk_A9eGo6u0cVP-9JLz-2TWE8tXpmMub2AVxQ"
        #expect(try JWSVerifier(es256: P256PublicKey(pem: pem)).verify(other) == Array("hello".utf8))
        #expect(throws: CryptographyError.tokenInvalid(.signatureInvalid)) {
            try JWSVerifier(es256: publicKey).verify(other)
        }
        // R = S = 0 (CVE-2022-21449), and a signature in DER form.
        for forged in [
            [UInt8](repeating: 0, count: 64), [UInt8](repeating: 0xFF, count: 64), [0x30, 6, 2, 1, 1, 2, 1, 1],
        ] {
            #expect(throws: CryptographyError.tokenInvalid(.signatureInvalid)) {
                try JWSVerifier(es256: publicKey).verify(
                    "eyJhbGciOiJFUzI1NiJ9.\(Self.claims).\(Base64URL.encode(forged))")
            }
        }
    }

    @Test("EdDSA verifies RFC 8037 appendix A.4")
    func edDSAExample() throws {
        let publicKey = try Ed25519PublicKey(
            rawBytes: Base64URL.decode("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"))
        let token =
            "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc."
            + "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
        #expect(try JWSVerifier(edDSA: publicKey).verify(token) == Array("Example of Ed25519 signing".utf8))
    }

    @Test("A verifier accepts its signer's tokens, with the key id in the header")
    func roundTrips() throws {
        let payload = Array("{\"sub\":\"Zoë\"}".utf8)
        let rsa = try RSAPrivateKey.generate()
        let ed25519 = try Ed25519PrivateKey.generate()
        let pairs: [(JWSSigner, JWSVerifier)] = [
            (try JWSSigner(hs256: SymmetricKey(key), keyID: "k.1_-"), try JWSVerifier(hs256: SymmetricKey(key))),
            (try JWSSigner(rs256: rsa, keyID: "k.1_-"), JWSVerifier(rs256: rsa.publicKey)),
            (try JWSSigner(rs256: RSAPrivateKey(pem: rsa.pem()), keyID: "k.1_-"), JWSVerifier(rs256: rsa.publicKey)),
            (try JWSSigner(edDSA: ed25519, keyID: "k.1_-"), JWSVerifier(edDSA: ed25519.publicKey)),
        ]
        for (signer, verifier) in pairs {
            let token = try signer.sign(payload)
            #expect(try verifier.verify(token) == payload)
            let header = try JOSEHeader(unverified: token)
            #expect(header.keyID == "k.1_-")
            #expect(header.type == "JWT")
            for (_, other) in pairs where (try? other.verify(token)) == nil {
                #expect(throws: CryptographyError.tokenInvalid(.algorithmRefused)) { try other.verify(token) }
            }
        }
        #expect(throws: CryptographyError.tokenInvalid(.headerMalformed)) {
            try JWSSigner(hs256: SymmetricKey(key), keyID: "a\"b")
        }
    }

    @Test("A public key does not serve as an HMAC secret: the token does not choose the algorithm")
    func algorithmConfusion() throws {
        let rsa = try RSAPrivateKey.generate()
        let pem = try rsa.publicKey.pem()
        let forged = hs256Token(header: "{\"alg\":\"HS256\",\"typ\":\"JWT\"}", key: Array(pem.utf8))
        #expect(throws: CryptographyError.tokenInvalid(.algorithmRefused)) {
            try JWSVerifier(rs256: rsa.publicKey).verify(forged)
        }
    }

    @Test(
        "An algorithm that is not exactly the verifier's is refused, even with a valid code",
        arguments: ["none", "None", "", "hs256", "HS256 ", "HS384", "HS512", "RS256", "HS25６", "HS256\u{0301}", "dir"])
    func foreignAlgorithms(name: String) throws {
        let verifier = try JWSVerifier(hs256: SymmetricKey(key))
        let token = hs256Token(header: "{\"alg\":\"\(name)\"}", key: key)
        #expect(throws: CryptographyError.tokenInvalid(.algorithmRefused)) { try verifier.verify(token) }
        let unsigned = token.split(separator: ".").dropLast().joined(separator: ".") + "."
        #expect(throws: CryptographyError.self) { try verifier.verify(unsigned) }
    }

    @Test(
        "A header is a flat object of strings with distinct names, and nothing else",
        arguments: [
            "", "{", "}", "[]", "null", "\"alg\"", "{}", "{\"typ\":\"JWT\"}", "{\"alg\":null}", "{\"alg\":1}",
            "{\"alg\":[\"HS256\"]}", "{\"alg\":{\"alg\":\"HS256\"}}", "{\"alg\":\"HS256\",}", "{,\"alg\":\"HS256\"}",
            "{\"alg\":\"HS256\"}x", "{\"alg\":\"HS256\"}{}", "{\"alg\":\"HS256\" \"typ\":\"JWT\"}",
            "{\"alg\" \"HS256\"}",
            "{alg:\"HS256\"}", "{'alg':'HS256'}", "{\"alg\":\"none\",\"alg\":\"HS256\"}",
            "{\"alg\":\"HS256\",\"alg\":\"HS256\"}",
            "{\"alg\":\"HS256\",\"\\u0061lg\":\"HS256\"}", "{\"alg\":\"HS256\",\"x\":\"\\ud800\"}",
            "{\"alg\":\"HS256\",\"x\":\"\\udc00\"}",
            "{\"alg\":\"HS256\",\"x\":\"\\q\"}", "{\"alg\":\"HS256\",\"x\":\"\\u00+1\"}",
            "{\"alg\":\"HS256\",\"x\":\"\n\"}",
            "{\"alg\":\"HS256\",\"x\":\"", "{\"alg\":\"HS256\",\"x\":true}", "\u{FEFF}{\"alg\":\"HS256\"}",
            "{\"alg\":\"HS256\"}\0",
            "/**/{\"alg\":\"HS256\"}",
        ])
    func malformedHeaders(header: String) throws {
        let verifier = try JWSVerifier(hs256: SymmetricKey(key))
        #expect(throws: CryptographyError.tokenInvalid(.headerMalformed)) {
            try verifier.verify(hs256Token(header: header, key: key))
        }
    }

    @Test(
        "A header may have other members, escapes and white space",
        arguments: [
            "{\"alg\":\"HS256\"}", " {\t\"alg\" :\r\n\"HS256\" } ",
            "{\"typ\":\"at+jwt\",\"alg\":\"HS256\",\"cat\":\"x\"}",
            "{\"\\u0061lg\":\"HS\\u003256\"}",
            "{\"alg\":\"HS256\",\"kid\":\"\\ud83d\\ude00\\\"\\\\\\/\\b\\f\\n\\r\\t\"}",
            "{\"alg\":\"HS256\",\"é\":\"é\"}",
        ])
    func tolerableHeaders(header: String) throws {
        let token = hs256Token(header: header, payload: "payload", key: key)
        #expect(try JWSVerifier(hs256: SymmetricKey(key)).verify(token) == Array("payload".utf8))
    }

    @Test(
        "An extension that the token demands is refused",
        arguments: [
            "{\"alg\":\"HS256\",\"crit\":[\"exp\"],\"exp\":1}", "{\"alg\":\"HS256\",\"crit\":[]}",
            "{\"alg\":\"HS256\",\"crit\":\"b64\"}",
            "{\"alg\":\"HS256\",\"\\u0063rit\":[]}", "{\"alg\":\"HS256\",\"b64\":\"false\"}",
            "{\"alg\":\"HS256\",\"zip\":\"DEF\"}",
        ])
    func criticalHeaders(header: String) throws {
        #expect(throws: CryptographyError.tokenInvalid(.criticalHeader)) {
            try JWSVerifier(hs256: SymmetricKey(key)).verify(hs256Token(header: header, key: key))
        }
    }

    @Test("Invalid UTF-8 in a header is refused")
    func invalidUTF8() throws {
        for bytes: [UInt8] in [[0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xE2, 0x82]] {
            let header = Array("{\"alg\":\"HS256\",\"x\":\"".utf8) + bytes + Array("\"}".utf8)
            let message = Base64URL.encode(header) + ".e30"
            let token = message + "." + HMACSHA256(key: key).code(for: message).base64URL
            #expect(throws: CryptographyError.tokenInvalid(.headerMalformed)) {
                try JWSVerifier(hs256: SymmetricKey(key)).verify(token)
            }
        }
    }

    @Test("A token with any character changed, removed or added is refused")
    func everyCharacter() throws {
        let verifier = try JWSVerifier(hs256: SymmetricKey(key))
        let token = Array(try JWSSigner(hs256: SymmetricKey(key)).sign(Array("{\"sub\":\"alice\"}".utf8)).utf8)
        for index in token.indices {
            for replacement in [UInt8(ascii: "."), UInt8(ascii: "="), UInt8(ascii: "A"), UInt8(ascii: "_"), 0x0A, 0x80]
            {
                var altered = token
                altered[index] = replacement
                if altered != token { #expect(throws: CryptographyError.self) { try verifier.verify(altered.span) } }
                altered = token
                altered.insert(replacement, at: index)
                #expect(throws: CryptographyError.self) { try verifier.verify(altered.span) }
            }
            var shorter = token
            shorter.remove(at: index)
            #expect(throws: CryptographyError.self) { try verifier.verify(shorter.span) }
        }
    }

    @Test("A token has three parts", arguments: ["", ".", "..", "...", "a", "a.b", "a.b.c.d", "a.b.c.d.e"])
    func partCount(token: String) throws {
        #expect(throws: CryptographyError.self) { try JWSVerifier(hs256: SymmetricKey(key)).verify(token) }
        let valid = hs256Token(header: "{\"alg\":\"HS256\"}", key: key)
        for suffix in [".", ".e30", " ", "\n"] {
            #expect(throws: CryptographyError.tokenInvalid(.malformed)) {
                try JWSVerifier(hs256: SymmetricKey(key)).verify(valid + suffix)
            }
        }
    }

    @Test("A token beyond the limit is refused unread, and so is a key that is too short for HS256")
    func limits() throws {
        let long = hs256Token(
            header: "{\"alg\":\"HS256\"}", payload: String(repeating: "x", count: CryptographyLimits.tokenBytesMax),
            key: key)
        #expect(throws: CryptographyError.tokenInvalid(.malformed)) {
            try JWSVerifier(hs256: SymmetricKey(key)).verify(long)
        }
        #expect(throws: CryptographyError.keySizeInvalid(expectedBytes: 32, actualBytes: 31)) {
            try JWSVerifier(hs256: SymmetricKey([UInt8](repeating: 1, count: 31)))
        }
        let members = (0..<CryptographyLimits.tokenHeaderMembersMax).map { ",\"m\($0)\":\"\"" }.joined()
        #expect(throws: CryptographyError.tokenInvalid(.headerMalformed)) {
            try JWSVerifier(hs256: SymmetricKey(key)).verify(
                hs256Token(header: "{\"alg\":\"HS256\"\(members)}", key: key))
        }
    }
}

@Suite("Tokens of a key ring", .timeLimit(.minutes(2)))
struct RingTokensTests {
    @Test("Tokens are read by every ring that has their key, and by no other")
    func rotation() throws {
        let ring = try KeyRing.generate()
        let old = try RingTokens(ring)
        let rotated = try RingTokens(ring.rotated())
        let payload = Array("{\"sub\":\"alice\"}".utf8)
        let oldToken = try old.sign(payload)
        let newToken = try rotated.sign(payload)
        #expect(try old.verify(oldToken) == payload)
        #expect(try rotated.verify(oldToken) == payload)
        #expect(try rotated.verify(newToken) == payload)
        #expect(throws: CryptographyError.keyUnknown(id: rotated.primaryID)) { try old.verify(newToken) }
        #expect(throws: CryptographyError.tokenInvalid(.signatureInvalid)) {
            try RingTokens(ring, purpose: KeyPurpose("other")).verify(oldToken)
        }
    }

    @Test("Session tokens have one header, and a valid code under another is refused")
    func foreignHeaders() throws {
        let ring = try KeyRing.generate()
        let tokens = try RingTokens(ring)
        let key = try ring.key(for: .sessionToken)
        let bytes = key.withBytes { key in (0..<key.count).map { key[$0] } }
        for header in [
            "{\"alg\":\"HS256\"}", "{\"alg\":\"HS256\",\"kid\":\"\(ring.primaryID)\",\"typ\":\"JWT\"}",
            "{\"alg\":\"none\",\"typ\":\"JWT\",\"kid\":\"\(ring.primaryID)\"}",
        ] {
            #expect(throws: CryptographyError.self) { try tokens.verify(hs256Token(header: header, key: bytes)) }
        }
        for token in ["", ".", "..", "x", try String(tokens.sign([]).dropLast())] {
            #expect(throws: CryptographyError.self) { try tokens.verify(token) }
        }
        let exact = "{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"\(ring.primaryID)\"}"
        #expect(try tokens.verify(hs256Token(header: exact, payload: "p", key: bytes)) == Array("p".utf8))
    }
}
