// SipHash-2-4 (Aumasson, Bernstein 2012): a keyed hash for ids and contents. With a key that providers cannot know,
// nobody can make two records collide; at 2 bytes a nanosecond it costs less than copying a record twice.

/// A SipHash key.
struct SipKey: Equatable, Sendable {
    let low: UInt64
    let high: UInt64
}

/// 128 bits of SipHash.
struct SipHash128: Equatable, Sendable {
    let low: UInt64
    let high: UInt64
}

enum SipHash {
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

    static func hash64(_ bytes: Span<UInt8>, key: SipKey) -> UInt64 {
        unsafe bytes.withUnsafeBytes { buffer in
            var state = State(key)
            unsafe state.absorb(buffer)
            state.v2 ^= 0xff
            return state.finish()
        }
    }

    static func hash128(_ bytes: Span<UInt8>, key: SipKey) -> SipHash128 {
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
