// Begins the due syncs of a user's connections: interrupted ones and scheduled ones.

import Background
package import ConnectionModel
package import Observability
package import ProviderSDK
package import Providers
package import Users

/// Starts and resumes due syncs, and cancels those of connections that ended.
package struct SyncReconciler: Reconciler {
    package let engine: SyncEngine
    package let registry: ProviderRegistry
    package let log: Log

    package init(engine: SyncEngine, registry: ProviderRegistry, log: Log) {
        self.engine = engine
        self.registry = registry
        self.log = log
    }

    package func reconcile(_ user: User, at now: Timestamp) async {
        for connection in user.connections {
            do {
                if connection.runningSync != nil {
                    try await engine.resume(connection: connection.id, user: user.id)
                } else if SyncSchedule.isDue(connection, at: now), !engine.isCrowded(connection.service) {
                    try await start(connection, of: user)
                }
            } catch {
                // The sync is due again at the next walk, so nothing is lost.
                log.info(
                    "Could not begin a sync that is due.",
                    ["connectionId": .text(connection.id), "error": .text("\(error)")])
            }
        }
    }

    package func addDue(of connection: Connection, to moments: inout DueMoments) {
        // A sync that runs here is found to run. One that a stop interrupted is resumed.
        if connection.runningSync != nil {
            moments.addNow()
        } else if let due = SyncSchedule.nextDue(connection, at: moments.now),
            let provider = registry[connection.service], !provider.grantedDataTypes(of: connection).isEmpty
        {
            moments.add(due)
        }
    }

    package func userDidChange(_ change: UserChange, at now: Timestamp) { engine.userDidChange(change.user) }

    private func start(_ connection: Connection, of user: User) async throws(ServiceError) {
        guard let provider = registry[connection.service] else { return }
        let dataTypes = provider.grantedDataTypes(of: connection)
        guard !dataTypes.isEmpty else { return }
        _ = try await engine.start(
            user: user.id, connection: connection.id,
            SyncRequest(type: .incremental, dataTypes: dataTypes, trigger: .schedule))
    }
}
