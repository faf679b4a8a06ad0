// Finishes authorizations whose account is not known yet, and removes connections that were never completed. Only the
// connection's document says what is due.

import Background
package import ConnectionModel
package import Observability
package import Primitives
package import ProviderSDK
package import Providers
package import Users

/// Finishes authorizations that were interrupted, and removes connections that were never completed.
package final class UnidentifiedGrantReconciler: Reconciler {
    private typealias Queue = KeyedWorkQueue<ProviderLine>

    /// Authorizations that are finished at the same time.
    package static let concurrentMax = 32
    /// Those of one provider.
    package static let concurrentPerProviderMax = 4
    /// Those of one provider when others have taken all places.
    package static let reservedPerProvider = 1
    /// Connections of one provider that may wait for a place; the others stay due and are found again.
    package static let waitingPerProviderMax = 1024

    private let users: UserStore
    private let log: Log
    private let queue: Queue

    package init(
        users: UserStore, registry: ProviderRegistry, oauth: OAuthService, refresher: RefreshService,
        time: TimeSource, log: Log
    ) {
        self.users = users
        self.log = log
        queue = Queue(Self.line(), time: time)
        queue.start { work in
            do throws(ServiceError) {
                guard let provider = registry[work.service],
                    let connection = try await users.user(work.user).connection(work.connection),
                    connection.isToBeFinished(at: time.now)
                else { return .done }
                _ = try await oauth.finish(
                    work.connection, of: work.user, provider,
                    credentials: refresher.source(
                        user: work.user, connection: work.connection, provider: provider))
            } catch {
                // It is recorded with the connection and due again later.
                log.info(
                    "An authorization could not be finished.",
                    ["connectionId": .text(work.connection), "error": .text("\(error)")])
            }
            return .done
        }
    }

    /// The authorizations under way, and those that wait for a place.
    static func line() -> ProviderLine {
        ProviderLine(
            .init(total: concurrentMax, perLane: concurrentPerProviderMax, reservedPerLane: reservedPerProvider),
            waitingPerProviderMax: waitingPerProviderMax)
    }

    package func reconcile(_ user: User, at now: Timestamp) async {
        for connection in user.connections where connection.isToBeFinished(at: now) {
            queue.schedule(ConnectionWork(connection, of: user.id))
        }
        var pruned = user
        pruned.removeStale(at: now)
        guard pruned.connections.count < user.connections.count else { return }
        do {
            try await users.update(user.id) { (user) throws(ServiceError) in user.removeStale(at: now) }
        } catch {
            log.info("Connections that were never completed could not be removed.", ["error": .text("\(error)")])
        }
    }

    package func addDue(of connection: Connection, to moments: inout DueMoments) {
        moments.add(connection.staleAt)
        if connection.disconnection == nil { moments.add(connection.grant.unidentified?.dueFrom(at: moments.now)) }
    }

    /// Starts no further work.
    package func stop() async { await queue.stop() }
}

extension Connection {
    /// Whether the account of its grant is not known yet and the provider may be asked for it now.
    fileprivate func isToBeFinished(at now: Timestamp) -> Bool {
        guard disconnection == nil, let unidentified = grant.unidentified else { return false }
        return unidentified.isDue(at: now)
    }
}
