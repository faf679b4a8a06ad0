// Begins the syncs that changes at a provider call for. What changed is noted in the connection's document, so that a restart finds
// it. Debouncer decides when it is read, any ChangeSyncing what a sync does.

import Background
package import ConnectionModel
package import Observability
package import Primitives
package import ProviderSDK
package import Providers
import Synchronization

/// Begins syncs of what changed.
package final class ChangeSyncs: Reconciler {
    private typealias Queue = KeyedWorkQueue<FairWorkLine<ConnectionWork>>

    private let users: UserStore
    private let registry: ProviderRegistry
    private let engine: any ChangeSyncing
    private let time: TimeSource
    private let log: Log
    private let debouncer: Mutex<Debouncer>
    private let queue: Queue

    package init(
        users: UserStore, registry: ProviderRegistry, engine: any ChangeSyncing, debouncer: Debouncer = Debouncer(),
        time: TimeSource, log: Log
    ) {
        self.users = users
        self.registry = registry
        self.engine = engine
        self.time = time
        self.log = log
        self.debouncer = Mutex(debouncer)
        queue = Queue(FairWorkLine(runningMax: IncomingLimits.startingSyncsMax, share: \.user), time: time)
        queue.start { [weak self] work in await self?.perform(work) ?? .done }
    }

    /// Notes that data types of a connection changed, and has them read soon; durable on return.
    ///
    /// Data types that cannot be read with the granted scopes are left out, and so is a connection that does not work.
    /// - Returns: whether there was anything to note.
    package func note(
        _ dataTypes: [String], of connection: Connection, user userID: String, _ provider: ConfiguredProvider
    ) async throws(ServiceError) -> Bool {
        guard connection.status == .connected, connection.disconnection == nil else { return false }
        let granted = provider.grantedDataTypes(of: connection)
        let wanted = granted.filter(dataTypes.contains)
        guard !wanted.isEmpty else { return false }
        if connection.sync.unnoted(wanted).isEmpty {
            // What is noted already is read by a sync that has not begun: it reads this change, too.
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

    /// Finds what a restart left, and what failed and may be tried again.
    package func reconcile(_ user: User, at now: Timestamp) async { userDidChange(user, at: now) }

    package func userDidChange(_ user: User, at now: Timestamp) {
        for connection in user.connections where !connection.changes.isEmpty {
            scheduleDue(connection, of: user.id, at: now)
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
        // What finds no room is found by the next walk over the users.
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
            // The note stays, and the next walk over the users finds it.
            log.info(
                "A sync of what changed was not begun.",
                ["connectionId": .text(work.connection), "error": .text("\(error)")])
        }
        return .done
    }

    private func start(_ work: ConnectionWork) async throws(ServiceError) {
        guard let connection = try await users.user(work.user).connection(work.connection),
            let provider = registry[connection.service], !engine.isCrowded
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
    /// How long the next sync of changes has to wait because the last one took long: at most half of the time, and of the provider's
    /// requests, goes into them.
    func restAfterChanges(at now: Timestamp) -> Duration {
        guard let last = syncs.first(where: { $0.status != .running }), last.trigger == .webhook,
            let end = last.completedAt
        else { return .zero }
        let rest = min(end.duration(since: last.startedAt), IncomingLimits.restTimeMax)
        return min(rest, max(.zero, end.advanced(by: rest).duration(since: now)))
    }
}
