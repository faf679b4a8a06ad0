// CRC-32C for frames: finds torn and flipped bytes, at the speed of memory where the processor has the instruction.

import CLinux

/// CRC-32C (Castagnoli).
package enum CRC32C {
    private static let hasInstruction = cl_has_crc32c() != 0

    // The reflected polynomial 0x1edc6f41, one byte at a time: only for processors without the instruction.
    private static let table: [UInt32] = (0..<256).map { index in
        (0..<8).reduce(UInt32(index)) { value, _ in value & 1 == 1 ? value >> 1 ^ 0x82f6_3b78 : value >> 1 }
    }

    /// The checksum of `bytes` (RFC 3720, appendix B.4).
    package static func checksum(of bytes: Span<UInt8>) -> UInt32 {
        extend(0, by: bytes)
    }

    /// The checksum of what had `sum` followed by `bytes`.
    package static func extend(_ sum: UInt32, by bytes: Span<UInt8>) -> UInt32 {
        hasInstruction ? byInstruction(sum, bytes) : byTable(sum, bytes)
    }

    private static func byInstruction(_ sum: UInt32, _ bytes: Span<UInt8>) -> UInt32 {
        ~(unsafe bytes.withUnsafeBufferPointer { unsafe cl_crc32c(~sum, $0.baseAddress, $0.count) })
    }

    /// As ``extend(_:by:)``, without the instruction.
    package static func byTable(_ sum: UInt32, _ bytes: Span<UInt8>) -> UInt32 {
        var sum = ~sum
        for index in bytes.indices { sum = sum >> 8 ^ table[Int(UInt8(truncatingIfNeeded: sum) ^ bytes[index])] }
        return ~sum
    }
}
