// The live events of running syncs: what their counts have become since the last look. A value without I/O and without a clock.

package import ProviderSDK

/// The counts of a running sync.
package struct SyncCounts: Sendable, Equatable {
    package let syncID: String
    package let connectionID: String
    package let service: String
    package let userID: String
    package let dataType: String?
    package let processed: Int
    /// The number of records that the provider reports; nil when it reports none.
    package let estimate: Int?
    package let errors: Int
    /// Why it waits; nil while it works.
    package let wait: String?

    package init(
        syncID: String, connectionID: String, service: String, userID: String, dataType: String?, processed: Int,
        estimate: Int?, errors: Int, wait: String?
    ) {
        self.syncID = syncID
        self.connectionID = connectionID
        self.service = service
        self.userID = userID
        self.dataType = dataType
        self.processed = processed
        self.estimate = estimate
        self.errors = errors
        self.wait = wait
    }
}

/// What was last seen of running syncs.
package struct ProgressEvents: Sendable {
    private var seen: [String: SyncCounts] = [:]

    package init() {}

    /// Returns the events of what changed since the last look.
    package mutating func look(at running: [SyncCounts], at now: Timestamp) -> [LiveEvent] {
        let events = running.filter { seen[$0.syncID] != $0 }.map { counts in
            LiveEvent(
                .syncProgress, of: counts.connectionID, service: counts.service, user: counts.userID,
                [
                    "syncId": .string(counts.syncID), "dataType": counts.dataType.map { .string($0) } ?? .null,
                    "recordsProcessed": .number(JSONNumber(counts.processed)),
                    "estimatedRecords": counts.estimate.map { .number(JSONNumber($0)) } ?? .null,
                    "errors": .number(JSONNumber(counts.errors)),
                    "waitingFor": counts.wait.map { .string($0) } ?? .null,
                ], at: now)
        }
        seen = Dictionary(running.map { ($0.syncID, $0) }) { $1 }
        return events
    }
}
