// Erases the remaining records and the history of removed connections. The note is stored in the user's document, in the same write that removes
// the connection.
// A crash in between therefore leaves no unknown records behind.

import Background
import ConnectionModel
package import Observability
package import ProviderSDK
package import RecordStore
import StoreFiles
package import Users

/// A service that erases the records of removed connections.
package struct RecordErasure: Reconciler {
    package let users: UserStore
    package let sync: any SyncCanceling
    package let records: Records
    /// What else is kept of connections.
    package let others: [any ConnectionDataErasing]
    package let log: Log

    package init(
        users: UserStore, sync: any SyncCanceling, records: Records, others: [any ConnectionDataErasing] = [], log: Log
    ) {
        self.others = others
        self.users = users
        self.sync = sync
        self.records = records
        self.log = log
    }

    /// Erases the records and histories of `ids` durably, and then removes their notes.
    ///
    /// You can repeat this safely, because a connection's id is never used again.
    func erase(_ ids: [String], of userID: String) async throws(ServiceError) {
        if ids.isEmpty { return }
        for id in ids {
            // A sync finds no connection when it ends, but may write until it is stopped.
            await sync.cancel(connection: id)
            do throws(StoreError) { try await records.erase(StreamID(id)) } catch { throw ServiceError(error) }
            try await users.histories.erase(id)
            for other in others { try await other.erase(connection: id) }
        }
        try await users.update(userID) { (user) throws(ServiceError) in
            user.recordsErased(ids)
        }
    }

    package func addDue(of user: User, to moments: inout DueMoments) {
        if !user.erasures.isEmpty { moments.addNow() }
    }

    /// Continues erasures that a crash or a failure interrupted.
    package func reconcile(_ user: User, at now: Timestamp) async {
        do throws(ServiceError) { try await erase(user.erasures, of: user.id) } catch {
            log.warning(
                "The records of a removed connection could not be erased; the host will retry.",
                ["connections": .text(user.erasures.joined(separator: " ")), "error": .text("\(error)")])
        }
    }
}
