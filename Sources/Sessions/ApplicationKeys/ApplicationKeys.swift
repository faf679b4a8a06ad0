// The application keys of an installation, over the document store: one document for each key, looked up by its id.

package import Audit
package import ConnectionModel
import Cryptography
package import DocumentStore
package import Observability
package import Primitives
package import ProviderSDK
package import Users

/// The application keys.
package struct ApplicationKeys: Sendable {
    private let keys: DocumentCollection<CachedApplicationKey>
    private let audit: AuditTrail
    private let time: TimeSource
    private let log: Log

    package init(_ documents: Documents, audit: AuditTrail, time: TimeSource, log: Log) {
        self.audit = audit
        keys = DocumentCollection(documents, name: "app-keys", noun: "application key")
        self.time = time
        self.log = log
    }

    // MARK: Use

    /// Returns the principal of a key whose document is in memory; nil means undecided.
    func cachedPrincipal(of text: String, at now: Timestamp) -> Principal? {
        guard let key = IssuedKey(text, .application), case .present(let cached) = keys.cached(Array(key.id.utf8))
        else { return nil }
        return principal(cached, key, at: now)
    }

    /// Returns the principal of a good key; nil for any other text.
    package func principal(of text: String, at now: Timestamp) async -> Principal? {
        guard let key = IssuedKey(text, .application) else { return nil }
        do throws(ServiceError) {
            return try await keys.load(Array(key.id.utf8)).flatMap { principal($0, key, at: now) }
        } catch {
            log.warning(
                "An application key could not be looked up.", ["keyId": .text(key.id), "reason": .text("\(error)")])
            return nil
        }
    }

    /// Returns the principal of the key with this id, which has proved itself before; nil when there is no such key any more.
    package func principal(ofID id: String, at now: Timestamp) async -> Principal? {
        guard IssuedKey.isID(id), let stored = try? await keys.load(Array(id.utf8))?.value else { return nil }
        return stored.principal(at: now)
    }

    /// Whether `text` is a key that was good and has ended.
    func hasEnded(_ text: String, at now: Timestamp) async -> Bool {
        guard let key = IssuedKey(text, .application), let stored = try? await keys.load(Array(key.id.utf8))?.value,
            let end = stored.expiresAt
        else { return false }
        return end <= now && stored.principal(of: key, at: stored.createdAt) != nil
    }

    private func principal(_ cached: CachedApplicationKey, _ key: IssuedKey, at now: Timestamp) -> Principal? {
        guard let principal = cached.value.principal(of: key, at: now) else { return nil }
        if cached.claimsNote(at: now) { Task { await noteUse(of: key.id, at: now) } }
        return principal
    }

    /// Notes the last use; when that fails, a later use is noted.
    private func noteUse(of id: String, at now: Timestamp) async {
        do throws(ServiceError) {
            try await keys.update(Array(id.utf8)) { $0?.noteUse(at: now) }
        } catch {
            log.debug(
                "The last use of an application key was not noted.", ["keyId": .text(id), "reason": .text("\(error)")])
        }
    }

    // MARK: Administration

    /// Makes a key; it is durable.
    ///
    /// - Returns: the key, which can be seen this one time, and what is kept of it.
    package func create(
        _ new: NewApplicationKey
    ) async throws(ServiceError) -> (key: IssuedKey, stored: ApplicationKey) {
        let key: IssuedKey
        do throws(CryptographyError) { key = try IssuedKey(.application) } catch { throw .internalFault("\(error)") }
        let stored = ApplicationKey(key, new, createdAt: time.now)
        try await audit.recording(.createApplicationKey, AuditTarget(keyID: key.id)) { () throws(ServiceError) in
            guard try await keys.add(Array(key.id.utf8), stored) else {
                throw .unavailable("The id of the new key is taken: try again.", retryAfterSeconds: 1)
            }
        }
        return (key, stored)
    }

    /// Gives a key a new secret.
    ///
    /// - Parameter overlapHours: how long the replaced secret stays good.
    /// - Returns: the key with its new secret, which can be seen this one time.
    /// - Throws: ``ServiceError/notFound`` when there is no such key.
    package func rotate(
        _ id: String, overlapHours: Int = ApplicationKeyLimits.overlapHoursDefault
    ) async throws(ServiceError) -> (key: IssuedKey, stored: ApplicationKey) {
        guard 0...ApplicationKeyLimits.overlapHoursMax ~= overlapHours else {
            throw .invalid(
                field: "overlapHours",
                message: "the overlap is 0 to \(ApplicationKeyLimits.overlapHoursMax) hours")
        }
        guard IssuedKey.isID(id) else { throw .notFound }
        let key: IssuedKey
        do throws(CryptographyError) { key = try IssuedKey(.application, id: id) } catch {
            throw .internalFault("\(error)")
        }
        let end = time.now.advanced(by: .seconds(overlapHours * 3600))
        guard try await keys.load(Array(id.utf8)) != nil else { throw .notFound }
        let stored = try await audit.recording(.rotateApplicationKey, AuditTarget(keyID: id)) {
            () throws(ServiceError) in
            try await keys.update(Array(id.utf8)) { (stored) throws(ServiceError) in
                guard var changed = stored else { throw .notFound }
                changed.rotate(to: key, overlapEnd: end)
                stored = changed
                return changed
            }
        }
        return (key, stored)
    }

    /// The keys, the oldest first: all, or as many as a list may have.
    package func list() async throws(ServiceError) -> [ApplicationKey] {
        try await list(atMost: IssuedKeyLimits.listedMax)
    }

    func list(atMost countMax: Int) async throws(ServiceError) -> [ApplicationKey] {
        var found: [ApplicationKey] = []
        var position: Documents.ListPosition?
        repeat {
            let page = try await keys.ids(after: position)
            for id in page.ids {
                if let key = try await keys.load(id) { found.append(key.value) }
            }
            position = page.next
        } while position != nil && found.count < countMax
        return found.prefix(countMax).sorted { ($0.createdAt, $0.id) < ($1.createdAt, $1.id) }
    }

    /// Revokes a key; it is refused from now on.
    ///
    /// - Returns: false when there is no such key.
    package func revoke(_ id: String) async throws(ServiceError) -> Bool {
        guard IssuedKey.isID(id) else { return false }
        do throws(ServiceError) {
            guard try await keys.load(Array(id.utf8)) != nil else { return false }
        } catch {
            // A key that cannot be read is revoked all the same.
            guard case .internalFault = error else { throw error }
        }
        return try await audit.recording(.revokeApplicationKey, AuditTarget(keyID: id)) { () throws(ServiceError) in
            try await keys.remove(Array(id.utf8))
        }
    }
}
