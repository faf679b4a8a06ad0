// What is asked of the sync engine, and what it means beside a sync that runs or was asked for before. Pure.

package import ConnectionModel
import ProviderSDK
import Providers

/// A sync that is asked for.
package struct SyncRequest: Sendable {
    package var type: SyncType
    /// Empty means all that the provider has.
    package var dataTypes: [String] = []
    package var trigger = SyncTrigger.manual
    /// The caller's name for the request: asked again by the same name, it is the same sync.
    package var idempotencyKey: String?

    package init(
        type: SyncType, dataTypes: [String] = [], trigger: SyncTrigger = SyncTrigger.manual,
        idempotencyKey: String? = nil
    ) {
        self.type = type
        self.dataTypes = dataTypes
        self.trigger = trigger
        self.idempotencyKey = idempotencyKey
    }

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
}
