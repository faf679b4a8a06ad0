// Compacts record streams that are mostly out of date, and frees the memory of idle streams. The store decides when
// that pays.

import ConnectionModel
package import ProviderSDK
package import RecordStore
package import Users

/// Compacts the record streams of users.
///
/// The store checks a stream after each write, too. This type finds streams whose compaction failed, or could not begin
/// because a full sync was running.
package struct CompactionReconciler: Reconciler {
    package let records: Records

    package init(records: Records) {
        self.records = records
    }

    package func reconcile(_ user: User, at now: Timestamp) async {
        for connection in user.connections { records.compactIfWorthwhile(StreamID(connection.id)) }
    }

    /// Adds nothing: a stream is checked after each write, and the walk over all users finds those whose compaction failed.
}
