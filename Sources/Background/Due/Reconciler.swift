// A kind of background work: what is due for a user, and doing it. Each kind is a separate type.

package import ConnectionModel
package import ProviderSDK
package import Users

/// Brings the outside world in line with a user's document.
package protocol Reconciler: Sendable {
    /// Does or begins the work that is due for a user.
    ///
    /// The loop calls this for one user after the other, so put long work into a separate queue.
    func reconcile(_ user: User, at now: Timestamp) async

    /// Adds the moments at which ``reconcile(_:at:)`` has something to do for what a user has besides connections.
    ///
    /// They depend on the user and on the host's basis (``ReconcilerAgenda/basis``) alone, because the earliest is stored with
    /// the user. A moment that is too early costs a look at the user; one that is too late is a fault.
    func addDue(of user: User, to moments: inout DueMoments)

    /// Adds the moments at which ``reconcile(_:at:)`` has something to do for one connection.
    ///
    /// They depend on the connection and on the basis alone: they are computed again only when one of them changes.
    func addDue(of connection: Connection, to moments: inout DueMoments)

    /// Takes note of a user that was found after the start; nothing but the summary was read.
    func userWasFound(_ id: String, _ summary: UserSummary)

    /// Handles a durable change of a user. The call runs on the task that made the change, so it must be quick and must
    /// not wait.
    func userDidChange(_ change: UserChange, at now: Timestamp)
}

extension Reconciler {
    package func addDue(of user: User, to moments: inout DueMoments) {}
    package func addDue(of connection: Connection, to moments: inout DueMoments) {}
    package func userWasFound(_ id: String, _ summary: UserSummary) {}
    package func userDidChange(_ change: UserChange, at now: Timestamp) {}
}
