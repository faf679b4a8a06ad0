// Begins the syncs that are due in a user's connections: those that a stop interrupted, and those by schedule.

import ProviderSDK

/// Starts and resumes syncs that are due, and cancels those of connections that ended.
struct SyncReconciler: Reconciler {
    let engine: SyncEngine
    let registry: ProviderRegistry
    let log: Log

    func reconcile(_ user: User, at now: Timestamp) async {
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

    func userDidChange(_ user: User, at now: Timestamp) { engine.userDidChange(user) }

    private func start(_ connection: Connection, of user: User) async throws(ServiceError) {
        guard let provider = registry[connection.service] else { return }
        let dataTypes = provider.grantedDataTypes(of: connection)
        guard !dataTypes.isEmpty else { return }
        _ = try await engine.start(
            user: user.id, connection: connection.id,
            SyncRequest(type: .incremental, dataTypes: dataTypes, trigger: .schedule))
    }
}
