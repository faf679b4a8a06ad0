// Begins the syncs that are due in a user's connections: those that a stop interrupted, and those by schedule.

import Background
package import ConnectionModel
package import Observability
package import ProviderSDK
package import Providers

/// Starts and resumes syncs that are due, and cancels those of connections that ended.
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
                } else if SyncSchedule.isDue(connection, at: now), !engine.isCrowded {
                    try await start(connection, of: user)
                }
            } catch {
                // It is due again at the next look, so nothing is lost.
                log.info(
                    "A sync that is due was not begun.",
                    ["connectionId": .text(connection.id), "error": .text("\(error)")])
            }
        }
    }

    package func userDidChange(_ user: User, at now: Timestamp) { engine.userDidChange(user) }

    private func start(_ connection: Connection, of user: User) async throws(ServiceError) {
        guard let provider = registry[connection.service] else { return }
        let dataTypes = provider.grantedDataTypes(of: connection)
        guard !dataTypes.isEmpty else { return }
        _ = try await engine.start(
            user: user.id, connection: connection.id,
            SyncRequest(type: .incremental, dataTypes: dataTypes, trigger: .schedule))
    }
}
