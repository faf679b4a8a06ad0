// An application key as it is stored: hashes of its secrets, its scopes and its end. Knows no store.

package import ConnectionModel
import Cryptography
import Primitives
package import ProviderSDK
import Synchronization
package import Users

/// An application key; its secret itself is not kept.
package struct ApplicationKey: Sendable {
    package let id: String
    package let name: String
    package let scopes: Set<ApplicationScope>
    package let createdAt: Timestamp
    /// When the key ends; nil means never.
    package let expiresAt: Timestamp?
    /// The last use that was noted; uses within a minute of it are not noted.
    package private(set) var lastUsedAt: Timestamp?
    private var digest: [UInt8]
    /// The replaced secret and the moment until which it stays good.
    private var retired: (digest: [UInt8], until: Timestamp)?

    init(_ key: IssuedKey, _ new: NewApplicationKey, createdAt: Timestamp) {
        id = key.id
        name = new.name
        scopes = new.scopes
        self.createdAt = createdAt
        expiresAt = new.expiresAt
        digest = key.digest
    }

    /// When the replaced secret ends; nil when there is none.
    package var replacedSecretEndsAt: Timestamp? { retired?.until }

    /// Takes a new secret; the present one stays good until `overlapEnd`.
    mutating func rotate(to key: IssuedKey, overlapEnd: Timestamp) {
        retired = (digest, overlapEnd)
        digest = key.digest
    }

    /// Notes a use, and forgets a replaced secret that has ended.
    mutating func noteUse(at now: Timestamp) {
        lastUsedAt = max(now, lastUsedAt ?? now)
        if let retired, retired.until <= now { self.retired = nil }
    }

    /// The principal that `key` stands for; nil when it is another key, or one that has ended.
    func principal(of key: IssuedKey, at now: Timestamp) -> Principal? {
        guard id.utf8.elementsEqual(key.id.utf8) else { return nil }
        let given = key.digest
        let isRetired = retired.map { constantTimeEquals($0.digest, given) && now < $0.until } ?? false
        guard constantTimeEquals(digest, given) || isRetired else { return nil }
        return principal(at: now)
    }

    /// The principal of the key; nil when it has ended.
    func principal(at now: Timestamp) -> Principal? {
        guard expiresAt.map({ now < $0 }) ?? true else { return nil }
        return Principal(
            userID: "application:\(id)", kind: .application, sessionBinding: Principal.applicationBinding + id,
            scopes: scopes)
    }
}

/// The name, scopes and end of a new application key.
package struct NewApplicationKey: Sendable {
    package let name: String
    package let scopes: Set<ApplicationScope>
    package let expiresAt: Timestamp?

    /// - Parameters:
    ///   - scopes: nil means ``ApplicationScope/defaults``.
    ///   - lifetimeDays: nil means that the key does not end.
    /// - Throws: ``ServiceError/invalid(field:message:)`` for a name, scopes or a life that no key may have.
    package init(
        name: String, scopes: Set<ApplicationScope>? = nil, lifetimeDays: Int? = nil, at now: Timestamp
    ) throws(ServiceError) {
        guard 1...ApplicationKeyLimits.nameBytesMax ~= name.utf8.count, VisibleText.isPlain(name) else {
            throw .invalid(
                field: "name",
                message: "a name has 1 to \(ApplicationKeyLimits.nameBytesMax) bytes and no control characters")
        }
        if let scopes, scopes.isEmpty {
            throw .invalid(field: "scopes", message: "a key without scopes opens nothing: name at least one")
        }
        if let lifetimeDays, !(1...ApplicationKeyLimits.lifetimeDaysMax ~= lifetimeDays) {
            throw .invalid(
                field: "expiresInDays",
                message: "a key lives for 1 to \(ApplicationKeyLimits.lifetimeDaysMax) days")
        }
        self.name = name
        self.scopes = scopes ?? ApplicationScope.defaults
        expiresAt = lifetimeDays.map { now.advanced(by: .seconds($0 * 86_400)) }
    }
}

// MARK: Stored form

extension ApplicationKey: StoredValue {
    package init(document: [UInt8]) throws(ServiceError) {
        guard let json = try? JSONValue.parse(document, limits: .request), let key = ApplicationKey(json) else {
            throw .internalFault("A stored application key cannot be read; revoke it and create another.")
        }
        self = key
    }

    private init?(_ json: JSONValue) {
        guard let id = json["id"]?.string, IssuedKey.isID(id), let name = json["name"]?.string,
            let names = json["scopes"]?.array?.compactMap(\.string), let created = json.moment("createdAt"),
            let digest = json.digest
        else { return nil }
        self.id = id
        self.name = name
        // A scope of a later version opens nothing here.
        scopes = Set(names.compactMap(ApplicationScope.init))
        createdAt = created
        expiresAt = json.moment("expiresAt")
        // An end that cannot be read must not make a key that never ends.
        guard (expiresAt == nil) == (json["expiresAt"]?.isNull ?? true) else { return nil }
        lastUsedAt = json.moment("lastUsedAt")
        self.digest = digest
        guard let old = json["retired"], !old.isNull else { return }
        guard let digest = old.digest, let until = old.moment("until") else { return nil }
        retired = (digest, until)
    }

    package var document: [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("id", id)
            writer.member("name", name)
            writer.member("scopes", scopes.sorted().map(\.rawValue))
            writer.member("createdAt", createdAt.description)
            writer.member("expiresAt", expiresAt?.description)
            writer.member("lastUsedAt", lastUsedAt?.description)
            writer.member("sha256", Hex.encode(digest))
            if let retired {
                writer.key("retired")
                writer.object { writer in
                    writer.member("sha256", Hex.encode(retired.digest))
                    writer.member("until", retired.until.description)
                }
            }
        }
        return writer.bytes
    }
}

extension JSONValue {
    fileprivate func moment(_ name: String) -> Timestamp? { self[name]?.string.flatMap(Timestamp.init(iso8601:)) }

    fileprivate var digest: [UInt8]? {
        self["sha256"]?.string.flatMap { Hex.decode($0) }.flatMap { $0.count == 32 ? $0 : nil }
    }
}

/// An application key in memory, which remembers its last use between two notes.
final class CachedApplicationKey: StoredForm {
    let value: ApplicationKey
    /// Milliseconds since 1970 of the last use that was noted or is about to be; the least number for none.
    private let noted: Atomic<Int64>

    init(_ value: ApplicationKey) {
        self.value = value
        noted = Atomic(value.lastUsedAt?.milliseconds ?? .min)
    }

    /// Returns whether the caller is to note the use at `now`: true once in each minute.
    func claimsNote(at now: Timestamp) -> Bool {
        let last = noted.load(ordering: .relaxed)
        let (elapsed, overflows) = now.milliseconds.subtractingReportingOverflow(last)
        let isDue = overflows || elapsed < 0 || elapsed >= ApplicationKeyLimits.lastUseIntervalMilliseconds
        guard isDue else { return false }
        return noted.compareExchange(expected: last, desired: now.milliseconds, ordering: .relaxed).exchanged
    }
}
