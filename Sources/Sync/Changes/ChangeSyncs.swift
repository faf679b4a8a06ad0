// Begins the syncs that changes at a provider require. The connection's document records what changed, so that a
// restart finds it. Debouncer decides when to read it, SyncEngine what a sync does.

import Background
package import ConnectionModel
package import Observability
package import Primitives
package import ProviderSDK
package import Providers
import Synchronization
package import Users

/// Begins syncs of changes.
package final class ChangeSyncs: Reconciler, ChangeNoting {
    private typealias Queue = KeyedWorkQueue<FairWorkLine<ConnectionWork>>

    private let users: UserStore
    private let registry: ProviderRegistry
    private let engine: SyncEngine
    private let time: TimeSource
    private let log: Log
    private let debouncer: Mutex<Debouncer>
    private let queue: Queue

    package init(
        users: UserStore, registry: ProviderRegistry, engine: SyncEngine, debouncer: Debouncer,
        time: TimeSource, log: Log
    ) {
        self.users = users
        self.registry = registry
        self.engine = engine
        self.time = time
        self.log = log
        self.debouncer = Mutex(debouncer)
        queue = Queue(Self.line(), time: time)
        queue.start { [weak self] work in await self?.perform(work) ?? .done }
    }

    /// The connections whose syncs begin, and those that wait for that.
    static func line() -> FairWorkLine<ConnectionWork> {
        FairWorkLine(runningMax: SyncLimits.changesStartingMax, share: \.user)
    }

    /// Records that data types of a connection changed and schedules their sync; durable on return.
    ///
    /// Leaves out data types that the granted scopes cannot read, and connections that do not work.
    ///
    /// - Returns: whether there was anything to record.
    package func note(
        _ dataTypes: [String], of connection: Connection, user userID: String
    ) async throws(ServiceError) -> Bool {
        guard connection.status == .connected, connection.disconnection == nil,
            let provider = registry[connection.service]
        else { return false }
        let granted = provider.grantedDataTypes(of: connection)
        let wanted = granted.filter(dataTypes.contains)
        guard !wanted.isEmpty else { return false }
        if connection.sync.unnoted(wanted).isEmpty {
            // A sync that has not begun reads this change, too.
            schedule(connection, of: userID, at: time.now)
            return true
        }
        let noted = try await users.update(userID) { (user) throws(ServiceError) -> Connection? in
            try user.update(connection.id, where: { $0.status == .connected && $0.disconnection == nil }) {
                (connection) throws(ServiceError) in
                connection.changesNoted(of: wanted)
                return connection
            }
        }
        guard let noted else { return false }
        scheduleDue(noted, of: userID, at: time.now)
        return true
    }

    /// Finds changes that a restart left, and failed syncs that may be retried.
    package func reconcile(_ user: User, at now: Timestamp) async {
        for connection in user.connections where !connection.changes.isEmpty {
            // A look at the user is no further change, so it must not delay one that waits for a quiet time.
            guard !debouncer.withLock({ $0.isWaiting(connection.id) }) else { continue }
            scheduleDue(connection, of: user.id, at: now)
        }
    }

    package func addDue(of connection: Connection, to moments: inout DueMoments) {
        guard !connection.changes.isEmpty, let provider = registry[connection.service] else { return }
        let granted = provider.grantedDataTypes(of: connection)
        for change in connection.readableChanges where granted.contains(change.dataType) {
            moments.add(change.dueFrom(at: moments.now))
        }
    }

    package func userDidChange(_ change: UserChange, at now: Timestamp) {
        for connection in change.connections where !connection.changes.isEmpty {
            scheduleDue(connection, of: change.user.id, at: now)
        }
    }

    /// Begins no further syncs.
    package func stop() async { await queue.stop() }

    // MARK: Scheduling

    private func scheduleDue(_ connection: Connection, of user: String, at now: Timestamp) {
        if !connection.dueChanges(at: now).isEmpty { schedule(connection, of: user, at: now) }
    }

    private func schedule(_ connection: Connection, of user: String, at now: Timestamp) {
        let rest = connection.restAfterChanges(at: now)
        let instant = time.instant
        // The next walk over the users finds changes that find no room here.
        guard let due = debouncer.withLock({ $0.note(connection.id, at: instant, rest: rest) }) else { return }
        queue.schedule(ConnectionWork(connection, of: user), after: due - instant)
    }

    private func perform(_ work: ConnectionWork) async -> Queue.Outcome {
        let now = time.instant
        switch debouncer.withLock({ $0.take(work.id, at: now) }) {
        case .unknown: return .done
        case .wait(let until): return .again(after: until - now)
        case .due: break
        }
        do { try await start(work) } catch {
            // The record stays, and the next walk over the users finds it.
            log.info(
                "Could not start a sync of changes.",
                ["connectionId": .text(work.connection), "error": .text("\(error)")])
        }
        return .done
    }

    private func start(_ work: ConnectionWork) async throws(ServiceError) {
        guard let connection = try await users.user(work.user).connection(work.connection),
            let provider = registry[connection.service], !engine.isCrowded(connection.service)
        else { return }
        guard !engine.isRunning(connection: work.connection) else {
            // A run whose end is stored already is about to release the connection.
            if connection.runningSync == nil { schedule(connection, of: work.user, at: time.now) }
            return
        }
        let granted = provider.grantedDataTypes(of: connection)
        let due = connection.dueChanges(at: time.now).filter(granted.contains)
        guard !due.isEmpty else { return }
        try await engine.startChanges(user: work.user, connection: work.connection, dataTypes: due)
    }
}

extension Connection {
    /// How long the next sync of changes waits because the last one took long.
    ///
    /// At most half of the time, and of the provider's requests, goes into such syncs.
    func restAfterChanges(at now: Timestamp) -> Duration {
        guard let last = syncs.first(where: { $0.status != .running }), last.trigger == .webhook,
            let end = last.completedAt
        else { return .zero }
        let rest = min(end.duration(since: last.startedAt), SyncLimits.changesRestTimeMax)
        return min(rest, max(.zero, end.advanced(by: rest).duration(since: now)))
    }
}
