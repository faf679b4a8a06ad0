// Notifies observers that a user changed, after the change is durable. Does not know what the observers do.

import Synchronization

/// The observers of changed users.
package final class UserChanges: Sendable {
    private let observers = Mutex<[@Sendable (User) -> Void]>([])

    /// Calls `observer` after each durable change, on the task that made the change.
    ///
    /// The observer must be fast and must not wait.
    package func observe(_ observer: @escaping @Sendable (User) -> Void) {
        observers.withLock { $0.append(observer) }
    }

    func notify(_ user: User) {
        for observer in observers.withLock({ $0 }) { observer(user) }
    }
}
