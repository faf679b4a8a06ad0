// What is asked of the sync engine, and what it means beside a sync that runs or was asked for before. Pure.

import ProviderSDK

/// A sync that is asked for.
struct SyncRequest: Sendable {
    var type: SyncType
    /// Empty means all that the provider has.
    var dataTypes: [String] = []
    var trigger = SyncTrigger.manual
    /// The caller's name for the request: asked again by the same name, it is the same sync.
    var idempotencyKey: String?

    /// What is kept of the idempotency key and of what it was used for; nil without one.
    var idempotency: SyncIdempotency? {
        idempotencyKey.map { SyncIdempotency(key: $0, type: type, dataTypes: dataTypes) }
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
