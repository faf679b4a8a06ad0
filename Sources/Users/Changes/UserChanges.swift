// Notifies observers that a user changed, after the change is durable. Does not know what the observers do.

package import ConnectionModel
import Synchronization

/// A durable change of a user.
package struct UserChange: Sendable {
    /// The user before the change; nil when nothing was stored.
    package let before: User?
    package let user: User
    /// What was stored in the head of the user's document; nil where nothing computes it.
    package let summary: UserSummary?
    /// The connections that the change adds, changes or removes.
    package let pairs: [ConnectionPair]
    /// The connections that are new or differ from those before.
    package var connections: [Connection] { pairs.compactMap(\.after) }

    package init(before: User?, user: User, summary: UserSummary?) {
        let pairs = ConnectionPair.pairs(before?.connections ?? [], user.connections)
        self.init(before: before, user: user, pairs: pairs, summary: summary)
    }

    init(before: User?, user: User, pairs: [ConnectionPair], summary: UserSummary?) {
        self.before = before
        self.user = user
        self.pairs = pairs
        self.summary = summary
    }
}

/// The observers of changed users.
package final class UserChanges: Sendable {
    private let observers = Mutex<[@Sendable (UserChange) -> Void]>([])

    /// Calls `observer` after each durable change, on the task that made the change.
    ///
    /// The observer must be fast and must not wait.
    package func observe(_ observer: @escaping @Sendable (UserChange) -> Void) {
        observers.withLock { $0.append(observer) }
    }

    func notify(_ change: UserChange) {
        for observer in observers.withLock({ $0 }) { observer(change) }
    }
}
