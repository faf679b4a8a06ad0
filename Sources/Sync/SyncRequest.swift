// A request to the sync engine, and its meaning beside a running or earlier sync. Pure.

package import ConnectionModel
import ProviderSDK
import Providers

/// A request for a sync.
package struct SyncRequest: Sendable {
    package var type: SyncType
    /// The requested data types; empty means all that the provider has.
    package var dataTypes: [String] = []
    package var trigger = SyncTrigger.manual
    /// The caller's key for the request.
    ///
    /// A repeated request with the same key returns the same sync.
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

    /// The stored form of the idempotency key and its use; nil without a key.
    var idempotency: SyncIdempotency? {
        idempotencyKey.map { SyncIdempotency(key: $0, type: type, dataTypes: dataTypes) }
    }
}

extension ConfiguredProvider {
    /// Returns the data types that a request for `names` syncs; empty means all.
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
            let missing = scopes(connection.variant).missing(dataType.scopes, granted: connection.grantedScopes)
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
