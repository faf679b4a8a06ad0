// Randomness that is the same for the same seed, account, type and number: SplitMix64. Never for anything secret.

import Primitives

struct SeededRandom: Sendable {
    private var generator: SplitMix64

    /// The draws of one object.
    ///
    /// Drawing in a fixed order gives the same object in every run.
    init(seed: UInt64, account: Int, type: String, number: Int, salt: UInt64 = 0) {
        var hash = FNV1a(salt: seed &* 0x9E37_79B9_7F4A_7C15)
        hash.update(type.utf8)
        hash.update(word: UInt64(truncatingIfNeeded: account))
        let own = (hash.value ^ UInt64(truncatingIfNeeded: number)) &* 0xBF58_476D_1CE4_E5B9
        generator = SplitMix64(seed: own ^ salt &* 0x94D0_49BB_1331_11EB)
    }

    mutating func next() -> UInt64 { generator.next() }

    /// A number from 0 up to, not including, `bound`; `bound` is at least 1.
    mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(max(1, bound))) }

    mutating func within(_ range: ClosedRange<Int>) -> Int { range.lowerBound + below(range.count) }

    /// True in `percent` of a hundred cases.
    mutating func chance(_ percent: Int) -> Bool { below(100) < percent }

    mutating func pick<Element>(_ elements: [Element]) -> Element { elements[below(elements.count)] }

    /// One of the values, each as often as its weight says; the weights sum up to 100.
    mutating func weighted<Value>(_ values: [(weight: Int, value: Value)]) -> Value {
        var rest = below(100)
        for entry in values {
            if rest < entry.weight { return entry.value }
            rest -= entry.weight
        }
        return values[values.count - 1].value
    }

    private static let alphabet = Array("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8)

    mutating func base62(_ count: Int) -> String { text(count, from: SeededRandom.alphabet) }

    /// Upper-case letters and digits, as Slack and others have in ids.
    mutating func base36(_ count: Int) -> String { text(count, from: SeededRandom.alphabet[..<36]) }

    mutating func hex(_ count: Int) -> String { text(count, from: Array("0123456789abcdef".utf8)[...]) }

    mutating func uuid() -> String { UUIDText.format(next(), next()) }

    private mutating func text(_ count: Int, from alphabet: [UInt8]) -> String { text(count, from: alphabet[...]) }

    private mutating func text(_ count: Int, from alphabet: ArraySlice<UInt8>) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count)
        var word: UInt64 = 0
        for position in 0..<count {
            if position % 8 == 0 { word = next() }
            bytes.append(alphabet[Int(word & 0xFF) % alphabet.count])
            word >>= 8
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
