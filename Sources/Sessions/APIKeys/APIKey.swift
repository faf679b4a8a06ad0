// The form of an API key, and the form it is stored in: a hash, from which the key cannot be computed. Knows no store.

import ConnectionModel
package import Cryptography
import Primitives
package import ProviderSDK
package import Users

/// An API key: `ihk_<id>_<secret>`.
package struct APIKey: Sendable {
    /// The prefix of every key.
    package static let prefix = "ihk_"

    /// The id by which the key is looked up; not secret.
    package let id: String
    /// The whole text of the key: a secret.
    package let text: String

    /// Whether `text` has the prefix of an API key.
    static func isOne(_ text: String) -> Bool { text.utf8.starts(with: prefix.utf8) }

    /// A new key with 256 random bits.
    package init() throws(CryptographyError) {
        id = try SecureRandom.base62(APIKeyLimits.idCharacters)
        text = Self.prefix + id + "_" + (try SecureRandom.base64URL(byteCount: APIKeyLimits.secretBytes))
    }

    /// Reads a key; nil for a text of any other form.
    package init?(_ text: String) {
        let bytes = text.utf8
        let secretCount = (APIKeyLimits.secretBytes * 8 + 5) / 6
        guard Self.isOne(text),
            bytes.count == Self.prefix.utf8.count + APIKeyLimits.idCharacters + 1 + secretCount
        else { return nil }
        let id = String(
            decoding: bytes.dropFirst(Self.prefix.utf8.count).prefix(APIKeyLimits.idCharacters), as: UTF8.self)
        guard Self.isID(id),
            bytes.dropFirst(Self.prefix.utf8.count + APIKeyLimits.idCharacters).first == UInt8(ascii: "_")
        else { return nil }
        self.id = id
        self.text = text
    }

    /// Whether `id` can be the id of a key.
    static func isID(_ id: String) -> Bool {
        id.utf8.count == APIKeyLimits.idCharacters
            && id.utf8.allSatisfy { 0x30...0x39 ~= $0 || 0x41...0x5A ~= $0 || 0x61...0x7A ~= $0 }
    }

    /// The stored form of the key.
    ///
    /// A plain hash is enough: 2^256 keys cannot be tried.
    package var digest: [UInt8] { SHA256.digest(text).bytes }
}

/// An API key as it is stored.
package final class StoredAPIKey: Sendable {
    package let id: String
    package let userID: String
    package let createdAt: Timestamp
    private let digest: [UInt8]

    package init(_ key: APIKey, userID: String, createdAt: Timestamp) {
        id = key.id
        self.userID = userID
        self.createdAt = createdAt
        digest = key.digest
    }

    /// Reads what ``encoded`` wrote.
    package init(decoding bytes: [UInt8]) throws(APIKeyCodingError) {
        guard let json = try? JSONValue.parse(bytes, limits: .request), let id = json["id"]?.string, APIKey.isID(id),
            let userID = json["userId"]?.string, UserID.isValid(userID),
            let created = json["createdAt"]?.string.flatMap(Timestamp.init(iso8601:)),
            let digest = json["sha256"]?.string.flatMap({ Hex.decode($0) }), digest.count == 32
        else { throw APIKeyCodingError() }
        self.id = id
        self.userID = userID
        createdAt = created
        self.digest = digest
    }

    /// The JSON text that is stored.
    package var encoded: [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("id", id)
            writer.member("userId", userID)
            writer.member("createdAt", createdAt.description)
            writer.member("sha256", Hex.encode(digest))
        }
        return writer.bytes
    }

    /// The principal that `key` stands for; nil when it is not this key.
    package func principal(of key: APIKey) -> Principal? {
        guard id.utf8.elementsEqual(key.id.utf8), constantTimeEquals(digest, key.digest) else { return nil }
        return Principal(userID: userID, kind: .apiKey, sessionBinding: "api-key:\(id)")
    }
}

/// A stored API key is damaged.
package struct APIKeyCodingError: Error, CustomStringConvertible {
    package let description = "a stored API key cannot be read; revoke it and create another"
}
