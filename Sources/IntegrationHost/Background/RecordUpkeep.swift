// Has record streams compacted that are mostly out of date, and gives back the memory of those that rest. When that is worth the
// while is the store's to know.

import DocumentStore
import ProviderSDK

/// Looks after the record streams of users.
///
/// A stream is looked at after each write too; this finds those of which a compaction failed, or could not begin because a full sync
/// was under way.
struct RecordUpkeep: UserDuty {
    let records: Records

    func attend(to user: User, at now: Timestamp) async {
        for connection in user.connections { records.compactIfWorthwhile(StreamID(connection.id)) }
        records.trimIfDue()
    }
}
