// Link tokens: the data that the operator's bot sends about an account, until a user redeems the token and links the account.
// A token is stored under its hash, so the files do not reveal usable tokens.

package import ConnectionModel
import Cryptography
package import DocumentStore
package import ProviderSDK
import StoreFiles
import Users

/// The stored data of a link token.
package struct LinkToken: Sendable {
    /// How long a used token without an expiry is kept.
    static let usedLifetime = Duration.seconds(30 * 86_400)
    /// How long an expired token is reported as expired; after that it is reported as not found.
    static let expiredLifetime = Duration.seconds(30 * 86_400)

    /// The attributes as the bot sent them.
    package let attributes: JSONValue
    /// When the token expires; nil for never.
    package let expiresAt: Timestamp?
    package let createdAt: Timestamp
    /// The user who linked the account; nil until a user does.
    var linkedBy: String?
    /// When the user linked the account.
    var linkedAt: Timestamp?

    /// Whether `principal` may see the token.
    ///
    /// Once a user has linked the account, other users cannot see the token.
    func mayBeSeen(by principal: Principal) -> Bool {
        guard principal.isUser, let linkedBy else { return true }
        return linkedBy.utf8.elementsEqual(principal.userID.utf8)
    }

    package func isExpired(at now: Timestamp) -> Bool { expiresAt.map { $0 < now } ?? false }

    /// Whether the token can be removed: it expired or was used long ago.
    ///
    /// A token that had already expired on arrival is kept equally long. An unused token without an expiry is kept.
    func isForgotten(at now: Timestamp) -> Bool {
        if let expiresAt {
            return max(expiresAt, createdAt).advanced(by: Self.expiredLifetime) < now
        }
        guard linkedBy != nil else { return false }
        return (linkedAt ?? createdAt).advanced(by: Self.usedLifetime) < now
    }
}

/// The link tokens.
package struct LinkTokenStore: Sendable {
    private let tokens: DocumentCollection<PlainForm<LinkToken>>

    package init(_ documents: Documents) { tokens = DocumentCollection(documents, name: "link-tokens", noun: "token") }

    private static func id(_ token: String) -> [UInt8] { SHA256.digest(token).hexDigits }

    /// Stores a new token.
    ///
    /// - Throws: ``ServiceError/conflict(_:)`` when the token exists.
    package func add(_ token: String, _ content: LinkToken) async throws(ServiceError) {
        guard try await tokens.add(Self.id(token), content) else { throw .conflict("Token already exists") }
    }

    /// Returns the data of a token; nil when it does not exist.
    package func find(_ token: String) async throws(ServiceError) -> LinkToken? {
        try await tokens.load(Self.id(token))?.value
    }

    /// Assigns a token to the first user who redeems it.
    ///
    /// - Throws: ``ServiceError/notFound`` when another user has already redeemed it.
    func claim(_ token: String, for userID: String, at now: Timestamp) async throws(ServiceError) {
        guard let content = try await find(token) else { throw .notFound }
        // A token that the user has already redeemed is not written again.
        guard content.linkedBy == nil else { return try content.checkOwner(userID) }
        try await tokens.update(Self.id(token)) { (stored) throws(ServiceError) in
            guard var content = stored else { throw .notFound }
            if content.linkedBy == nil { (content.linkedBy, content.linkedAt) = (userID, now) }
            try content.checkOwner(userID)
            stored = content
        }
    }

    /// Removes the tokens that a user has used, and those that wait for the user's account.
    ///
    /// Reads every token once, page by page. A token that cannot be read is kept.
    func eraseData(of user: User) async throws(ServiceError) -> Int {
        let account = ExternalAccount(user.externalAccount).map { Array($0.accountID.utf8) }
        return try await tokens.removeAll { token in
            if let linkedBy = token.linkedBy { return linkedBy.utf8.elementsEqual(user.id.utf8) }
            // An unused token names its account in one of its attributes.
            guard let account, let attributes = token.attributes.members else { return false }
            return attributes.contains { $0.value.string.map { Array($0.utf8) } == account }
        }
    }

    /// Removes the tokens that expired or were used long ago.
    ///
    /// - Returns: the number of removed tokens.
    package func removeForgotten(at now: Timestamp) async throws(ServiceError) -> Int {
        try await tokens.removeAll { $0.isForgotten(at: now) }
    }
}

extension LinkToken {
    /// - Throws: ``ServiceError/notFound`` when the account belongs to another user.
    fileprivate func checkOwner(_ userID: String) throws(ServiceError) {
        guard let linkedBy, linkedBy.utf8.elementsEqual(userID.utf8) else { throw .notFound }
    }
}

extension LinkToken: StoredValue {
    package var document: [UInt8] {
        var writer = JSONWriter(capacity: 512)
        writer.object { writer in
            writer.member("attributes", attributes)
            writer.member("expiresAt", expiresAt?.text(withMilliseconds: true))
            writer.member("createdAt", createdAt.text(withMilliseconds: true))
            writer.member("linkedBy", linkedBy)
            writer.member("linkedAt", linkedAt?.text(withMilliseconds: true))
        }
        return writer.bytes
    }

    package init(document: [UInt8]) throws(ServiceError) {
        guard let value = try? JSONValue.parse(document), let attributes = value["attributes"],
            let createdAt = value.moment("createdAt")
        else { throw .internalFault("A stored link token cannot be read.") }
        self.init(
            attributes: attributes, expiresAt: value.moment("expiresAt"), createdAt: createdAt,
            linkedBy: value["linkedBy"]?.string, linkedAt: value.moment("linkedAt"))
    }
}
