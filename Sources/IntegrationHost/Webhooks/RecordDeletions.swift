// Deletes records that a provider said are gone, for providers whose lists do not show it. Never while a sync runs: what a page of it
// held would bring them back.

import DocumentStore
import Primitives
import ProviderSDK
import RecordStore
import StoreFiles

/// Deletes records of connections.
struct RecordDeletions: Sendable {
    let users: UserStore
    let engine: SyncEngine
    let records: Records
    let vault: CredentialVault
    let time: TimeSource

    /// What became of a deletion.
    enum Outcome: Sendable, Equatable {
        case deleted
        /// There is nothing of it.
        case nothing
        /// A sync runs: it is to be tried again.
        case busy
    }

    /// Deletes the records with these ids of the provider's; durable on return, and the same however often it is repeated.
    func delete(
        _ sourceIDs: [String], of name: String, _ connection: Connection, user: String, _ provider: ConfiguredProvider
    ) async throws(ServiceError) -> Outcome {
        guard connection.status == .connected, connection.disconnection == nil,
            let dataType = provider.dataTypes(connection.variant).first(where: { $0.name == name })
        else { return .nothing }
        let stream = StreamID(connection.id)
        var outcome = Outcome.nothing
        let isIdle = try await engine.whileIdle(connection: connection.id, user: user) { () throws(ServiceError) in
            do throws(StoreError) {
                let found = try await records.state(of: stream)
                guard found?[name] != nil else { return }
                // A record that is gone has no dead letter either.
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
            // A connection that was removed meanwhile has had its records erased.
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
