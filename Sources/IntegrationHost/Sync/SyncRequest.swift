// What is asked of the sync engine, and what it means beside a sync that runs or was asked for before. Pure.

import Cryptography
import ProviderSDK

/// Who or what asked for a sync.
enum SyncTrigger: String, Sendable, Equatable {
    /// Somebody, by a route.
    case manual
    /// The connection's `syncFrequency`.
    case schedule
    /// The provider, by a webhook.
    case webhook
}

/// A sync that is asked for.
struct SyncRequest: Sendable {
    var type: SyncType
    /// Empty means all that the provider has.
    var dataTypes: [String] = []
    var trigger = SyncTrigger.manual
    /// The caller's name for the request: asked again by the same name, it is the same sync.
    var idempotencyKey: String?

    /// What is kept of the idempotency key and of what it was used for; nil without one.
    var idempotency: SyncIdempotency? { idempotencyKey.map { SyncIdempotency(key: $0, request: self) } }
}

/// An idempotency key and the request it was used for, as digests: bounded, and nothing of the caller's is kept.
struct SyncIdempotency: Sendable, Equatable {
    /// The digest of the key, 32 hex digits.
    let key: String
    /// The digest of the request, 32 hex digits.
    let request: String

    init(key: String, request: SyncRequest) {
        self.key = Self.digest(key)
        self.request = Self.digest(([request.type.rawValue] + request.dataTypes.sorted()).joined(separator: "\n"))
    }

    /// Reads the stored form; nil when it is none.
    init?(stored: String) {
        let parts = stored.split(separator: ".")
        guard parts.count == 2 else { return nil }
        key = String(parts[0])
        request = String(parts[1])
    }

    /// The form that is stored.
    var stored: String { "\(key).\(request)" }

    private static func digest(_ text: String) -> String {
        String("\(SHA256.digest(text))".prefix(32))
    }
}

extension SyncRun {
    /// Whether this run does all that a request for these data types asks for.
    func covers(_ type: SyncType, _ dataTypes: [String]) -> Bool {
        (self.type == .full || type == .incremental) && Set(dataTypes).isSubset(of: self.dataTypes)
    }

    /// Whether a request with `idempotency` is this run asked for once more.
    ///
    /// - Throws: ``ServiceError/conflict(_:)`` when the key is the same and the request is another.
    func isRepeated(by idempotency: SyncIdempotency?) throws(ServiceError) -> Bool {
        guard let idempotency, let known = known(idempotency.key) else { return false }
        guard known.request == idempotency.request else {
            throw .conflict("The Idempotency-Key was used for another request, which was answered with \(id)")
        }
        return true
    }

    private func known(_ key: String) -> SyncIdempotency? {
        idempotency?.key == key ? idempotency : joined.first { $0.key == key }
    }

    /// Remembers a request that was answered with this run though another one had begun it.
    mutating func remember(_ request: SyncIdempotency) {
        guard known(request.key) == nil else { return }
        joined.append(request)
        joined.removeFirst(max(0, joined.count - HostLimits.joinedKeysMax))
    }

    /// The run, when it already does what a request asks for.
    ///
    /// - Throws: ``ServiceError/conflict(_:)`` when it does something else.
    func joined(by type: SyncType, _ dataTypes: [String]) throws(ServiceError) -> SyncRun {
        guard covers(type, dataTypes) else {
            throw .conflict(
                "\(id) is running, which is \(self.type == .full ? "a full" : "an incremental") sync of "
                    + "\(self.dataTypes.joined(separator: ", ")): ask again when it has ended")
        }
        return self
    }
}

extension ConfiguredProvider {
    /// The data types that a request for `names` syncs; empty means all.
    ///
    /// - Throws: ``ServiceError`` for a data type that does not exist or whose scope was not granted.
    func syncedDataTypes(_ names: [String], of connection: Connection) throws(ServiceError) -> [String] {
        let available = dataTypes(connection.variant)
        var seen: Set<String> = []
        let wanted = names.isEmpty ? available.map(\.name) : names.filter { seen.insert($0).inserted }
        for name in wanted {
            guard let dataType = available.first(where: { $0.name == name }) else {
                throw .invalid(field: "dataTypes", message: "\(manifest.name) has no data type “\(name)”")
            }
            let missing = manifest.scopes.missing(dataType.scopes, granted: connection.grantedScopes)
            guard missing.isEmpty else {
                throw .forbidden(
                    "Syncing \(name) needs the scope \(missing.joined(separator: ", ")), which was not granted")
            }
        }
        guard !wanted.isEmpty else {
            throw .invalid(field: "dataTypes", message: "\(manifest.name) has nothing to sync")
        }
        return wanted
    }

    /// The data types of a connection that can be synced with what was granted.
    func grantedDataTypes(of connection: Connection) -> [String] {
        dataTypes(connection.variant).filter { type in
            manifest.scopes.missing(type.scopes, granted: connection.grantedScopes).isEmpty
        }.map(\.name)
    }
}
