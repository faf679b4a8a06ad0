// An API key in the form it is stored in: a hash, from which the key cannot be computed. Knows no store.

import ConnectionModel
import Cryptography
import Primitives
package import ProviderSDK
package import Users

/// An API key as it is stored.
package final class StoredAPIKey: Sendable {
    package let id: String
    package let userID: String
    package let createdAt: Timestamp
    private let digest: [UInt8]

    package init(_ key: IssuedKey, userID: String, createdAt: Timestamp) {
        id = key.id
        self.userID = userID
        self.createdAt = createdAt
        digest = key.digest
    }

    /// Reads what ``encoded`` wrote.
    package init(decoding bytes: [UInt8]) throws(APIKeyCodingError) {
        guard let json = try? JSONValue.parse(bytes, limits: .request), let id = json["id"]?.string, IssuedKey.isID(id),
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
    package func principal(of key: IssuedKey) -> Principal? {
        guard id.utf8.elementsEqual(key.id.utf8), constantTimeEquals(digest, key.digest) else { return nil }
        return Principal(userID: userID, kind: .apiKey, sessionBinding: "api-key:\(id)")
    }
}

/// A stored API key is damaged.
package struct APIKeyCodingError: Error, CustomStringConvertible {
    package let description = "a stored API key cannot be read; revoke it and create another"
}
