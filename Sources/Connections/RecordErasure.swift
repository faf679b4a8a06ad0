// What is left to be erased of connections that are gone. The note of it is in the user's document, written with the removal of the
// connection itself, so that no crash in between leaves records behind that nobody knows of.

import Background
package import ConnectionModel
package import Observability
package import ProviderSDK
package import RecordStore
import StoreFiles

/// Erases the records of connections that were removed.
package struct RecordErasure: Reconciler {
    package let users: UserStore
    package let sync: any SyncCanceling
    package let records: Records
    package let log: Log

    package init(users: UserStore, sync: any SyncCanceling, records: Records, log: Log) {
        self.users = users
        self.sync = sync
        self.records = records
        self.log = log
    }

    /// Erases what `ids` have left, durably, and then takes the notes of it away.
    ///
    /// May be repeated; a connection's id is never used again.
    func erase(_ ids: [String], of userID: String) async throws(ServiceError) {
        if ids.isEmpty { return }
        for id in ids {
            // A sync finds no connection when it ends, but may still write until it is stopped.
            await sync.cancel(connection: id)
            do throws(StoreError) { try await records.erase(StreamID(id)) } catch { throw ServiceError(error) }
        }
        try await users.update(userID) { (user) throws(ServiceError) in
            user.recordsErased(ids)
        }
    }

    /// Goes on with what a crash or a failure interrupted.
    package func reconcile(_ user: User, at now: Timestamp) async {
        do throws(ServiceError) { try await erase(user.erasures, of: user.id) } catch {
            log.warning(
                "The records of a removed connection could not be erased; it is tried again.",
                ["connections": .text(user.erasures.joined(separator: " ")), "error": .text("\(error)")])
        }
    }
}
