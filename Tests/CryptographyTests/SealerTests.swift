// Sealed text: what opens, what does not, and that a failure never says more than it should.

import Testing

@testable import Cryptography

@Suite("Sealed text", .timeLimit(.minutes(2)))
struct SealerTests {
    let context = SealingContext(userID: "alice", connectionID: "conn-1", field: "refreshToken")

    @Test("A sealed text opens for its purpose and has the documented form")
    func roundTrip() throws {
        let sealer = try Sealer(.generate())
        let text = try sealer.seal("a secret", for: context)
        #expect(try sealer.open(text, for: context) == Array("a secret".utf8))
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        #expect(parts.count == 5)
        #expect(parts[0] == "v1")
        #expect(parts[1] == sealer.primaryID)
        #expect(parts[2].utf8.count == 16)
        #expect(parts[4].utf8.count == 22)
        #expect(try sealer.seal("a secret", for: context) != text)
    }

    @Test("A sealed text opens in its own place only")
    func swapMatrix() throws {
        let sealer = try Sealer(.generate())
        let contexts = ["alice", "alic", "bob", "alice|6:conn-1"].flatMap { user in
            ["conn-1", "conn-2", "econn-1"].flatMap { connection in
                ["accessToken", "refreshToken"].map {
                    SealingContext(userID: user, connectionID: connection, field: $0)
                }
            }
        }
        let texts = try contexts.map { try sealer.seal("secret", for: $0) }
        for (index, text) in texts.enumerated() {
            for (other, context) in contexts.enumerated() {
                if index == other {
                    #expect(throws: Never.self) { try sealer.open(text, for: context) }
                } else {
                    #expect(throws: CryptographyError.authenticationFailed) { try sealer.open(text, for: context) }
                }
            }
        }
    }

    @Test("Does not open with any character changed, and says nothing of the secret")
    func everyCharacter() throws {
        let sealer = try Sealer(.generate())
        let text = Array(try sealer.seal("canary", for: context).utf8)
        for index in text.indices {
            for replacement in [UInt8(ascii: "A"), UInt8(ascii: "b"), UInt8(ascii: ":"), UInt8(ascii: "="), 0, 0xFF]
            where replacement != text[index] {
                var altered = text
                altered[index] = replacement
                do {
                    _ = try sealer.open(altered.span, for: context)
                    Issue.record("opened with byte \(index) changed")
                } catch {
                    #expect(!error.description.contains("canary"))
                }
            }
        }
    }

    @Test(
        "An encrypted token needs five parts in their exact encodings",
        arguments: [
            "", ":", "v1", "v1:", "v1::::", "v2:$K:$N:$C:$T", "V1:$K:$N:$C:$T", "v1:$K:$N:$C", "v1:$K:$N:$C:$T:",
            "v1:$K:$N:$C:$T=", " v1:$K:$N:$C:$T", "v1:$K:$N:$C:$T\n", "v1:UPPER:$N:$C:$T",
            "v1:toolongtoolongtoo:$N:$C:$T",
            "v1:$K:$N:$C:", "v1:$K::$C:$T", "v1:$K:$N:$C:AAAA", "v1:$K:AAAA:$C:$T",
        ])
    func malformed(template: String) throws {
        let sealer = try Sealer(.generate())
        let parts = try sealer.seal("secret", for: context).split(separator: ":")
        var text = template
        for (mark, part) in zip(["$K", "$N", "$C", "$T"], parts.dropFirst()) {
            text.replace(mark, with: part)
        }
        #expect(throws: CryptographyError.sealedTextMalformed) { try sealer.open(text, for: context) }
    }

    @Test("After a rotation a sealed text opens and is due for sealing again; a missing key is named")
    func rotation() throws {
        let ring = try KeyRing.generate()
        let old = try Sealer(ring).seal("secret", for: context)
        let rotatedRing = try ring.rotated()
        let rotated = try Sealer(rotatedRing)
        #expect(try rotated.open(old, for: context) == Array("secret".utf8))
        #expect(try rotated.needsResealing(old))
        let new = try rotated.seal("secret", for: context)
        #expect(try !rotated.needsResealing(new))
        #expect(throws: CryptographyError.keyUnknown(id: rotatedRing.primaryID)) {
            try Sealer(ring).open(new, for: context)
        }
        #expect(CryptographyError.keyUnknown(id: "abc").description.contains("'abc'"))
    }

    @Test("A text sealed for one purpose does not open for another")
    func purposes() throws {
        let ring = try KeyRing.generate()
        let text = try Sealer(ring, purpose: KeyPurpose("one")).seal("secret", for: context)
        #expect(throws: CryptographyError.authenticationFailed) {
            try Sealer(ring, purpose: KeyPurpose("two")).open(text, for: context)
        }
    }

    @Test("Any bytes can be sealed, from none to the limit")
    func sizes() throws {
        let sealer = try Sealer(.generate())
        for bytes in [
            [], [0], Array(0...255), [UInt8](repeating: 7, count: CryptographyLimits.sealedPlaintextBytesMax),
        ] {
            #expect(try sealer.open(sealer.seal(bytes, for: context), for: context) == bytes)
        }
        let tooLong = [UInt8](repeating: 7, count: CryptographyLimits.sealedPlaintextBytesMax + 1)
        #expect(throws: CryptographyError.sizeOutOfRange(maxBytes: CryptographyLimits.sealedPlaintextBytesMax)) {
            try sealer.seal(tooLong, for: context)
        }
    }
}
