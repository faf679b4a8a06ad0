// Begins the syncs that changes at a provider call for. What changed is noted in the connection's document, so that a restart finds
// it; when it is read is Debouncer's to say, what a sync does SyncEngine's.

import ProviderSDK
import Synchronization

/// Begins syncs of what changed.
final class ChangeSyncs: Reconciler {
    private struct State {
        var window: Debouncer
        var timer: Task<Void, Never>?
        var isStopping = false
    }

    private let users: UserStore
    private let registry: ProviderRegistry
    private let engine: SyncEngine
    private let log: Log
    private let state: Mutex<State>
    private let began = MonotonicClock.nanoseconds

    init(
        users: UserStore, registry: ProviderRegistry, engine: SyncEngine, window: Debouncer = Debouncer(),
        log: Log
    ) {
        self.users = users
        self.registry = registry
        self.engine = engine
        self.log = log
        state = Mutex(State(window: window))
        users.changes.observe { [weak self] user in self?.look(at: user, WallClock.now) }
    }

    private var now: Duration { .nanoseconds(Int64(MonotonicClock.nanoseconds - began)) }

    /// Notes that data types of a connection changed, and has them read soon; durable on return.
    ///
    /// What cannot be read with what was granted is left out, and so is everything of a connection that does not work.
    /// - Returns: whether there was anything to note.
    func note(
        _ dataTypes: [String], of connection: Connection, user userID: String, _ provider: ConfiguredProvider
    ) async throws(ServiceError) -> Bool {
        guard connection.status == .connected, connection.ending == nil else { return false }
        let granted = provider.grantedDataTypes(of: connection)
        let wanted = granted.filter(dataTypes.contains)
        guard !wanted.isEmpty else { return false }
        if connection.unnoted(wanted).isEmpty {
            // What is noted already is read by a sync that has not begun: it reads this change, too.
            wait(for: connection, of: userID, WallClock.now)
            return true
        }
        return try await users.update(userID) { (user) throws(ServiceError) -> Bool in
            guard let index = user.index(of: connection.id), user.connections[index].status == .connected,
                user.connections[index].ending == nil
            else { return false }
            user.connections[index].note(changesOf: wanted)
            return true
        }
    }

    /// Finds what a restart left, and what failed and may be tried again.
    func reconcile(_ user: User, at now: Timestamp) async { look(at: user, now) }

    private func look(at user: User, _ now: Timestamp) {
        for connection in user.connections where !connection.changes.isEmpty {
            if !connection.dueChanges(at: now).isEmpty { wait(for: connection, of: user.id, now) }
        }
    }

    private func wait(for connection: Connection, of user: String, _ moment: Timestamp) {
        let now = now
        let rest = connection.restAfterChanges(at: moment)
        state.withLock { state in
            guard !state.isStopping else { return }
            state.window.note(.init(connection: connection.id, user: user), at: now, rest: rest)
            if state.timer == nil { state.timer = Task { await self.run() } }
        }
    }

    /// Begins no further syncs.
    func stop() async {
        let timer = state.withLock { state in
            state.isStopping = true
            return state.timer
        }
        timer?.cancel()
        await timer?.value
    }

    private func run() async {
        while true {
            let now = now
            let next = state.withLock { state -> Duration? in
                guard !state.isStopping, let next = state.window.nextDue else {
                    state.timer = nil
                    return nil
                }
                return next
            }
            guard let next else { return }
            if next > now {
                try? await Task.sleep(for: max(next - now, .milliseconds(10)))
                continue
            }
            for place in state.withLock({ $0.window.takeDue(at: now) }) {
                do throws(ServiceError) { try await start(place) } catch {
                    // The note stays, and the next look at the user finds it.
                    log.info(
                        "A sync of what changed was not begun.",
                        ["connectionId": .text(place.connection), "error": .text("\(error)")])
                }
            }
        }
    }

    private func start(_ place: Debouncer.Place) async throws(ServiceError) {
        guard let connection = try await users.user(place.user).connection(place.connection),
            let provider = registry[connection.service], !engine.isCrowded
        else { return }
        guard engine.running(place.connection) == nil else {
            // One whose end is in the document already is about to give its place back.
            if connection.runningSync == nil { wait(for: connection, of: place.user, WallClock.now) }
            return
        }
        let granted = provider.grantedDataTypes(of: connection)
        let due = connection.dueChanges(at: WallClock.now).filter(granted.contains)
        guard !due.isEmpty else { return }
        _ = try await engine.start(
            user: place.user, connection: place.connection,
            SyncRequest(type: .incremental, dataTypes: due, trigger: .webhook))
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
