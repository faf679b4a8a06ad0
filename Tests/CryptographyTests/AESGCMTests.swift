// AES-256-GCM and AES-256-CBC with HMAC-SHA-512 against published vectors, and every way in which a box can be wrong.

import Primitives
import Testing

@testable import Cryptography

@Suite("Authenticated encryption", .timeLimit(.minutes(2)))
struct AESGCMTests {
    struct Vector: Sendable {
        let key, nonce, plaintext, associatedData, ciphertext, tag: String
    }

    /// Test cases 13, 14 and 16 of the GCM specification (McGrew and Viega).
    static let vectors = [
        Vector(
            key: String(repeating: "00", count: 32), nonce: String(repeating: "00", count: 12), plaintext: "",
            associatedData: "", ciphertext: "", tag: "530f8afbc74536b9a963b4f1c4cb738b"),
        Vector(
            key: String(repeating: "00", count: 32), nonce: String(repeating: "00", count: 12),
            plaintext: String(repeating: "00", count: 16), associatedData: "",
            ciphertext: "cea7403d4d606b6e074ec5d3baf39d18", tag: "d0d1c8a799996bf0265b98b5d48ab919"),
        Vector(
            key: "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
            nonce: "cafebabefacedbaddecaf888",
            plaintext: "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
                + "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
            associatedData: "feedfacedeadbeeffeedfacedeadbeefabaddad2",
            ciphertext: "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
                + "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662",
            tag: "76fc6ece0f4e1768cddf8853bb2d551b"),
    ]

    @Test("AES-GCM gives the ciphertexts and tags of the specification", arguments: vectors)
    func specification(vector: Vector) throws {
        let cipher = try AES256GCM(key: SymmetricKey(hex(vector.key)))
        let plaintext = try hex(vector.plaintext)
        let associatedData = try hex(vector.associatedData)
        let box = try cipher.seal(plaintext.span, nonce: hex(vector.nonce), authenticating: associatedData.span)
        #expect(Hex.encode(box.ciphertext) == vector.ciphertext)
        #expect(Hex.encode(box.tag) == vector.tag)
        #expect(try cipher.open(box, authenticating: associatedData) == plaintext)
    }

    @Test("Does not open with any bit of nonce, ciphertext, tag or associated data flipped, nor with another key")
    func everyBit() throws {
        let cipher = try AES256GCM(key: .random())
        let box = try cipher.seal([1, 2, 3, 4, 5], authenticating: [6, 7])
        func refuses(_ box: AES256GCM.Box, _ associatedData: [UInt8] = [6, 7]) {
            #expect(throws: CryptographyError.authenticationFailed) {
                try cipher.open(box, authenticating: associatedData)
            }
        }
        for path in [\AES256GCM.Box.nonce, \.ciphertext, \.tag] {
            for bit in 0..<box[keyPath: path].count * 8 {
                var altered = box
                altered[keyPath: path][bit / 8] ^= 1 << UInt8(bit % 8)
                refuses(altered)
            }
        }
        refuses(box, [6, 6])
        refuses(box, [6, 7, 0])
        refuses(box, [])
        let other = try AES256GCM(key: .random())
        #expect(throws: CryptographyError.authenticationFailed) { try other.open(box, authenticating: [6, 7]) }
    }

    @Test("Does not open with a tag or nonce of another length, even one that OpenSSL would take")
    func lengths() throws {
        let cipher = try AES256GCM(key: .random())
        let box = try cipher.seal([1, 2, 3], authenticating: [])
        for count in [0, 1, 4, 8, 12, 13, 14, 15] {
            var short = box
            short.tag = Array(box.tag[..<count])
            #expect(throws: CryptographyError.authenticationFailed) { try cipher.open(short, authenticating: []) }
        }
        var long = box
        long.tag.append(0)
        #expect(throws: CryptographyError.authenticationFailed) { try cipher.open(long, authenticating: []) }
        for nonce in [[], Array(box.nonce.dropLast()), box.nonce + [0]] {
            var altered = box
            altered.nonce = nonce
            #expect(throws: CryptographyError.authenticationFailed) { try cipher.open(altered, authenticating: []) }
        }
    }

    @Test("Takes a key of 32 bytes and no other")
    func keySize() {
        for count in [0, 16, 24, 31, 33, 64] {
            #expect(throws: CryptographyError.keySizeInvalid(expectedBytes: 32, actualBytes: count)) {
                try AES256GCM(key: SymmetricKey(Array(repeating: 1, count: count)))
            }
        }
    }

    @Test("Never uses a nonce twice in 20,000 messages")
    func nonces() throws {
        let cipher = try AES256GCM(key: .random())
        var seen: Set<[UInt8]> = []
        for _ in 0..<20_000 { seen.insert(try cipher.seal([], authenticating: []).nonce) }
        #expect(seen.count == 20_000)
    }

    @Test("A256CBC-HS512 gives the ciphertext and tag of RFC 7518 appendix B.3 and refuses every alteration")
    func compositeCipher() throws {
        let cipher = AES256CBCHS512(key: SymmetricKey(Array(0...63)))
        let plaintext = Array(
            ("A cipher system must not be required to be secret, and it must be able to fall into "
                + "the hands of the enemy without inconvenience").utf8)
        let associatedData = Array("The second principle of Auguste Kerckhoffs".utf8)
        let nonce = try hex("1af38c2dc2b96ffdd86694092341bc04")
        let box = try cipher.seal(plaintext, nonce: nonce, authenticating: associatedData.span)
        #expect(
            Hex.encode(box.ciphertext) == "4affaaadb78c31c5da4b1b590d10ffbd3dd8d5d302423526912da037ecbcc7bd"
                + "822c301dd67c373bccb584ad3e9279c2e6d12a1374b77f077553df829410446b"
                + "36ebd97066296ae6427ea75c2e0846a11a09ccf5370dc80bfecbad28c73f09b3"
                + "a3b75e662a2594410ae496b2e2e6609e31e6e02cc837f053d21f37ff4f51950b"
                + "be2638d09dd7a4930930806d0703b1f6")
        #expect(Hex.encode(box.tag) == "4dd3b4c088a7f45c216839645b2012bf2e6269a8c56a816dbc1b267761955bc5")
        func open(_ box: AES256GCM.Box, _ data: [UInt8]) throws -> [UInt8] {
            try cipher.open(nonce: box.nonce, ciphertext: box.ciphertext, tag: box.tag, authenticating: data.span)
        }
        #expect(try open(box, associatedData) == plaintext)
        for path in [\AES256GCM.Box.nonce, \.ciphertext, \.tag] {
            for index in box[keyPath: path].indices {
                var altered = box
                altered[keyPath: path][index] ^= 0x80
                #expect(throws: CryptographyError.authenticationFailed) { try open(altered, associatedData) }
            }
            var short = box
            short[keyPath: path].removeLast()
            #expect(throws: CryptographyError.authenticationFailed) { try open(short, associatedData) }
            short[keyPath: path] = []
            #expect(throws: CryptographyError.authenticationFailed) { try open(short, associatedData) }
        }
        #expect(throws: CryptographyError.authenticationFailed) { try open(box, associatedData + [0]) }
    }
}
