// Tokens that are too long for one cookie, spread over `<name>.0`, `<name>.1` and so on. The order is that of the numbers, not of
// the texts and not of the header.

import Cryptography

/// Puts a token together that was spread over cookies.
enum CookieChunks {
    /// The token in the chunks of the cookie `name`; nil when there are none, too many, or one of them twice.
    static func joined(_ name: String, in fields: [String]) -> String? {
        var chunks: [(number: Int, value: Substring.UTF8View)] = []
        var byteCount = 0
        for field in fields {
            for pair in field.utf8.split(separator: UInt8(ascii: ";")) {
                let pair = pair.drop { $0 == 0x20 }
                guard pair.starts(with: name.utf8), let equals = pair.firstIndex(of: UInt8(ascii: "=")),
                    let number = number(pair[..<equals].dropFirst(name.utf8.count))
                else { continue }
                let value = pair[pair.index(after: equals)...]
                byteCount += value.count
                guard chunks.count < SessionLimits.cookieChunksMax, byteCount <= CryptographyLimits.tokenBytesMax,
                    !chunks.contains(where: { $0.number == number })
                else { return nil }
                chunks.append((number, value))
            }
        }
        guard !chunks.isEmpty else { return nil }
        chunks.sort { $0.number < $1.number }
        return String(decoding: chunks.flatMap(\.value), as: UTF8.self)
    }

    /// The number in `.<number>`: one to three digits, as they are written.
    private static func number(_ suffix: Substring.UTF8View) -> Int? {
        guard suffix.first == UInt8(ascii: "."), 2...4 ~= suffix.count else { return nil }
        var number = 0
        for digit in suffix.dropFirst() {
            guard 0x30...0x39 ~= digit else { return nil }
            number = number * 10 + Int(digit - 0x30)
        }
        return number
    }
}
