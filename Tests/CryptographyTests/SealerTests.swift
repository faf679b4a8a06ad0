// Sealed text: what opens, what does not, and that a failure never says more than it should.

import Testing

@testable import Cryptography

@Suite("Sealed text")
struct SealerTests {
    let context = SealingContext(userID: "alice", connectionID: "conn-1", field: "refreshToken")

    @Test("opens for what it was sealed for, and has the documented form")
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

    @Test("does not open anywhere else: no cell of the matrix but the diagonal")
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
}
