// Deletes records that a provider reported as deleted, for providers whose lists do not show it. Never runs during a
// sync, because a page of the sync would restore the records.

package import ConnectionModel
package import Primitives
import ProviderSDK
package import Providers
package import RecordStore
import StoreFiles
package import Users

/// Deletes records of connections.
package struct RecordDeletions: RecordDeleting {
    package let users: UserStore
    package let registry: ProviderRegistry
    package let engine: SyncEngine
    package let records: Records
    package let vault: CredentialVault
    package let time: TimeSource

    package init(
        users: UserStore, registry: ProviderRegistry, engine: SyncEngine, records: Records, vault: CredentialVault,
        time: TimeSource
    ) {
        self.users = users
        self.registry = registry
        self.engine = engine
        self.records = records
        self.vault = vault
        self.time = time
    }

    /// Deletes the records with these provider ids.
    ///
    /// The deletion is durable on return, and can be repeated.
    package func delete(
        _ sourceIDs: [String], of name: String, _ connection: Connection, user: String
    ) async throws(ServiceError) -> RecordDeletion {
        guard let provider = registry[connection.service], connection.status == .connected,
            connection.disconnection == nil,
            let dataType = provider.dataTypes(connection.variant).first(where: { $0.name == name })
        else { return .nothing }
        let stream = StreamID(connection.id)
        var outcome = RecordDeletion.nothing
        let isIdle = try await engine.whileIdle(connection: connection.id, user: user) { () throws(ServiceError) in
            do throws(StoreError) {
                let found = try await records.state(of: stream)
                guard found?[name] != nil else { return }
                // A deleted record has no dead letter either.
                var letters = try await DeadLetterRecorder(
                    DeadLetterOrigin(
                        vault: vault, userID: user, connectionID: connection.id, pluginID: provider.id,
                        pluginVersion: provider.manifest.version, syncID: ""),
                    dataType: name, stream: stream, records: records, state: found)
                for ids in Self.parts(of: sourceIDs) {
                    let batch = batch(ids, dataType)
                    guard batch.count > 0 else { continue }
                    let now = time.now
                    for id in ids { letters.resolve(SourceRecord(.null, .deleted), sourceID: id, at: now) }
                    _ = try await records.append(batch, with: letters.take(), to: stream)
                    outcome = .deleted
                }
            } catch { throw ServiceError(error) }
            // The records of a connection that was removed meanwhile are erased already, so this erases the new ones.
            guard try await users.user(user).connection(connection.id) == nil else { return }
            do throws(StoreError) { try await records.erase(stream) } catch { throw ServiceError(error) }
        }
        return isIdle ? outcome : .busy
    }

    private func batch(_ sourceIDs: ArraySlice<String>, _ dataType: DataType) -> RecordBatch {
        let now = time.now
        var batch = RecordBatch(dataType: dataType.name)
        for sourceID in sourceIDs {
            let id = dataType.mapping.id(forSourceID: sourceID)
            guard !id.isEmpty, max(id.utf8.count, sourceID.utf8.count) <= StoreLimits.idBytesMax else { continue }
            batch.delete(
                id: Array(id.utf8), sourceID: Array(sourceID.utf8), timestampMilliseconds: now.milliseconds)
        }
        return batch
    }

    private static func parts(of ids: [String]) -> [ArraySlice<String>] {
        stride(from: 0, to: ids.count, by: RecordLimits.batchRecordsMax).map {
            ids[$0..<min(ids.count, $0 + RecordLimits.batchRecordsMax)]
        }
    }
}
