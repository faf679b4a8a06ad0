// The checksum of frames against published values.

import StoreFiles
import Testing

@Suite("Checksums", .timeLimit(.minutes(2)))
struct ChecksumTests {
    // RFC 3720, appendix B.4.
    @Test(
        "CRC-32C gives the published checksums, by instruction and by table",
        arguments: [
            ([UInt8](repeating: 0, count: 32), 0x8a91_36aa), ([UInt8](repeating: 0xff, count: 32), 0x62a8_ab43),
            ([UInt8](0..<32), 0x46dd_794e), ([UInt8]((0..<32).reversed()), 0x113f_db5c),
            (Array("123456789".utf8), 0xe306_9283), ([], 0),
        ] as [([UInt8], UInt32)])
    func crc32c(input: [UInt8], expected: UInt32) {
        let byInstruction = CRC32C.checksum(of: input.span)
        let byTable = CRC32C.byTable(0, input.span)
        #expect(byInstruction == expected && byTable == expected)
    }
}
