// Unguessable text for codes and tokens, from the system's generator.

import Primitives

enum RandomText {
    private static let alphabet = Array("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8)

    static func base62(_ count: Int) -> String {
        var generator = SystemRandomNumberGenerator()
        return String(
            decoding: (0..<count).map { _ in alphabet[Int.random(in: 0..<62, using: &generator)] }, as: UTF8.self)
    }

    /// A random UUID in lower case.
    static func uuid() -> String {
        var generator = SystemRandomNumberGenerator()
        return UUIDText.format(generator.next(), generator.next())
    }
}

enum UUIDText {
    /// The version 4 UUID whose random bits are those of `high` and `low`.
    static func format(_ high: UInt64, _ low: UInt64) -> String {
        let high = high & ~0xF000 | 0x4000
        let low = low & (1 << 62 - 1) | 1 << 63
        var text: [UInt8] = []
        for nibble in 0..<32 {
            if [8, 12, 16, 20].contains(nibble) { text.append(UInt8(ascii: "-")) }
            let word = nibble < 16 ? high : low
            text.append(Hex.digit(UInt8(word >> UInt64(60 - nibble % 16 * 4) & 15)))
        }
        return String(decoding: text, as: UTF8.self)
    }
}
