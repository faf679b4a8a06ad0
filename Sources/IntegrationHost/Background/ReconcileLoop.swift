// Walks over all users, again and again, so that whatever is due is found without an index that could disagree with the documents.
// What is due, and what is done about it, is known by the reconcilers.

import ProviderSDK

/// Brings the world in line with what a user's document says.
protocol Reconciler: Sendable {
    /// Does or begins what is due for a user.
    ///
    /// It is called for one user after the other, so long work belongs into a task of its own.
    func reconcile(_ user: User, at now: Timestamp) async
}

/// A walk over all users.
///
/// It reads every user once, O(users); memory does not grow with the users.
struct ReconcileLoop: Sendable {
    let users: UserStore
    let reconcilers: [any Reconciler]
    let log: Log

    /// Walks once; cancellation ends the walk early.
    func run() async {
        do throws(ServiceError) { try await walk() } catch {
            log.warning("Users could not be looked through.", ["error": .text("\(error)")])
        }
    }

    private func walk() async throws(ServiceError) {
        var position = try await visit(after: nil)
        while let next = position, !Task.isCancelled { position = try await visit(after: next) }
    }

    private func visit(
        after position: UserStore.ListPosition?
    ) async throws(ServiceError) -> UserStore.ListPosition? {
        let page = try await users.userIDs(after: position)
        for id in page.ids {
            guard !Task.isCancelled else { return nil }
            do throws(ServiceError) {
                guard let stored = try await users.stored(id) else { continue }
                let now = WallClock.now
                for reconciler in reconcilers { await reconciler.reconcile(stored.user, at: now) }
            } catch {
                // One document that cannot be read must not hide all others.
                log.warning("A user could not be looked at.", ["error": .text("\(error)")])
            }
        }
        return page.next
    }
}
