// Hashes against published values.

import Primitives
import Testing

@Suite("Hashes", .timeLimit(.minutes(2)))
struct HashTests {
    // The reference implementation's vectors: key 00 01 … 0f, input 00 01 … of the given length.
    static let key = SipKey(low: 0x0706_0504_0302_0100, high: 0x0f0e_0d0c_0b0a_0908)

    @Test(
        "SipHash-2-4 gives the reference's 64-bit hashes",
        arguments: [
            (0, 0x726f_db47_dd0e_0e31), (1, 0x74f8_39c5_93dc_67fd), (7, 0xab02_00f5_8b01_d137),
            (8, 0x93f5_f579_9a93_2462), (15, 0xa129_ca61_49be_45e5), (63, 0x958a_324c_eb06_4572),
        ] as [(Int, UInt64)])
    func sipHash64(length: Int, expected: UInt64) {
        let input = (0..<length).map { UInt8($0) }
        let hash = SipHash.hash64(input.span, key: Self.key)
        #expect(hash == expected)
    }

    @Test(
        "SipHash-2-4 gives the reference's 128-bit hashes",
        arguments: [
            (0, 0xe6a8_25ba_047f_81a3, 0x9302_55c7_1472_f66d), (1, 0x44af_996b_d8c1_87da, 0x45fc_229b_1159_7634),
            (15, 0x11a8_b033_99e9_9354, 0xd9c3_cf97_0fec_087e),
        ] as [(Int, UInt64, UInt64)])
    func sipHash128(length: Int, low: UInt64, high: UInt64) {
        let input = (0..<length).map { UInt8($0) }
        let hash = SipHash.hash128(input.span, key: Self.key)
        #expect(hash.low == low && hash.high == high)
    }

    @Test(
        "FNV-1a gives the published hashes",
        arguments: [
            ("", 0xcbf2_9ce4_8422_2325), ("a", 0xaf63_dc4c_8601_ec8c), ("foobar", 0x8594_4171_f739_67e8),
        ] as [(String, UInt64)])
    func fnv1a(text: String, expected: UInt64) {
        #expect(FNV1a.hash(text.utf8) == expected)
    }

    @Test("SplitMix64 gives the published sequence")
    func splitMix() {
        var random = SplitMix64(seed: 1_234_567)
        #expect(
            (0..<3).map { _ in random.next() } == [
                6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423,
            ])
    }
}
