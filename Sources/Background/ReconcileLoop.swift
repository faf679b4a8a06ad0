// Walks over all users repeatedly to find due work, without an index that could disagree with the documents. Passes a
// change of a user on at once. The reconcilers know what is due and do it.

package import ConnectionModel
package import Observability
package import Primitives
package import ProviderSDK
package import Users

/// Brings the outside world in line with a user's document.
package protocol Reconciler: Sendable {
    /// Does or begins the work that is due for a user.
    ///
    /// The loop calls this for one user after the other, so put long work into a separate queue.
    func reconcile(_ user: User, at now: Timestamp) async

    /// Returns the earliest moment at which ``reconcile(_:at:)`` has something to do for a user; nil for never.
    ///
    /// The moment may be in the past. It depends on the user and on the host's basis (``ReconcilerAgenda/basis``) alone, because
    /// it is stored with the user. A moment that is too early costs a look at the user; one that is too late is a fault.
    func nextDue(_ user: User, at now: Timestamp) -> Timestamp?

    /// Handles a durable change of a user. The call runs on the task that made the change, so it must be quick and must
    /// not wait.
    func userDidChange(_ user: User, at now: Timestamp)
}

extension Reconciler {
    package func userDidChange(_ user: User, at now: Timestamp) {}
}

/// A repeated walk over all users.
///
/// A walk reads every user once, which takes O(users) time. Memory does not grow with the number of users.
package final class ReconcileLoop: Sendable {
    private let walks: RepeatedWork

    /// Creates a loop that passes changes on from its creation, and walks once it is started.
    ///
    /// - Parameters:
    ///   - pause: the time from the end of one walk to the beginning of the next.
    ///   - isPaused: whether changes are left to the first walk after the pause.
    package init(
        users: UserStore, reconcilers: [any Reconciler], pause: Duration, time: TimeSource, log: Log,
        isPaused: @escaping @Sendable () -> Bool = { false }
    ) {
        let walk = Walk(users: users, reconcilers: reconcilers, time: time, log: log)
        walks = RepeatedWork(pause: pause, time: time) { await walk.run() }
        users.changes.observe { change in
            guard !isPaused() else { return }
            let now = time.now
            for reconciler in reconcilers { reconciler.userDidChange(change.user, at: now) }
        }
    }

    package func start() { walks.start() }

    /// Cancels the current walk, waits for its end, and starts no other.
    package func stop() async { await walks.stop() }

    private struct Walk {
        let users: UserStore
        let reconcilers: [any Reconciler]
        let time: TimeSource
        let log: Log

        /// Walks once; cancellation ends the walk early.
        func run() async {
            do {
                var position = try await visit(after: nil)
                while let next = position, !Task.isCancelled { position = try await visit(after: next) }
            } catch {
                log.warning("Cannot list the users.", ["error": .text("\(error)")])
            }
        }

        private func visit(
            after position: UserStore.ListPosition?
        ) async throws(ServiceError) -> UserStore.ListPosition? {
            let page = try await users.userIDs(after: position)
            for id in page.ids {
                guard !Task.isCancelled else { return nil }
                do {
                    guard let stored = try await users.stored(id) else { continue }
                    let now = time.now
                    for reconciler in reconcilers { await reconciler.reconcile(stored.user, at: now) }
                } catch {
                    // One unreadable document must not hide all others.
                    log.warning("Cannot read a user.", ["error": .text("\(error)")])
                }
            }
            return page.next
        }
    }
}
