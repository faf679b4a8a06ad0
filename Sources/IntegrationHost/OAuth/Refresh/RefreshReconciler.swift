// Replaces tokens before they end and uses those that would die of disuse, whether or not anybody syncs; tells of grants that will
// end for good. What is due is told from the connection's document alone.

import ProviderSDK
import Synchronization

/// Refreshes tokens that are due.
final class RefreshReconciler: Reconciler {
    /// Token requests at the same time.
    static let concurrentMax = 8
    /// Connections that wait for one; what finds no room is found again by the next walk.
    static let waitingMax = 4096

    private struct Due: Sendable {
        let user: String
        let connection: String
        let provider: ConfiguredProvider
    }

    private struct State {
        var waiting: [Due] = []
        var listed: Set<String> = []
        var workers = 0
    }

    private let users: UserStore
    private let registry: ProviderRegistry
    private let refresher: RefreshService
    private let log: Log
    private let state = Mutex(State())

    init(users: UserStore, registry: ProviderRegistry, refresher: RefreshService, log: Log) {
        self.users = users
        self.registry = registry
        self.refresher = refresher
        self.log = log
    }

    func reconcile(_ user: User, at now: Timestamp) async {
        for connection in user.connections where connection.status == .connected && connection.ending == nil {
            guard let provider = registry[connection.service] else { continue }
            if isNews(RefreshSchedule.deadline(connection, provider, at: now), to: connection) {
                await tell(connection, of: user, provider, at: now)
            }
            guard let oauth = provider.oauth, let dueAt = RefreshSchedule.dueAt(connection, oauth), dueAt <= now,
                connection.refresh.wait(at: now) == nil
            else { continue }
            enqueue(Due(user: user.id, connection: connection.id, provider: provider))
        }
    }

    private func enqueue(_ due: Due) {
        let startsWorker = state.withLock { state in
            guard state.waiting.count < Self.waitingMax, state.listed.insert(due.connection).inserted else {
                return false
            }
            state.waiting.append(due)
            guard state.workers < Self.concurrentMax else { return false }
            state.workers += 1
            return true
        }
        if startsWorker { Task { await self.work() } }
    }

    private func work() async {
        while let due = next() {
            // What failed is recorded with the connection and due again after its pause.
            _ = try? await refresher.accessToken(user: due.user, connection: due.connection, provider: due.provider)
            state.withLock { _ = $0.listed.remove(due.connection) }
        }
    }

    private func next() -> Due? {
        state.withLock { state in
            guard !state.waiting.isEmpty else {
                state.workers -= 1
                return nil
            }
            return state.waiting.removeFirst()
        }
    }

    private func isNews(_ deadline: GrantDeadline?, to connection: Connection) -> Bool {
        guard let deadline else { return connection.deadlineTold != nil }
        return !deadline.isSame(as: connection.deadlineTold)
    }

    /// Stores that the grant will end soon, or that it will not any more, and tells the application once of each deadline.
    private func tell(
        _ connection: Connection, of user: User, _ provider: ConfiguredProvider, at now: Timestamp
    ) async {
        do throws(ServiceError) {
            try await users.update(user.id) { (user) throws(ServiceError) in
                guard let index = user.index(of: connection.id) else { return }
                let deadline = RefreshSchedule.deadline(user.connections[index], provider, at: now)
                guard isNews(deadline, to: user.connections[index]) else { return }
                user.connections[index].deadlineTold = deadline
                guard let deadline else { return }
                try user.connections[index].emit(
                    .expiring, ["reason": .string(deadline.reason.rawValue), "expiresAt": .string("\(deadline.at)")],
                    at: now)
            }
        } catch {
            log.info(
                "The end of a grant could not be noted.",
                ["connectionId": .text(connection.id), "error": .text("\(error)")])
        }
    }
}
