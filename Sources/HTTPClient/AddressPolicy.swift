// Which addresses outgoing connections may be made to. Decided on the address that is about to be connected to: a name may stand
// for another address a moment later. Names of local networks are refused before they are looked up.

/// Which addresses may be connected to.
public enum AddressPolicy: Sendable {
    /// Only addresses of the public Internet: everything in IANA's special-purpose registries is refused.
    case publicOnly
    /// Any address, loopback included; for tests and for services in one's own network.
    case any

    /// Whether a connection to `address` is allowed.
    ///
    /// An IPv4-mapped IPv6 address counts as the IPv4 address.
    public func allows(_ address: IPAddress) -> Bool {
        switch self {
        case .any: true
        case .publicOnly: address.isPublic
        }
    }

    /// Whether a host may be looked up; `name` is in lower case, or an address.
    ///
    /// Not looking up a local name keeps it from the resolver, and keeps its answer from the user who chose the name.
    func allows(host name: String) -> Bool { self == .any || !Self.isLocal(name) }

    /// Names of local networks and of clusters (RFC 6761, RFC 6762 appendix G, RFC 8375, and the services of Kubernetes).
    private static let localNames = [
        "corp", "home", "home.arpa", "internal", "intranet", "lan", "local", "localdomain", "localhost", "private",
        "svc",
    ]

    /// Whether `name`, in lower case, is the name of a host in a local network: one label, or a name below a local one.
    ///
    /// An address is no name.
    public static func isLocal(_ name: String) -> Bool {
        guard IPAddress(name) == nil else { return false }
        let bytes = name.utf8.last == UInt8(ascii: ".") ? name.utf8.dropLast() : name.utf8[...]
        return !bytes.contains(UInt8(ascii: "."))
            || localNames.contains { bytes.suffix($0.utf8.count + 1).elementsEqual(("." + $0).utf8) }
    }
}

extension IPAddress {
    /// Whether the address is outside every special-purpose range (RFC 6890 and IANA's registries).
    public var isPublic: Bool {
        switch unmapped {
        case .v4(let address):
            !specialV4.contains { address & $0.mask == $0.network }
        case .v6(let high, _):
            // Only 2000::/3 is assigned for unicast of the Internet (RFC 4291); all else is special or not assigned.
            high >> 61 == 1 && !specialV6.contains { high & $0.mask == $0.network }
        }
    }
}

private struct RangeV4: Sendable {
    let network: UInt32
    let mask: UInt32

    init(_ a: UInt32, _ b: UInt32, _ c: UInt32, prefix: UInt32) {
        network = a << 24 | b << 16 | c << 8
        mask = ~0 << (32 - prefix)
    }
}

private struct RangeV6: Sendable {
    let network: UInt64
    let mask: UInt64

    init(_ a: UInt64, _ b: UInt64, prefix: UInt64) {
        network = a << 48 | b << 32
        mask = ~0 << (64 - prefix)
    }
}

private let specialV4: [RangeV4] = [
    RangeV4(0, 0, 0, prefix: 8),  // this network
    RangeV4(10, 0, 0, prefix: 8),  // private
    RangeV4(100, 64, 0, prefix: 10),  // shared by carriers
    RangeV4(127, 0, 0, prefix: 8),  // loopback
    RangeV4(169, 254, 0, prefix: 16),  // link-local, cloud metadata
    RangeV4(172, 16, 0, prefix: 12),  // private
    RangeV4(192, 0, 0, prefix: 24),  // protocol assignments
    RangeV4(192, 0, 2, prefix: 24),  // documentation
    RangeV4(192, 88, 99, prefix: 24),  // 6to4 relay
    RangeV4(192, 168, 0, prefix: 16),  // private
    RangeV4(198, 18, 0, prefix: 15),  // benchmarking
    RangeV4(198, 51, 100, prefix: 24),  // documentation
    RangeV4(203, 0, 113, prefix: 24),  // documentation
    RangeV4(224, 0, 0, prefix: 4),  // multicast
    RangeV4(240, 0, 0, prefix: 4),  // reserved, broadcast
]

/// The special ranges within 2000::/3; those outside it are refused as a whole.
private let specialV6: [RangeV6] = [
    RangeV6(0x2001, 0x0000, prefix: 23),  // protocol assignments: Teredo, ORCHID, benchmarking
    RangeV6(0x2001, 0x0DB8, prefix: 32),  // documentation
    RangeV6(0x2002, 0x0000, prefix: 16),  // 6to4: carries any IPv4 address
    RangeV6(0x3FFF, 0x0000, prefix: 20),  // documentation
]
