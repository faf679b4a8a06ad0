// Public keys: which are taken and which are refused before they verify anything.

import Primitives
import Testing

@testable import Cryptography

@Suite("Public keys", .timeLimit(.minutes(2)))
struct KeyTests {
    static let rsa1024 = """
        -----BEGIN PUBLIC KEY-----
        MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQC84+nKZx6BwLaI9Gmy8J1894Ly
        C07OGzoO6wDKFSPw+etZFui0e1Xr8cBf2akhdocJdbbsTHO9j0NZRBhekOSYRinA
        5lc0d9kfVglVHgyQDqx9z73sw8OJ4mBg3F15ILD0e1MsdMaLy8JbJ1BWCV1ntC+w
        SugSaNsbmg/+GTI+TQIDAQAB
        -----END PUBLIC KEY-----
        """
    static let p384 = """
        -----BEGIN PUBLIC KEY-----
        MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEHVZeznwW9naqtV3K5kRLc7ZDQhGOOipM
        i48DOxPeqZ1zfnJShqp6ac4WtN/iTYm+MDdZqMy15WIQ18zER3v9JmRC6QZ+O9Ff
        xcLEbQgGUp+M7Qc0gNHLSZMo9vIjruBC
        -----END PUBLIC KEY-----
        """

    @Test("An RSA key below 2048 bits, or of another kind, is refused")
    func weakRSA() throws {
        #expect(throws: CryptographyError.keyInvalid(.rsaModulusBits(1024))) { try RSAPublicKey(pem: Self.rsa1024) }
        #expect(throws: CryptographyError.keyInvalid(.wrongType(expected: "RSA"))) { try RSAPublicKey(pem: Self.p384) }
        #expect(throws: CryptographyError.keyInvalid(.wrongType(expected: "EC P-256"))) {
            try P256PublicKey(pem: Self.p384)
        }
        #expect(throws: CryptographyError.keyInvalid(.wrongType(expected: "EC P-256"))) {
            try P256PublicKey(pem: Self.rsa1024)
        }
        #expect(throws: CryptographyError.keyInvalid(.rsaModulusBits(1024))) { try RSAPrivateKey.generate(bits: 1024) }
    }

    @Test("An RSA exponent that is even, 1 or huge, and a modulus that is even or huge, are refused")
    func rsaNumbers() throws {
        let odd = [0x80] + [UInt8](repeating: 0x11, count: 254) + [0x13]
        #expect(try RSAPublicKey(modulus: odd, exponent: [3]).modulusBits == 2048)
        for exponent: [UInt8] in [[], [0], [1], [2], [0, 1], [1, 0, 0], [UInt8](repeating: 1, count: 9)] {
            #expect(throws: CryptographyError.self) { try RSAPublicKey(modulus: odd, exponent: exponent) }
        }
        let even = Array(odd.dropLast()) + [0x12]
        let moduli: [[UInt8]] = [[], [1], Array(odd.dropLast()), even, Array(repeating: 1, count: 1200)]
        for modulus in moduli {
            #expect(throws: CryptographyError.self) { try RSAPublicKey(modulus: modulus, exponent: [1, 0, 1]) }
        }
    }

    @Test("Text that is not exactly one PEM block of the right label is refused without asking for a pass phrase")
    func pem() throws {
        let key = try RSAPrivateKey.generate()
        let publicPEM = try key.publicKey.pem()
        let expected = CryptographyError.keyInvalid(.notPEM(expectedLabel: "PUBLIC KEY"))
        #expect(try RSAPublicKey(pem: publicPEM.replacing("\n", with: "\r\n")).modulusBits == 2048)
        #expect(try RSAPublicKey(pem: "  \n" + publicPEM + "\n\n").modulusBits == 2048)
        for text in [
            "", "x", try key.pem(), publicPEM + publicPEM, String(publicPEM.dropFirst(3)),
            String(publicPEM.dropLast(20)),
            publicPEM.replacing("\n", with: ""), publicPEM.replacing("PUBLIC", with: "RSA PUBLIC"),
            String(repeating: "A", count: CryptographyLimits.pemBytesMax + 1),
        ] {
            #expect(throws: expected) { try RSAPublicKey(pem: text) }
        }
        #expect(throws: CryptographyError.keyInvalid(.notPEM(expectedLabel: "PRIVATE KEY"))) {
            try RSAPrivateKey(pem: publicPEM)
        }
    }

    @Test("A P-256 key is a point of the curve in two coordinates of 32 bytes")
    func points() throws {
        let x = try Base64URL.decode("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU")
        let y = try Base64URL.decode("x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0")
        #expect(throws: Never.self) { try P256PublicKey(x: x, y: y) }
        var off = y
        off[31] ^= 1
        let zero = [UInt8](repeating: 0, count: 32)
        for (x, y) in [(x, off), (x, Array(y.dropLast())), ([0] + x, y), (y, x), (zero, zero)] {
            #expect(throws: CryptographyError.keyInvalid(.pointInvalid)) { try P256PublicKey(x: x, y: y) }
        }
    }

    struct SignatureCase: Sendable {
        let seed, publicKey, message, signature: String
    }

    static let rfc8032 = [
        SignatureCase(
            seed: "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
            publicKey: "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", message: "",
            signature: "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555"
                + "fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"),
        SignatureCase(
            seed: "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
            publicKey: "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", message: "72",
            signature: "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
                + "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"),
        SignatureCase(
            seed: "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
            publicKey: "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", message: "af82",
            signature: "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
                + "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"),
    ]

    @Test("Ed25519 gives and verifies the signatures of RFC 8032 section 7.1", arguments: rfc8032)
    func ed25519(vector: SignatureCase) throws {
        let privateKey = try Ed25519PrivateKey(seed: SymmetricKey(hex(vector.seed)))
        let message = try hex(vector.message)
        let signature = try hex(vector.signature)
        #expect(Hex.encode(privateKey.publicKeyBytes) == vector.publicKey)
        #expect(try privateKey.signature(for: message) == signature)
        let publicKey = try Ed25519PublicKey(rawBytes: hex(vector.publicKey))
        #expect(publicKey.isValidSignature(signature, for: message))
        #expect(!publicKey.isValidSignature(signature, for: message + [0]))
        for count in [0, 32, 63] { #expect(!publicKey.isValidSignature(Array(signature[..<count]), for: message)) }
        #expect(!publicKey.isValidSignature(signature + [0], for: message))
        for bit in stride(from: 0, to: 512, by: 7) {
            var altered = signature
            altered[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(!publicKey.isValidSignature(altered, for: message))
        }
    }

    @Test("Ed25519 keys have 32 bytes")
    func ed25519Sizes() {
        for count in [0, 31, 33, 64] {
            let bytes = [UInt8](repeating: 1, count: count)
            #expect(throws: CryptographyError.keySizeInvalid(expectedBytes: 32, actualBytes: count)) {
                try Ed25519PublicKey(rawBytes: bytes)
            }
            #expect(throws: CryptographyError.keySizeInvalid(expectedBytes: 32, actualBytes: count)) {
                try Ed25519PrivateKey(seed: SymmetricKey(bytes))
            }
        }
    }
}
