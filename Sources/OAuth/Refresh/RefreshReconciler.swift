// Refreshes tokens before they expire, uses tokens that would expire unused, and announces grants that end soon. It works
// without any sync; only the connection's document says what is due.

import Background
package import ConnectionModel
package import Observability
package import Primitives
package import ProviderSDK
package import Providers
package import Users

/// Refreshes tokens that are due.
package final class RefreshReconciler: Reconciler {
    private typealias Queue = KeyedWorkQueue<ProviderLine>

    /// Token requests at the same time.
    package static let concurrentMax = 512
    /// Those of one provider.
    package static let concurrentPerProviderMax = 80
    /// Those of one provider when others have taken all places.
    package static let reservedPerProvider = 8
    /// Connections of one provider that may wait for a place; the others stay due and are found again.
    package static let waitingPerProviderMax = 8192

    private let users: UserStore
    private let registry: ProviderRegistry
    private let log: Log
    private let queue: Queue

    package init(users: UserStore, registry: ProviderRegistry, refresher: RefreshService, time: TimeSource, log: Log) {
        self.users = users
        self.registry = registry
        self.log = log
        queue = Queue(Self.line(), time: time)
        queue.start { work in
            guard let provider = registry[work.service] else { return .done }
            // The failure is recorded with the connection, which is due again after the pause.
            await refresher.renew(user: work.user, connection: work.connection, provider: provider)
            return .done
        }
    }

    /// The token requests under way, and those that wait for a place.
    static func line() -> ProviderLine {
        ProviderLine(
            .init(total: concurrentMax, perLane: concurrentPerProviderMax, reservedPerLane: reservedPerProvider),
            waitingPerProviderMax: waitingPerProviderMax)
    }

    package func reconcile(_ user: User, at now: Timestamp) async {
        if user.connections.contains(where: { $0.isLapsed(at: now) }) { await recordLapses(of: user) }
        for connection in user.connections where connection.isToBeKept {
            guard let provider = registry[connection.service] else { continue }
            let oauth = provider.oauth(connection.variant)
            if isNews(RefreshSchedule.deadline(connection, oauth, at: now), to: connection) {
                await announce(connection, of: user, provider, at: now)
            }
            guard let oauth, let dueAt = RefreshSchedule.dueAt(connection, oauth), dueAt <= now,
                connection.refresh.wait(at: now) == nil
            else { continue }
            queue.schedule(ConnectionWork(connection, of: user.id))
        }
    }

    package func addDue(of connection: Connection, to moments: inout DueMoments) {
        guard connection.isToBeKept, let provider = registry[connection.service] else { return }
        let now = moments.now
        let oauth = provider.oauth(connection.variant)
        moments.add(connection.lapsesAt)
        if isNews(RefreshSchedule.deadline(connection, oauth, at: now), to: connection) {
            moments.addNow()
        } else if let soon = connection.expiresSoonFrom(oauth), soon > now {
            moments.add(soon)
        }
        guard let oauth, let due = RefreshSchedule.dueAt(connection, oauth) else { return }
        moments.add(connection.refresh.wait(at: now).map { max(now.advanced(by: $0), due) } ?? due)
    }

    /// Begins no further refreshes.
    package func stop() async { await queue.stop() }

    /// Stores that access tokens have ended, and notifies the application: every change of a user does.
    private func recordLapses(of user: User) async {
        do { try await users.update(user.id) { _ throws(ServiceError) in } } catch {
            log.info("Could not record the end of a token.", ["error": .text("\(error)")])
        }
    }

    private func isNews(_ deadline: GrantDeadline?, to connection: Connection) -> Bool {
        guard let deadline else { return connection.grant.deadline != nil }
        return !deadline.isSame(as: connection.grant.deadline)
    }

    /// Stores whether the grant ends soon, and notifies the application once for each deadline.
    private func announce(
        _ connection: Connection, of user: User, _ provider: ConfiguredProvider, at now: Timestamp
    ) async {
        do {
            try await users.update(user.id) { (user) throws(ServiceError) in
                try user.update(connection.id, where: { _ in true }) { (connection) throws(ServiceError) in
                    let deadline = RefreshSchedule.deadline(connection, provider.oauth(connection.variant), at: now)
                    if isNews(deadline, to: connection) { try connection.deadlineNoted(deadline, at: now) }
                }
            }
        } catch {
            log.info(
                "Could not record the end of a grant.",
                ["connectionId": .text(connection.id), "error": .text("\(error)")])
        }
    }
}

extension Connection {
    /// Whether the host keeps the grant alive: the connection works, or the provider will be asked once more whether it is dead.
    fileprivate var isToBeKept: Bool {
        disconnection == nil && (status == .connected || status == .expired && refresh.isDoubted)
    }
}
