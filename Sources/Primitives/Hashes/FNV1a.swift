// FNV-1a (Fowler, Noll, Vo): a small hash without a key, the same in every process. Not for input that someone may choose to collide.

/// 64 bits of FNV-1a.
@frozen
public struct FNV1a: Sendable {
    /// The hash of what was added so far.
    public var value: UInt64

    /// The hash of nothing, made different by `salt`.
    @inlinable
    public init(salt: UInt64 = 0) { value = 0xCBF2_9CE4_8422_2325 ^ salt }

    /// Adds bytes.
    @inlinable
    public mutating func update(_ bytes: some Sequence<UInt8>) {
        for byte in bytes { update(word: UInt64(byte)) }
    }

    /// Adds 64 bits in one step.
    @inlinable
    public mutating func update(word: UInt64) { value = (value ^ word) &* 0x0000_0100_0000_01B3 }

    /// The hash of `bytes`, made different by `salt`.
    @inlinable
    public static func hash(_ bytes: some Sequence<UInt8>, salt: UInt64 = 0) -> UInt64 {
        var hash = FNV1a(salt: salt)
        hash.update(bytes)
        return hash.value
    }
}
