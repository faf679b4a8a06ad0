// Pauses that differ between keys, so that what starts together does not stay together. Pure.

/// Numbers that differ between keys and stay the same after a restart.
package enum Jitter {
    /// Returns a number from 0 to below 1, which is always the same for the same bytes.
    package static func fraction(_ seed: String, salt: UInt64 = 0) -> Double {
        let hash = SplitMix64.mix(FNV1a.hash(seed.utf8, salt: salt &* 0x9E37_79B9_7F4A_7C15))
        return Double(hash >> 11) * 0x1p-53
    }
}
