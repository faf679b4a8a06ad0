// Member names as they are looked up: their bytes with a small hash, so that one compare rules out most other names.

/// A member name to look for, hashed once.
struct JSONName: Sendable, Hashable {
    let bytes: [UInt8]
    let hash: UInt32

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        hash = unsafe bytes.withUnsafeBufferPointer { unsafe JSONName.hash(of: $0, from: 0, to: $0.count) }
    }

    /// A hash of 24 bits over the bytes from `start` to `end`.
    ///
    /// It has no seed: equal hashes only ever lead to a compare of the bytes, and the number of those is bounded by the callers.
    static func hash(of bytes: UnsafeBufferPointer<UInt8>, from start: Int, to end: Int) -> UInt32 {
        let raw = UnsafeRawBufferPointer(bytes)
        var hash = UInt64(truncatingIfNeeded: end &- start)
        var at = start
        while at &+ 8 <= end {
            hash = mixed(hash, unsafe raw.loadUnaligned(fromByteOffset: at, as: UInt64.self))
            at &+= 8
        }
        var rest: UInt64 = 0
        while at < end {
            rest = rest << 8 | UInt64(unsafe raw[at])
            at &+= 1
        }
        return UInt32(truncatingIfNeeded: mixed(hash, rest) >> 40)
    }

    @inline(__always) private static func mixed(_ hash: UInt64, _ word: UInt64) -> UInt64 {
        let product = (hash ^ word) &* 0x9E37_79B9_7F4A_7C15
        return product ^ product >> 32
    }
}
