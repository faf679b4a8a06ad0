// The API keys of an installation, over the document store: one document per key, looked up by its id. A key that is revoked is gone
// from the store and its cache at the same moment; nothing else remembers it.

package import Audit
package import ConnectionModel
import Cryptography
package import DocumentStore
package import Observability
package import Primitives
import ProviderSDK
import StoreFiles
package import Users

/// The API keys.
package struct APIKeys: UserDataErasing {
    private let documents: Documents
    private let audit: AuditTrail
    private let time: TimeSource
    private let log: Log

    package init(_ documents: Documents, audit: AuditTrail, time: TimeSource, log: Log) {
        self.documents = documents
        self.audit = audit
        self.time = time
        self.log = log
    }

    static let collection = "api-keys"

    private static func key(_ id: String) -> DocumentKey {
        DocumentKey(collection: collection, id: Array(id.utf8))
    }

    /// Returns the principal of a key whose document is in memory; nil means undecided.
    package func cachedPrincipal(of text: String) -> Principal? {
        guard let key = IssuedKey(text, .api), let document = documents.cached(Self.key(key.id))?.document else {
            return nil
        }
        return try? Self.decoded(document).principal(of: key)
    }

    /// Returns the principal of a good key; nil for any other text.
    package func principal(of text: String) async -> Principal? {
        guard let key = IssuedKey(text, .api) else { return nil }
        do throws(ServiceError) {
            return try await stored(key.id)?.principal(of: key)
        } catch {
            log.warning("An API key could not be looked up.", ["keyId": .text(key.id), "reason": .text("\(error)")])
            return nil
        }
    }

    /// Makes a key for a user.
    ///
    /// - Returns: the key; this is the only time that it can be seen. It is durable.
    package func create(userID: String) async throws(ServiceError) -> IssuedKey {
        guard UserID.isValid(userID) else {
            throw .invalid(
                field: "user",
                message: "a user id has 1 to \(SessionLimits.userIDBytesMax) bytes and no control characters")
        }
        let key: IssuedKey
        do throws(CryptographyError) { key = try IssuedKey(.api) } catch { throw .internalFault("\(error)") }
        let stored = StoredAPIKey(key, userID: userID, createdAt: time.now)
        try await audit.recording(.createAPIKey, AuditTarget(userID: userID, keyID: key.id)) {
            () throws(ServiceError) in
            do throws(StoreError) {
                try await documents.save(Self.key(key.id), stored.encoded, expecting: .absent, form: stored)
            } catch {
                throw ServiceError(error)
            }
        }
        return key
    }

    /// The keys, the oldest first: all, or as many as a list may have.
    package func list() async throws(ServiceError) -> [StoredAPIKey] {
        try await list(atMost: IssuedKeyLimits.listedMax)
    }

    func list(atMost countMax: Int) async throws(ServiceError) -> [StoredAPIKey] {
        var keys: [StoredAPIKey] = []
        var position: Documents.ListPosition?
        repeat {
            let page: Documents.KeyPage
            do throws(StoreError) {
                page = try await documents.list(
                    Self.collection, after: position, limit: IssuedKeyLimits.pageMax)
            } catch {
                throw ServiceError(error)
            }
            for key in page.keys {
                if let stored = try await stored(String(decoding: key.id, as: UTF8.self)) { keys.append(stored) }
            }
            position = page.next
        } while position != nil && keys.count < countMax
        return keys.prefix(countMax).sorted { ($0.createdAt, $0.id) < ($1.createdAt, $1.id) }
    }

    /// Revokes a key; it is refused from now on.
    ///
    /// - Returns: false when there is no such key.
    package func revoke(_ id: String) async throws(ServiceError) -> Bool {
        guard IssuedKey.isID(id) else { return false }
        var userID: String?
        do throws(ServiceError) {
            guard let stored = try await stored(id) else { return false }
            userID = stored.userID
        } catch {
            // A key that cannot be read is revoked all the same.
            guard case .internalFault = error else { throw error }
        }
        return try await audit.recording(.revokeAPIKey, AuditTarget(userID: userID, keyID: id)) {
            () throws(ServiceError) in
            do throws(StoreError) {
                return try await documents.delete(Self.key(id), expecting: .any)
            } catch {
                throw ServiceError(error)
            }
        }
    }

    /// Revokes the keys of a user.
    ///
    /// Reads every key once, page by page. A key that cannot be read opens nothing and is kept.
    package func eraseData(of user: User) async throws(ServiceError) -> Int {
        var revoked = 0
        var position: Documents.ListPosition?
        repeat {
            let page: Documents.KeyPage
            do throws(StoreError) {
                page = try await documents.list(Self.collection, after: position, limit: IssuedKeyLimits.pageMax)
            } catch {
                throw ServiceError(error)
            }
            for key in page.keys {
                let id = String(decoding: key.id, as: UTF8.self)
                guard let stored = try? await stored(id), stored.userID.utf8.elementsEqual(user.id.utf8) else {
                    continue
                }
                if try await revoke(id) { revoked += 1 }
            }
            position = page.next
        } while position != nil
        return revoked
    }

    private func stored(_ id: String) async throws(ServiceError) -> StoredAPIKey? {
        let document: Document?
        do throws(StoreError) { document = try await documents.load(Self.key(id)) } catch { throw ServiceError(error) }
        do throws(APIKeyCodingError) { return try document.map(Self.decoded) } catch {
            throw .internalFault("\(error)")
        }
    }

    private static func decoded(_ document: Document) throws(APIKeyCodingError) -> StoredAPIKey {
        try document.decoded { bytes throws(APIKeyCodingError) in try StoredAPIKey(decoding: bytes) }
    }
}
