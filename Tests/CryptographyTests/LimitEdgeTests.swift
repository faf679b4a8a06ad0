// The limits of tokens, keys and derivations from both sides.

import Testing

@testable import Cryptography

@Suite("Limits of tokens and keys", .timeLimit(.minutes(2)))
struct LimitEdgeTests {
    private static let key = [UInt8](repeating: 7, count: CryptographyLimits.hmacTokenKeyBytesMin)

    private static func isValid(_ token: String) -> Bool {
        (try? JWSVerifier(hs256: SymmetricKey(key)).verify(token)) != nil
    }

    @Test("A token at each of its limits is verified, and one above is not")
    func tokens() throws {
        let header = "{\"alg\":\"HS256\"}"
        func token(bytes: Int) -> String {
            // Header, code and dots stay as long as they are.
            let rest = hs256Token(header: header, payload: "", key: Self.key).utf8.count
            return hs256Token(
                header: header, payload: String(repeating: "x", count: (bytes - rest) * 3 / 4), key: Self.key)
        }
        let longest = token(bytes: CryptographyLimits.tokenBytesMax)
        #expect((CryptographyLimits.tokenBytesMax - 1...CryptographyLimits.tokenBytesMax).contains(longest.utf8.count))
        #expect(Self.isValid(longest))
        #expect(!Self.isValid(token(bytes: CryptographyLimits.tokenBytesMax + 2)))
        for excess in [0, 3] {
            let text = String(repeating: "x", count: CryptographyLimits.tokenHeaderBytesMax / 3 * 3 + excess - 22)
            let long = "{\"alg\":\"HS256\",\"x\":\"\(text)\"}"
            #expect(Self.isValid(hs256Token(header: long, payload: "p", key: Self.key)) == (excess == 0))
            let count = CryptographyLimits.tokenHeaderMembersMax - 1 + excess
            let members = (0..<count).map { ",\"m\($0)\":\"\"" }.joined()
            let many = "{\"alg\":\"HS256\"\(members)}"
            #expect(Self.isValid(hs256Token(header: many, payload: "p", key: Self.key)) == (excess == 0))
        }
    }

    @Test("A key at each of its limits is taken, and one below or above is not")
    func keys() throws {
        #expect(throws: Never.self) { try JWSVerifier(hs256: SymmetricKey(Self.key)) }
        #expect(throws: CryptographyError.self) { try JWSVerifier(hs256: SymmetricKey(Array(Self.key.dropLast()))) }
        // The size of the modulus counts; whether it is a product of primes does not.
        for (bits, isTaken) in [
            (CryptographyLimits.rsaModulusBitsMin, true), (CryptographyLimits.rsaModulusBitsMin - 8, false),
            (CryptographyLimits.rsaModulusBitsMax, true), (CryptographyLimits.rsaModulusBitsMax + 8, false),
        ] {
            let modulus = [UInt8](repeating: 0xFF, count: bits / 8)
            let key = try? RSAPublicKey(modulus: modulus, exponent: [1, 0, 1])
            #expect((key?.modulusBits == bits) == isTaken, "\(bits)")
        }
        for (count, isID) in [
            (0, false), (1, true), (CryptographyLimits.keyIDBytesMax, true),
            (CryptographyLimits.keyIDBytesMax + 1, false),
        ] {
            #expect(KeyRing.isKeyID([UInt8](repeating: 0x61, count: count).span) == isID)
        }
        #expect(throws: Never.self) {
            try HKDF.deriveSHA256(
                from: SymmetricKey(Self.key), info: [], byteCount: CryptographyLimits.hkdfOutputBytesMax)
        }
        #expect(throws: CryptographyError.self) {
            try HKDF.deriveSHA256(
                from: SymmetricKey(Self.key), info: [], byteCount: CryptographyLimits.hkdfOutputBytesMax + 1)
        }
    }
}
