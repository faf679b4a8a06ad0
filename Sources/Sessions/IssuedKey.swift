// The text form of the keys that the host issues. Knows no store, and not what a key may do.

package import Cryptography

/// A key that the host issues: `<prefix><id>_<secret>`.
package struct IssuedKey: Sendable {
    /// What a key is for, which its prefix shows.
    package enum Purpose: String, Sendable {
        /// A key for a user's own programs.
        case api = "ihk_"
        /// A key for the back end of an application.
        case application = "ihs_"

        /// Whether `text` has the prefix of these keys.
        package func isPrefix(of text: some StringProtocol) -> Bool { text.utf8.starts(with: rawValue.utf8) }

        /// Whether `bytes` have the prefix of these keys.
        func isPrefix(of bytes: Span<UInt8>) -> Bool {
            let prefix = rawValue.utf8Span.span
            guard bytes.count >= prefix.count else { return false }
            for index in 0..<prefix.count where bytes[index] != prefix[index] { return false }
            return true
        }
    }

    /// The id by which the key is looked up; not secret.
    package let id: String
    /// The whole text of the key: a secret.
    package let text: String

    /// A new key with 256 random bits.
    package init(_ purpose: Purpose) throws(CryptographyError) {
        try self.init(purpose, id: try SecureRandom.base62(IssuedKeyLimits.idCharacters))
    }

    /// A key with the id of an earlier one and a new secret.
    init(_ purpose: Purpose, id: String) throws(CryptographyError) {
        self.id = id
        text = purpose.rawValue + id + "_" + (try SecureRandom.base64URL(byteCount: IssuedKeyLimits.secretBytes))
    }

    /// Reads a key; nil for a text of any other form.
    package init?(_ text: String, _ purpose: Purpose) {
        let bytes = text.utf8
        let prefixCount = purpose.rawValue.utf8.count
        let secretCount = (IssuedKeyLimits.secretBytes * 8 + 5) / 6
        guard purpose.isPrefix(of: text), bytes.count == prefixCount + IssuedKeyLimits.idCharacters + 1 + secretCount
        else { return nil }
        let id = String(decoding: bytes.dropFirst(prefixCount).prefix(IssuedKeyLimits.idCharacters), as: UTF8.self)
        guard Self.isID(id), bytes.dropFirst(prefixCount + IssuedKeyLimits.idCharacters).first == UInt8(ascii: "_")
        else { return nil }
        self.id = id
        self.text = text
    }

    /// Whether `id` can be the id of a key.
    package static func isID(_ id: String) -> Bool {
        id.utf8.count == IssuedKeyLimits.idCharacters
            && id.utf8.allSatisfy { 0x30...0x39 ~= $0 || 0x41...0x5A ~= $0 || 0x61...0x7A ~= $0 }
    }

    /// The stored form of the key.
    ///
    /// A plain hash is enough: 2^256 keys cannot be tried.
    package var digest: [UInt8] { SHA256.digest(text).bytes }
}
