// The key under which the host keeps what it knows of an account. Pure.

import Cryptography
import Primitives

/// An account of a provider, compared byte for byte.
package struct AccountKey: Hashable, Sendable {
    private let high: UInt64
    private let low: UInt64

    package init(service: String, variant: String?, accountID: String) {
        let bytes = Self.digest(service, variant, accountID).inlineBytes
        var (high, low): (UInt64, UInt64) = (0, 0)
        for index in 0..<8 {
            high = high << 8 | UInt64(bytes[index])
            low = low << 8 | UInt64(bytes[index + 8])
        }
        (self.high, self.low) = (high, low)
    }

    /// Reads the 32 digits of ``digits``; nil for anything else.
    init?(digits: String) {
        let text = Array(digits.utf8)
        guard text.count == 32, let high = Hex.number(lowercase: text[..<16]),
            let low = Hex.number(lowercase: text[16...])
        else { return nil }
        (self.high, self.low) = (high, low)
    }

    /// The key as 32 hexadecimal digits.
    var digits: String { Hex.encode(high) + Hex.encode(low) }

    /// The id of the account's document.
    package static func documentID(service: String, variant: String?, accountID: String) -> [UInt8] {
        Array(digest(service, variant, accountID).base64URL.utf8)
    }

    private static func digest(_ service: String, _ variant: String?, _ accountID: String) -> SHA256Digest {
        var name = ""
        for part in [service, variant ?? "", accountID] { name += "\(part.utf8.count):\(part)" }
        return SHA256.digest(name)
    }
}
