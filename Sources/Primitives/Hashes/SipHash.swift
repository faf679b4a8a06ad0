// SipHash-2-4 (Aumasson, Bernstein 2012): a keyed hash for ids and contents. Without the key, no one can choose two inputs that
// collide. It hashes about 2 bytes a nanosecond.

/// A SipHash key.
@frozen
public struct SipKey: Equatable, Sendable {
    /// The first 8 bytes, little-endian.
    public let low: UInt64
    /// The last 8 bytes, little-endian.
    public let high: UInt64

    /// A key of two words.
    @inlinable
    public init(low: UInt64, high: UInt64) {
        self.low = low
        self.high = high
    }
}

/// 128 bits of SipHash.
@frozen
public struct SipHash128: Equatable, Sendable {
    /// The first 8 bytes, little-endian.
    public let low: UInt64
    /// The last 8 bytes, little-endian.
    public let high: UInt64

    /// A hash of two words.
    @inlinable
    public init(low: UInt64, high: UInt64) {
        self.low = low
        self.high = high
    }
}

/// SipHash-2-4.
public enum SipHash {
    private struct State {
        var v0: UInt64
        var v1: UInt64
        var v2: UInt64
        var v3: UInt64

        @inline(__always)
        init(_ key: SipKey) {
            v0 = key.low ^ 0x736f_6d65_7073_6575
            v1 = key.high ^ 0x646f_7261_6e64_6f6d
            v2 = key.low ^ 0x6c79_6765_6e65_7261
            v3 = key.high ^ 0x7465_6462_7974_6573
        }

        @inline(__always)
        mutating func round() {
            v0 &+= v1
            v1 = v1 << 13 | v1 >> 51
            v1 ^= v0
            v0 = v0 << 32 | v0 >> 32
            v2 &+= v3
            v3 = v3 << 16 | v3 >> 48
            v3 ^= v2
            v0 &+= v3
            v3 = v3 << 21 | v3 >> 43
            v3 ^= v0
            v2 &+= v1
            v1 = v1 << 17 | v1 >> 47
            v1 ^= v2
            v2 = v2 << 32 | v2 >> 32
        }

        @inline(__always)
        mutating func absorb(_ word: UInt64) {
            v3 ^= word
            round()
            round()
            v0 ^= word
        }

        @inline(__always)
        mutating func absorb(_ bytes: UnsafeRawBufferPointer) {
            var offset = 0
            while offset + 8 <= bytes.count {
                absorb(UInt64(littleEndian: unsafe bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)))
                offset += 8
            }
            var last = UInt64(truncatingIfNeeded: bytes.count) << 56
            var shift: UInt64 = 0
            while offset < bytes.count {
                last |= UInt64(unsafe bytes[offset]) << shift
                shift += 8
                offset += 1
            }
            absorb(last)
        }

        @inline(__always)
        mutating func finish() -> UInt64 {
            round()
            round()
            round()
            round()
            return v0 ^ v1 ^ v2 ^ v3
        }
    }

    /// The 64-bit hash of `bytes`.
    public static func hash64(_ bytes: Span<UInt8>, key: SipKey) -> UInt64 {
        unsafe bytes.withUnsafeBytes { buffer in
            var state = State(key)
            unsafe state.absorb(buffer)
            state.v2 ^= 0xff
            return state.finish()
        }
    }

    /// The 128-bit hash of `bytes`.
    public static func hash128(_ bytes: Span<UInt8>, key: SipKey) -> SipHash128 {
        unsafe bytes.withUnsafeBytes { buffer in
            var state = State(key)
            state.v1 ^= 0xee
            unsafe state.absorb(buffer)
            state.v2 ^= 0xee
            let low = state.finish()
            state.v1 ^= 0xdd
            return SipHash128(low: low, high: state.finish())
        }
    }
}
