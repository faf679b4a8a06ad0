// Feeds the live events: changes of users as they happen, and the counts of running syncs once a second while someone reads.

import Background
import ConnectionModel
import Dashboard
import Events
import Primitives
import Sync
import Synchronization
import Users

/// The sources of live events.
final class LiveEvents: Sendable {
    private let hub: EventHub
    private let users: UserStore
    private let sync: SyncEngine
    private let time: TimeSource
    private let progress = Mutex(ProgressEvents())

    init(hub: EventHub, activity: Activity, users: UserStore, sync: SyncEngine, time: TimeSource) {
        self.hub = hub
        self.users = users
        self.sync = sync
        self.time = time
        users.changes.observe { [hub] change in
            let events = ConnectionEvents.events(change)
            hub.publish(events)
            activity.note(events)
        }
    }

    /// Publishes what running syncs have read, and attends to the readers.
    func tick() {
        hub.tick()
        guard hub.readerCount > 0 else { return }
        let (running, now) = (sync.running.compactMap(counts), time.now)
        hub.publish(progress.withLock { $0.look(at: running, at: now) })
    }

    /// The counts of a sync; nil when its user is not in memory.
    private func counts(_ connectionID: String, _ sync: OccupyingSync) -> SyncCounts? {
        guard let connection = users.cached(sync.userID)?.user.connection(connectionID) else { return nil }
        let (counts, snapshot) = (sync.progress.counts, sync.progress.snapshot)
        return SyncCounts(
            syncID: sync.run.id, connectionID: connectionID, service: connection.service, userID: sync.userID,
            dataType: snapshot.dataType, processed: counts.processed, estimate: snapshot.estimate,
            errors: counts.errors,
            wait: snapshot.wait?.rawValue)
    }
}
