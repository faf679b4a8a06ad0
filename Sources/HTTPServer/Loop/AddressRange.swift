// Ranges of client addresses, and how many connections each client has. It knows no connection.

import Synchronization

/// The addresses that share a prefix, such as `10.0.0.0/8` or `fd00::/8`.
public struct AddressRange: Sendable, Hashable {
    private let first: SocketAddress
    private let prefixBits: Int

    /// The range `text`: an address without a port, with the bits of its prefix after a slash; nil where it is malformed.
    ///
    /// Without a slash, the one address.
    public init?(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        let host = parts[0].contains(":") ? "[\(parts[0])]:0" : "\(parts[0]):0"
        guard let address = try? SocketAddress(host) else { return nil }
        let bitsMax = address.isIPv6 ? 128 : 32
        guard parts.count == 1 || (parts[1].utf8.count <= 3 && parts[1].utf8.allSatisfy { 48...57 ~= $0 }),
            let bits = parts.count == 1 ? bitsMax : Int(parts[1]), bits <= bitsMax
        else { return nil }
        first = address
        prefixBits = bits
    }

    /// This machine.
    public static let loopback: [AddressRange] = ["127.0.0.0/8", "::1"].compactMap { AddressRange($0) }

    /// Whether the range has the address of `address`, with any port.
    public func contains(_ address: SocketAddress) -> Bool {
        guard address.isIPv6 == first.isIPv6 else { return false }
        guard first.isIPv6 else { return Self.isEqual(address.low << 32, first.low << 32, bits: prefixBits) }
        return Self.isEqual(address.high, first.high, bits: min(prefixBits, 64))
            && Self.isEqual(address.low, first.low, bits: max(0, prefixBits - 64))
    }

    private static func isEqual(_ one: UInt64, _ other: UInt64, bits: Int) -> Bool {
        bits == 0 || (one ^ other) >> UInt64(64 - bits) == 0
    }
}

/// How many connections each client address has; an IPv6 client is known by the first 64 bits.
final class ClientCounts: Sendable {
    /// The connections by ``SocketAddress/client``.
    private let counts = Mutex<[SocketAddress: Int]>([:])
    private let countMax: Int
    private let exempt: [AddressRange]

    init(countMax: Int, exempt: [AddressRange]) {
        self.countMax = countMax
        self.exempt = exempt
    }

    enum Outcome { case exempt, counted, refused }

    /// Counts a connection of `address`; one that is counted has to be removed.
    func add(_ address: SocketAddress) -> Outcome {
        for range in exempt where range.contains(address) { return .exempt }
        let client = address.client
        return counts.withLock { counts in
            let count = counts[client, default: 0]
            if count >= countMax { return .refused }
            counts[client] = count + 1
            return .counted
        }
    }

    func remove(_ address: SocketAddress) {
        let client = address.client
        counts.withLock { counts in
            guard let count = counts[client] else { return }
            counts[client] = count > 1 ? count - 1 : nil
        }
    }
}
