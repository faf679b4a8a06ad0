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
    /// The connections that are new or differ from those before.
    package let connections: [Connection]

    package init(before: User?, user: User, summary: UserSummary?) {
        self.before = before
        self.user = user
        self.summary = summary
        connections = before.map { Self.changed($0.connections, user.connections) } ?? user.connections
    }

    /// Both lists have the same order, so one walk finds the pairs.
    private static func changed(_ before: [Connection], _ after: [Connection]) -> [Connection] {
        var place = 0
        return after.filter { connection in
            if place < before.count, before[place].isIdentical(to: connection) {
                place += 1
                return false
            }
            guard let pair = before[place...].firstIndex(where: { $0.number == connection.number }) else { return true }
            place = pair + 1
            return !before[pair].isIdentical(to: connection)
        }
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
