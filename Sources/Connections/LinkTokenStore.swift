// Link tokens: what the operator's bot says about an account, until a user brings the token and takes the account. A token is kept
// under its hash, so that nobody who reads the files can use one.

package import ConnectionModel
import Cryptography
package import DocumentStore
package import ProviderSDK
import StoreFiles

/// What a link token stands for.
package struct LinkToken: Sendable {
    /// The attributes as they were given.
    package let attributes: JSONValue
    /// When it stops being good; nil for never.
    package let expiresAt: Timestamp?
    package let createdAt: Timestamp
    /// Who took the account; nil until somebody did.
    var linkedBy: String?
    /// When that was.
    var linkedAt: Timestamp?

    /// Whether it is there for `principal`: once a user has taken the account, it is no other user's business.
    func mayBeSeen(by principal: Principal) -> Bool {
        guard principal.isUser, let linkedBy else { return true }
        return linkedBy.utf8.elementsEqual(principal.userID.utf8)
    }

    package func isExpired(at now: Timestamp) -> Bool { expiresAt.map { $0 < now } ?? false }

    /// Whether it ended so long ago that nobody has to be told any more, or was used so long ago that nobody repeats it.
    ///
    /// One that was past its end when it came is told about for as long. One without an end that nobody has used stays.
    func isForgotten(at now: Timestamp) -> Bool {
        if let expiresAt {
            return max(expiresAt, createdAt).advanced(by: HostLimits.expiredLinkTokenLifetime) < now
        }
        guard linkedBy != nil else { return false }
        return (linkedAt ?? createdAt).advanced(by: HostLimits.usedLinkTokenLifetime) < now
    }
}

/// The link tokens.
package struct LinkTokenStore: Sendable {
    private let tokens: DocumentCollection<PlainForm<LinkToken>>

    package init(_ documents: Documents) { tokens = DocumentCollection(documents, name: "link-tokens", noun: "token") }

    private static func id(_ token: String) -> [UInt8] { SHA256.digest(token).hexDigits }

    /// Keeps a new token.
    ///
    /// - Throws: ``ServiceError/conflict(_:)`` when there is one already.
    package func add(_ token: String, _ content: LinkToken) async throws(ServiceError) {
        guard try await tokens.add(Self.id(token), content) else { throw .conflict("Token already exists") }
    }

    /// What a token stands for; nil when there is none.
    package func find(_ token: String) async throws(ServiceError) -> LinkToken? {
        try await tokens.load(Self.id(token))?.value
    }

    /// Gives a token to the first user who brings it.
    ///
    /// - Throws: ``ServiceError/notFound`` when somebody else had it before.
    func claim(_ token: String, for userID: String, at now: Timestamp) async throws(ServiceError) {
        guard let content = try await find(token) else { throw .notFound }
        // One that the user has already is not written again.
        guard content.linkedBy == nil else { return try content.checkOwner(userID) }
        try await tokens.update(Self.id(token)) { (stored) throws(ServiceError) in
            guard var content = stored else { throw .notFound }
            if content.linkedBy == nil { (content.linkedBy, content.linkedAt) = (userID, now) }
            try content.checkOwner(userID)
            stored = content
        }
    }

    /// Removes the tokens that ended or were used long ago.
    ///
    /// Reads every token once, page by page; one that is changed meanwhile, or cannot be read, stays.
    /// - Returns: how many were removed.
    func removeForgotten(at now: Timestamp) async throws(ServiceError) -> Int {
        var removed = 0
        var position: Documents.ListPosition?
        repeat {
            let page = try await tokens.ids(after: position)
            for id in page.ids where !Task.isCancelled {
                do throws(ServiceError) {
                    if try await tokens.remove(id, where: { $0.isForgotten(at: now) }) { removed += 1 }
                } catch {
                    guard case .internalFault = error else { throw error }
                }
            }
            position = page.next
        } while position != nil && !Task.isCancelled
        return removed
    }
}

extension LinkToken {
    /// - Throws: ``ServiceError/notFound`` when the account is another user's.
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
