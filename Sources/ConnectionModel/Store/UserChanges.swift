// Tells whoever needs to know that a user was changed, after the change is durable. Knows nothing of what they do with it.

import Synchronization

/// The observers of changed users.
package final class UserChanges: Sendable {
    private let observers = Mutex<[@Sendable (User) -> Void]>([])

    /// Calls `observer` after each durable change, on the task that made it: it must be quick and must not wait.
    package func observe(_ observer: @escaping @Sendable (User) -> Void) {
        observers.withLock { $0.append(observer) }
    }

    func notify(_ user: User) {
        for observer in observers.withLock({ $0 }) { observer(user) }
    }
}
