// Walks over all users again and again, so that whatever is due is found without an index that could disagree with the documents.
// Changes of a user are passed on at once. The reconcilers know what is due and do it.

package import ConnectionModel
package import Observability
package import Primitives
package import ProviderSDK

/// Brings the world in line with what a user's document says.
package protocol Reconciler: Sendable {
    /// Does or begins what is due for a user.
    ///
    /// It is called for one user after the other, so long work belongs into a queue of the reconciler's own.
    func reconcile(_ user: User, at now: Timestamp) async

    /// Notices a durable change of a user. It is called on the task that made the change, so it must be quick and must not wait.
    func userDidChange(_ user: User, at now: Timestamp)
}

extension Reconciler {
    package func userDidChange(_ user: User, at now: Timestamp) {}
}

/// A walk over all users that is repeated until it is stopped.
///
/// A walk reads every user once, O(users); memory does not grow with the users.
package final class ReconcileLoop: Sendable {
    private let walks: RepeatedWork

    /// A loop that passes changes on from now on, and walks once it is started.
    ///
    /// - Parameter pause: from the end of one walk to the beginning of the next.
    package init(users: UserStore, reconcilers: [any Reconciler], pause: Duration, time: TimeSource, log: Log) {
        let walk = Walk(users: users, reconcilers: reconcilers, time: time, log: log)
        walks = RepeatedWork(pause: pause, time: time) { await walk.run() }
        users.changes.observe { user in
            let now = time.now
            for reconciler in reconcilers { reconciler.userDidChange(user, at: now) }
        }
    }

    package func start() { walks.start() }

    /// Ends the walk under way.
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
                    // One document that cannot be read must not hide all others.
                    log.warning("Cannot read a user.", ["error": .text("\(error)")])
                }
            }
            return page.next
        }
    }
}
