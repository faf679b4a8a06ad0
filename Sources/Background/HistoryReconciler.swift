// Moves ended syncs and deliveries out of users' documents, so that a change of a user costs what it changes. Does not know what they
// are.

import ConnectionModel
package import Observability
package import Primitives
package import ProviderSDK
package import Users

/// Moves what has ended to the connections' histories.
package final class HistoryReconciler: Reconciler {
    /// A user whose document holds enough that has ended.
    struct Work: Identifiable, Sendable {
        let id: String
    }

    private let users: UserStore
    private let log: Log
    private let queue: KeyedWorkQueue<FairWorkLine<Work>>

    package init(users: UserStore, time: TimeSource, log: Log) {
        self.users = users
        self.log = log
        queue = KeyedWorkQueue(Self.line(), time: time)
        queue.start { work in
            do throws(ServiceError) { try await users.moveEnded(of: work.id) } catch {
                // Both places are sound, and the user stays due.
                log.info("Ended syncs and deliveries could not be moved; retrying.", ["error": .text("\(error)")])
            }
            return .done
        }
    }

    /// The users who wait, and those whose documents are changed now.
    static func line() -> FairWorkLine<Work> {
        FairWorkLine(
            runningMax: BackgroundLimits.historiesMovedTogetherMax, waitingMax: BackgroundLimits.historiesWaitingMax,
            share: \.id)
    }

    package func reconcile(_ user: User, at now: Timestamp) async {
        if isDue(user) { queue.schedule(Work(id: user.id)) }
    }

    package func addDue(of user: User, to moments: inout DueMoments) {
        if isDue(user) { moments.addNow() }
    }

    package func userDidChange(_ change: UserChange, at now: Timestamp) {
        // What ends at the same time moves together.
        if isDue(change.user) { queue.schedule(Work(id: change.user.id), after: BackgroundLimits.historyPause) }
    }

    /// Begins no further moves.
    package func stop() async { await queue.stop() }

    private func isDue(_ user: User) -> Bool { user.endedCount >= ConnectionLimits.endedInDocumentMax }
}
