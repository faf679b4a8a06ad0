// Addresses of sockets: IPv4 or IPv6 and a port, parsed strictly from bytes, printed, and converted for the kernel.
// It opens nothing and resolves no name.

import CLinux
import Glibc
import Primitives

/// An IPv4 or IPv6 address and a port.
public struct SocketAddress: Sendable, Hashable, CustomStringConvertible {
    private enum Family: Sendable, Hashable { case v4, v6 }

    private let family: Family
    /// The address in network order: 4 bytes at the end for IPv4, 16 for IPv6.
    let high: UInt64
    private(set) var low: UInt64
    private var scope: UInt32
    /// The port.
    public private(set) var port: UInt16

    /// The address `text`: `127.0.0.1:8080` or `[::1]:8080`, literals only.
    public init(_ text: String) throws(ServerError) {
        guard let parsed = SocketAddress(parsing: Array(text.utf8)) else { throw .addressInvalid(text) }
        self = parsed
    }

    /// The address `host` without a port, IPv6 with or without brackets; nil where it is malformed.
    ///
    /// An IPv4 address in IPv6 form (RFC 4291 section 2.5.5.2) is the IPv4 address.
    public init?(host: some StringProtocol) {
        let isBare = host.contains(":") && host.first != "["
        guard let parsed = SocketAddress(parsing: Array((isBare ? "[\(host)]:0" : "\(host):0").utf8)) else {
            return nil
        }
        guard parsed.isIPv6, parsed.high == 0, parsed.low >> 32 == 0xFFFF else {
            self = parsed
            return
        }
        self.init(v4: in_addr(s_addr: UInt32(truncatingIfNeeded: parsed.low).bigEndian), port: 0)
    }

    private init?(parsing bytes: [UInt8]) {
        guard bytes.count <= 64, let colon = bytes.lastIndex(of: 58) else { return nil }
        let digits = bytes[(colon + 1)...]
        guard !digits.isEmpty, digits.count <= 5, digits.count == 1 || digits.first != 48 else { return nil }
        var port = 0
        for digit in digits {
            guard ASCII.isDigit(digit) else { return nil }
            port = port * 10 + Int(digit - 48)
        }
        guard let port = UInt16(exactly: port) else { return nil }
        let host = bytes[..<colon]
        if host.first == 91 {
            guard host.last == 93, host.count > 2 else { return nil }
            var address = in6_addr()
            guard unsafe Self.convert(host.dropFirst().dropLast(), AF_INET6, &address) else { return nil }
            self.init(v6: address, scope: 0, port: port)
        } else {
            var address = in_addr()
            guard unsafe Self.convert(host, AF_INET, &address) else { return nil }
            self.init(v4: address, port: port)
        }
    }

    private static func convert(_ text: ArraySlice<UInt8>, _ family: Int32, _ into: UnsafeMutableRawPointer) -> Bool {
        var terminated = text.map { CChar(bitPattern: $0) }
        if terminated.contains(0) { return false }
        terminated.append(0)
        return unsafe inet_pton(family, terminated, into) == 1
    }

    private init(v4 address: in_addr, port: UInt16) {
        family = .v4
        high = 0
        low = UInt64(UInt32(bigEndian: address.s_addr))
        scope = 0
        self.port = port
    }

    private init(v6 address: in6_addr, scope: UInt32, port: UInt16) {
        family = .v6
        (high, low) = unsafe withUnsafeBytes(of: address) { bytes in
            unsafe (
                UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 0, as: UInt64.self)),
                UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
            )
        }
        self.scope = scope
        self.port = port
    }

    /// The address the kernel wrote to `storage`; nil for other families.
    init?(_ storage: sockaddr_storage) {
        let family = Int32(storage.ss_family)
        let address: SocketAddress? = unsafe withUnsafeBytes(of: storage) { bytes in
            switch family {
            case AF_INET:
                let v4 = unsafe bytes.loadUnaligned(as: sockaddr_in.self)
                return SocketAddress(v4: v4.sin_addr, port: UInt16(bigEndian: v4.sin_port))
            case AF_INET6:
                let v6 = unsafe bytes.loadUnaligned(as: sockaddr_in6.self)
                return SocketAddress(v6: v6.sin6_addr, scope: v6.sin6_scope_id, port: UInt16(bigEndian: v6.sin6_port))
            default:
                return nil
            }
        }
        guard let address else { return nil }
        self = address
    }

    /// The address for the kernel, and its length.
    var storage: (sockaddr_storage, socklen_t) {
        var storage = sockaddr_storage()
        let length: Int = unsafe withUnsafeMutableBytes(of: &storage) { bytes in
            switch family {
            case .v4:
                var v4 = sockaddr_in()
                v4.sin_family = sa_family_t(AF_INET)
                v4.sin_port = port.bigEndian
                v4.sin_addr.s_addr = UInt32(truncatingIfNeeded: low).bigEndian
                unsafe bytes.storeBytes(of: v4, as: sockaddr_in.self)
                return MemoryLayout<sockaddr_in>.size
            case .v6:
                var v6 = sockaddr_in6()
                v6.sin6_family = sa_family_t(AF_INET6)
                v6.sin6_port = port.bigEndian
                v6.sin6_scope_id = scope
                unsafe withUnsafeMutableBytes(of: &v6.sin6_addr) { address in
                    unsafe address.storeBytes(of: high.bigEndian, toByteOffset: 0, as: UInt64.self)
                    unsafe address.storeBytes(of: low.bigEndian, toByteOffset: 8, as: UInt64.self)
                }
                unsafe bytes.storeBytes(of: v6, as: sockaddr_in6.self)
                return MemoryLayout<sockaddr_in6>.size
            }
        }
        return (storage, socklen_t(length))
    }

    var isIPv6: Bool { family == .v6 }

    /// The address without its port, IPv6 without brackets.
    public var host: String {
        var text = [CChar](repeating: 0, count: 64)
        let ok: Bool
        switch family {
        case .v4:
            var address = in_addr(s_addr: UInt32(truncatingIfNeeded: low).bigEndian)
            ok = unsafe inet_ntop(AF_INET, &address, &text, socklen_t(text.count)) != nil
        case .v6:
            var words = (high.bigEndian, low.bigEndian)
            ok = unsafe inet_ntop(AF_INET6, &words, &text, socklen_t(text.count)) != nil
        }
        guard ok else { return "" }
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// The part of the address that stands for one client, with port 0: all of IPv4, the first 64 bits of IPv6.
    var client: SocketAddress {
        var client = self
        client.port = 0
        client.scope = 0
        if isIPv6 { client.low = 0 }
        return client
    }

    /// The text of the part of the address that stands for one client, such as `203.0.113.7` or `2001:db8:1:2::/64`.
    public var clientName: String { isIPv6 ? "\(client.host)/64" : host }

    /// `address:port`, IPv6 in brackets.
    public var description: String { isIPv6 ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
