// The hashes and checksums against published values.

import Testing

@testable import DocumentStore

@Suite struct ChecksumTests {
    // RFC 3720, appendix B.4.
    @Test(
        arguments: [
            ([UInt8](repeating: 0, count: 32), 0x8a91_36aa), ([UInt8](repeating: 0xff, count: 32), 0x62a8_ab43),
            ([UInt8](0..<32), 0x46dd_794e), ([UInt8]((0..<32).reversed()), 0x113f_db5c),
            (bytes("123456789"), 0xe306_9283), ([], 0),
        ] as [([UInt8], UInt32)])
    func crc32cMatchesTheRFC(input: [UInt8], expected: UInt32) {
        let byInstruction = CRC32C.checksum(of: input.span)
        let byTable = CRC32C.byTable(0, input.span)
        #expect(byInstruction == expected && byTable == expected)
    }

    // The reference implementation's vectors: key 00 01 … 0f, input 00 01 … of the given length.
    static let key = SipKey(low: 0x0706_0504_0302_0100, high: 0x0f0e_0d0c_0b0a_0908)

    @Test(
        arguments: [
            (0, 0x726f_db47_dd0e_0e31), (1, 0x74f8_39c5_93dc_67fd), (7, 0xab02_00f5_8b01_d137),
            (8, 0x93f5_f579_9a93_2462), (15, 0xa129_ca61_49be_45e5), (63, 0x958a_324c_eb06_4572),
        ] as [(Int, UInt64)])
    func sipHash64MatchesTheReference(length: Int, expected: UInt64) {
        let input = (0..<length).map { UInt8($0) }
        let hash = SipHash.hash64(input.span, key: Self.key)
        #expect(hash == expected)
    }

    @Test(
        arguments: [
            (0, 0xe6a8_25ba_047f_81a3, 0x9302_55c7_1472_f66d), (1, 0x44af_996b_d8c1_87da, 0x45fc_229b_1159_7634),
            (15, 0x11a8_b033_99e9_9354, 0xd9c3_cf97_0fec_087e),
        ] as [(Int, UInt64, UInt64)])
    func sipHash128MatchesTheReference(length: Int, low: UInt64, high: UInt64) {
        let input = (0..<length).map { UInt8($0) }
        let hash = SipHash.hash128(input.span, key: Self.key)
        #expect(hash.low == low && hash.high == high)
    }

    // FIPS 180-4 example.
    @Test func sha256MatchesTheStandard() {
        #expect(
            String(decoding: SHA256.hash(bytes("abc")).hex, as: UTF8.self)
                == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    }
}
