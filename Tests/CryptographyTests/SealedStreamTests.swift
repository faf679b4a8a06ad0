// A stream sealed to a public key: what opens it, and that no change of it goes unseen.

import Cryptography
import Testing

@Suite("Sealed streams", .timeLimit(.minutes(1)))
struct SealedStreamTests {
    /// Made by `openssl genpkey -algorithm X25519`, for tests alone.
    static let identityPEM =
        "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VuBCIEILBdWkrwlMz584HueEXUzrUW1T8HuXl30SHskN4SPR52\n-----END PRIVATE KEY-----\n"
    static let recipientPEM =
        "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VuAyEABBxMwSVMlOnIg+7Ey894OXHlPqyJA7n66+GdEhSNmj8=\n-----END PUBLIC KEY-----\n"

    private static let chunks: [[UInt8]] = [
        [UInt8](repeating: 7, count: SealedStream.chunkBytes), [UInt8](repeating: 8, count: SealedStream.chunkBytes),
        Array("the end".utf8),
    ]

    private func sealed(to recipient: SealingRecipient) throws -> (heading: [UInt8], chunks: [[UInt8]]) {
        var sealer = try StreamSealer(to: recipient)
        var sealed: [[UInt8]] = []
        for (index, chunk) in Self.chunks.enumerated() {
            sealed.append(try sealer.seal(chunk.span, isLast: index == Self.chunks.count - 1))
        }
        return (sealer.heading, sealed)
    }

    private func opened(
        _ heading: [UInt8], _ chunks: [[UInt8]], _ identity: SealingIdentity
    ) throws(CryptographyError) -> [[UInt8]] {
        var opener = try StreamOpener(heading: heading, identity: identity)
        var opened: [[UInt8]] = []
        for (index, chunk) in chunks.enumerated() {
            opened.append(try opener.open(chunk, isLast: index == chunks.count - 1))
        }
        return opened
    }

    @Test("The private key opens what was sealed to its public half, with RSA and with X25519")
    func thePrivateKeyOpensWhatWasSealed() throws {
        let rsa = try RSAPrivateKey.generate()
        let keys = [(Self.recipientPEM, Self.identityPEM), (try rsa.publicKey.pem(), try rsa.pem())]
        for (recipient, identity) in keys {
            let (heading, chunks) = try sealed(to: SealingRecipient(pem: recipient))
            #expect(heading.count <= SealedStream.headingBytesMax)
            #expect(chunks[0].count == SealedStream.sealedChunkBytes)
            #expect(try opened(heading, chunks, SealingIdentity(pem: identity)) == Self.chunks)
        }
    }

    @Test("Chunks that are changed, moved, repeated or missing, and a changed heading, do not open")
    func whatIsChangedDoesNotOpen() throws {
        let identity = try SealingIdentity(pem: Self.identityPEM)
        let (heading, chunks) = try sealed(to: SealingRecipient(pem: Self.recipientPEM))
        var flipped = chunks
        flipped[1][100] ^= 1
        var shortened = chunks
        shortened[2].removeLast()
        let cases = [
            flipped, shortened, [chunks[1], chunks[0], chunks[2]], [chunks[0], chunks[0], chunks[1], chunks[2]],
            [chunks[0], chunks[2]], Array(chunks[..<2]), [chunks[0]], chunks + [chunks[2]],
        ]
        for changed in cases {
            #expect(throws: CryptographyError.authenticationFailed) { try opened(heading, changed, identity) }
        }
        for index in heading.indices {
            var changed = heading
            changed[index] ^= 1
            #expect(throws: CryptographyError.self, "byte \(index)") { try opened(changed, chunks, identity) }
        }
    }

    @Test("Another key of either kind does not open a stream, and keys of other kinds are refused")
    func anotherKeyDoesNotOpenIt() throws {
        let rsa = try RSAPrivateKey.generate()
        let (heading, chunks) = try sealed(to: SealingRecipient(pem: Self.recipientPEM))
        let (rsaHeading, _) = try sealed(to: SealingRecipient(pem: rsa.publicKey.pem()))
        let other = try SealingIdentity(pem: RSAPrivateKey.generate().pem())
        #expect(throws: CryptographyError.authenticationFailed) { try opened(heading, chunks, other) }
        #expect(throws: CryptographyError.authenticationFailed) { try opened(rsaHeading, chunks, other) }
        #expect(throws: CryptographyError.authenticationFailed) {
            try opened(rsaHeading, chunks, SealingIdentity(pem: Self.identityPEM))
        }
        #expect(throws: CryptographyError.self) { try SealingRecipient(pem: Self.identityPEM) }
        #expect(throws: CryptographyError.self) { try SealingIdentity(pem: Self.recipientPEM) }
        let ed25519 = """
            -----BEGIN PUBLIC KEY-----
            MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=
            -----END PUBLIC KEY-----
            """
        #expect(throws: CryptographyError.keyInvalid(.wrongType(expected: "RSA or X25519"))) {
            try SealingRecipient(pem: ed25519)
        }
    }
}
