// Text encodings of bytes: one text for one byte sequence, and nothing else is read.

import Testing

@testable import Cryptography

@Suite("Text encodings", .timeLimit(.minutes(2)))
struct CodecTests {
    @Test(
        "base64 has the texts of RFC 4648 section 10, both ways",
        arguments: [
            ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ])
    func base64Vectors(plain: String, encoded: String) throws {
        let bytes = Array(plain.utf8)
        let unpadded = encoded.filter { $0 != "=" }
        #expect(Base64.encode(bytes) == encoded)
        #expect(try Base64.decode(encoded) == bytes)
        #expect(Base64URL.encode(bytes) == unpadded)
        #expect(try Base64URL.decode(unpadded) == bytes)
    }

    @Test("Every length up to 100 survives both encodings")
    func roundTrips() throws {
        for count in 0...100 {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ count) }
            #expect(try Base64URL.decode(Base64URL.encode(bytes)) == bytes)
            #expect(try Base64.decode(Base64.encode(bytes)) == bytes)
        }
    }

    @Test("The two alphabets differ in their last two digits and accept only their own")
    func alphabets() throws {
        #expect(Base64.encode([0xFB, 0xFF, 0xBF]) == "+/+/")
        #expect(Base64URL.encode([0xFB, 0xFF, 0xBF]) == "-_-_")
        #expect(throws: CryptographyError.encodingInvalid(.base64)) { try Base64.decode("-_-_") }
        #expect(throws: CryptographyError.encodingInvalid(.base64URL)) { try Base64URL.decode("+/+/") }
    }

    @Test(
        "base64url refuses padding, white space, foreign bytes, impossible lengths and set trailing bits",
        arguments: [
            "Zg==", "Zg=", "=", "Z", "Zm9vZ", " Zm9v", "Zm9v ", "Zm\n9v", "Zm9v\u{0}", "Zm.v", "Zh", "Zm9", "Zm8=",
            "Zm9vYj",
            "Zmé", "ＺＧ",
        ])
    func base64URLRefusals(text: String) {
        #expect(throws: CryptographyError.encodingInvalid(.base64URL)) { try Base64URL.decode(text) }
    }

    @Test(
        "base64 refuses missing or misplaced padding, white space and set trailing bits",
        arguments: [
            "Zg", "Zg=", "Zm8", "Zm9vZg", "====", "=Zg=", "Z===", "Zg==Zg==", "Zh==", "Zm9=", " Zg=", "Zg=\n", "Zg==\n",
        ])
    func base64Refusals(text: String) {
        #expect(throws: CryptographyError.encodingInvalid(.base64)) { try Base64.decode(text) }
    }
}

@Suite("Random values", .timeLimit(.minutes(2)))
struct SecureRandomTests {
    @Test("Random bytes have the requested length and do not repeat")
    func lengths() throws {
        #expect(try SecureRandom.bytes(0).isEmpty)
        #expect(try SecureRandom.bytes(1000).count == 1000)
        var seen: Set<String> = []
        for _ in 0..<2000 {
            let text = try SecureRandom.base62(22)
            #expect(text.utf8.count == 22)
            #expect(seen.insert(text).inserted)
        }
        #expect(try SecureRandom.hex(byteCount: 16).utf8.count == 32)
        #expect(try SecureRandom.base64URL(byteCount: 32).utf8.count == 43)
        #expect(try SecureRandom.base62(0).isEmpty)
    }

    @Test("Random texts use each of 62 characters about equally often")
    func base62IsUnbiased() throws {
        var counts: [UInt8: Int] = [:]
        for byte in try SecureRandom.base62(124_000).utf8 { counts[byte, default: 0] += 1 }
        #expect(counts.count == 62)
        // 2000 expected with a standard deviation of 45; with the bias of a plain remainder eight of them have 2420.
        for count in counts.values { #expect((1700...2300).contains(count)) }
    }

    @Test("Random bytes are refused for sizes out of range")
    func limits() {
        let tooLarge = CryptographyError.sizeOutOfRange(maxBytes: CryptographyLimits.randomBytesMax)
        #expect(throws: tooLarge) { try SecureRandom.bytes(-1) }
        #expect(throws: tooLarge) { try SecureRandom.bytes(CryptographyLimits.randomBytesMax + 1) }
        #expect(throws: CryptographyError.self) { try SecureRandom.base62(-1) }
    }
}
