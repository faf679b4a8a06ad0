// IP addresses as numbers, from text or from the socket address that is about to be connected to. What is special about an
// address is AddressPolicy.swift's.

import Glibc

/// An IPv4 or IPv6 address.
public enum IPAddress: Sendable, Hashable {
    /// An IPv4 address, its first byte the most significant.
    case v4(UInt32)
    /// An IPv6 address in two halves, its first byte the most significant of `high`.
    case v6(high: UInt64, low: UInt64)

    /// Reads dotted decimal or IPv6 text (RFC 4291 section 2.2), strictly: no octal, no fewer parts, no zone.
    public init?(_ text: String) {
        guard text.utf8.count <= 45, !text.utf8.contains(0) else { return nil }
        var v4 = in_addr()
        if unsafe inet_pton(AF_INET, text, &v4) == 1 {
            self = .v4(UInt32(bigEndian: v4.s_addr))
            return
        }
        var v6 = in6_addr()
        guard unsafe inet_pton(AF_INET6, text, &v6) == 1 else { return nil }
        self = unsafe withUnsafeBytes(of: &v6) { unsafe IPAddress(v6Bytes: $0) }
    }

    /// The address of a socket address; nil for a family that is neither.
    init?(family: Int32, socketAddress: UnsafeRawPointer, byteCount: Int) {
        switch family {
        case AF_INET where byteCount >= MemoryLayout<sockaddr_in>.size:
            let address = unsafe socketAddress.loadUnaligned(as: sockaddr_in.self)
            self = .v4(UInt32(bigEndian: address.sin_addr.s_addr))
        case AF_INET6 where byteCount >= MemoryLayout<sockaddr_in6>.size:
            var address = unsafe socketAddress.loadUnaligned(as: sockaddr_in6.self).sin6_addr
            self = unsafe withUnsafeBytes(of: &address) { unsafe IPAddress(v6Bytes: $0) }
        default:
            return nil
        }
    }

    private init(v6Bytes bytes: UnsafeRawBufferPointer) {
        let high = unsafe UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self))
        let low = unsafe UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
        self = .v6(high: high, low: low)
    }

    /// The IPv4 address of an IPv4-mapped IPv6 address (::ffff:0:0/96), else the address itself.
    public var unmapped: IPAddress {
        if case .v6(0, let low) = self, low >> 32 == 0xFFFF { return .v4(UInt32(truncatingIfNeeded: low)) }
        return self
    }
}
