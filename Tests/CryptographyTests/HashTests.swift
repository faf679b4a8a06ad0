// Hashes, MACs and key derivation against the published vectors.

import Primitives
import Testing

@testable import Cryptography

/// The bytes of hexadecimal text in a test; a slip in it fails the test.
func hex(_ text: String) throws -> [UInt8] {
    try #require(Hex.decode(text))
}

@Suite("Hashes, MACs and derivation", .timeLimit(.minutes(2)))
struct HashTests {
    @Test("SHA-2 gives the digests of FIPS 180-4's examples, at once and piece by piece")
    func sha2() {
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        #expect(SHA256.digest("abc").hex == abc)
        #expect(SHA256.digest("").hex == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        #expect(
            SHA512.digest("abc").hex == "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
                + "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f")
        var hash = SHA256()
        hash.update("a")
        let copy = hash
        hash.update([UInt8(ascii: "b")])
        #expect(hash.digest() == SHA256.digest("ab"))
        hash.update("c".utf8Span.span)
        #expect(hash.digest().hex == abc)
        #expect(hash.digest() == hash.digest())
        #expect(copy.digest() == SHA256.digest("a"))
    }

    struct MACCase: Sendable {
        let key: [UInt8]
        let message: [UInt8]
        let sha256: String
        let sha512: String
    }

    static let rfc4231: [MACCase] = [
        MACCase(
            key: Array(repeating: 0x0B, count: 20), message: Array("Hi There".utf8),
            sha256: "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
            sha512: "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cde"
                + "daa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854"),
        MACCase(
            key: Array("Jefe".utf8), message: Array("what do ya want for nothing?".utf8),
            sha256: "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            sha512: "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
                + "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737"),
        MACCase(
            key: Array(repeating: 0xAA, count: 20), message: Array(repeating: 0xDD, count: 50),
            sha256: "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
            sha512: "fa73b0089d56a284efb0f0756c890be9b1b5dbdd8ee81a3655f83e33b2279d39"
                + "bf3e848279a722c806b485a47e67c807b946a337bee8942674278859e13292fb"),
        MACCase(
            key: Array(1...25), message: Array(repeating: 0xCD, count: 50),
            sha256: "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b",
            sha512: "b0ba465637458c6990e5a8c5f61d4af7e576d97ff94b872de76f8050361ee3db"
                + "a91ca5c11aa25eb4d679275cc5788063a5f19741120c4f2de2adebeb10a298dd"),
        MACCase(
            key: Array(repeating: 0xAA, count: 131),
            message: Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8),
            sha256: "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
            sha512: "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f352"
                + "6b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598"),
        MACCase(
            key: Array(repeating: 0xAA, count: 131),
            message: Array(
                ("This is a test using a larger than block-size key and a larger than block-size data. "
                    + "The key needs to be hashed before being used by the HMAC algorithm.").utf8),
            sha256: "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
            sha512: "e37b6a775dc87dbaa4dfa9f96e5e3ffddebd71f8867289865df5a32d20cdc944"
                + "b6022cac3c4982b10d5eeb55c3e4de15134676fb6de0446065c97440fa8c6a58"),
    ]

    @Test("HMAC gives the codes of RFC 4231, and one prepared key serves many messages", arguments: rfc4231)
    func hmac(vector: MACCase) {
        let short = HMACSHA256(key: vector.key)
        let long = HMACSHA512(key: SymmetricKey(vector.key))
        for _ in 0..<2 {
            #expect(short.code(for: vector.message).hex == vector.sha256)
            #expect(long.code(for: vector.message).hex == vector.sha512)
        }
        var stream = short.stream()
        for byte in vector.message { stream.update([byte]) }
        #expect(stream.code().hex == vector.sha256)
        let code = short.code(for: vector.message).bytes
        #expect(short.isValid(code, for: vector.message))
        #expect(!short.isValid(Array(code.dropLast()), for: vector.message))
        #expect(!short.isValid([], for: vector.message))
        #expect(!short.isValid(code, for: vector.message + [0]))
    }

    @Test("HMAC is not valid with any bit of the code flipped")
    func hmacBits() {
        let key = HMACSHA256(key: [1, 2, 3])
        let code = key.code(for: "message").bytes
        for bit in 0..<256 {
            var altered = code
            altered[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(!key.isValid(altered, for: Array("message".utf8)))
        }
    }

    struct DerivationCase: Sendable {
        let key, salt, info, output: String
    }

    static let rfc5869 = [
        DerivationCase(
            key: "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", salt: "000102030405060708090a0b0c",
            info: "f0f1f2f3f4f5f6f7f8f9",
            output: "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"),
        DerivationCase(
            key: Hex.encode(Array(0x00...0x4F)), salt: Hex.encode(Array(0x60...0xAF)),
            info: Hex.encode(Array(0xB0...0xFF)),
            output: "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09"
                + "da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87"),
        DerivationCase(
            key: "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", salt: "", info: "",
            output: "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"),
    ]

    @Test("HKDF gives the keys of RFC 5869 appendix A", arguments: rfc5869)
    func hkdf(vector: DerivationCase) throws {
        let output = try hex(vector.output)
        let derived = try HKDF.deriveSHA256(
            from: SymmetricKey(hex(vector.key)), salt: hex(vector.salt), info: hex(vector.info), byteCount: output.count
        )
        #expect(derived == SymmetricKey(output))
    }

    @Test("HKDF gives between 1 and 8160 bytes")
    func hkdfLimits() throws {
        let key = SymmetricKey([1])
        #expect(try HKDF.deriveSHA256(from: key, info: [], byteCount: 8160).byteCount == 8160)
        for count in [-1, 0, 8161] {
            #expect(throws: CryptographyError.sizeOutOfRange(maxBytes: 8160)) {
                try HKDF.deriveSHA256(from: key, info: [], byteCount: count)
            }
        }
    }

    @Test("Comparison is of bytes and whole lengths, for strings too")
    func comparison() {
        #expect(constantTimeEquals([1, 2], [1, 2]))
        #expect(constantTimeEquals([UInt8](), []))
        #expect(!constantTimeEquals([1, 2], [1, 3]))
        #expect(!constantTimeEquals([1, 2], [1]))
        // Equal for Swift, for which they are canonically equivalent.
        #expect(!constantTimeEquals("\u{E9}", "e\u{301}"))
        #expect(constantTimeEquals("\u{E9}", "\u{E9}"))
    }

    @Test("No description of a key shows its bytes")
    func keyDescription() {
        let key = SymmetricKey(utf8: "canary-canary-canary")
        var dumped = ""
        dump(["key": key], to: &dumped)
        for text in ["\(key)", String(reflecting: key), String(describing: [key]), dumped] {
            #expect(text.contains("•••"))
            #expect(!text.contains("canary"))
            #expect(!text.contains("99"))
        }
        #expect(key == SymmetricKey(Array("canary-canary-canary".utf8)))
        #expect(key != SymmetricKey(utf8: "canary-canary-canarz"))
        #expect(SymmetricKey([]).byteCount == 0)
    }
}
