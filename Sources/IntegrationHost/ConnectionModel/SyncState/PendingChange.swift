// What a provider said has changed, until a sync has read it. The note is in the connection's own document and is taken away only by
// a sync that began after the last change: one that comes while a sync runs is read by the next. Pure.

import ProviderSDK

/// A data type with changes that are to be read.
struct PendingChange: Sendable, Equatable {
    let dataType: String
    /// The sync that began after the last change; nil while none has.
    var syncID: String?
    /// Syncs in a row that failed to read it.
    var failures = 0
    /// Before when the next one is not to begin, because the last one failed.
    var notBefore: Timestamp?

    init(dataType: String) { self.dataType = dataType }
}

extension Connection {
    /// Those of `dataTypes` whose change is not noted yet.
    func unnoted(_ dataTypes: [String]) -> [String] {
        dataTypes.filter { name in !changes.contains { $0.dataType == name && $0.syncID == nil } }
    }

    /// Notes that something changed.
    mutating func note(changesOf dataTypes: [String]) {
        for name in dataTypes {
            if let index = changes.firstIndex(where: { $0.dataType == name }) {
                changes[index].syncID = nil
            } else {
                changes.append(PendingChange(dataType: name))
            }
        }
    }

    /// The data types that a sync is to read now; none while one runs.
    func dueChanges(at now: Timestamp) -> [String] {
        guard status == .connected, ending == nil, runningSync == nil else { return [] }
        return changes.filter { $0.notBefore.map { $0 <= now } ?? true }.map(\.dataType)
    }

    /// Whether one of `dataTypes` is to be read now.
    func isDue(_ dataTypes: [String], at now: Timestamp) -> Bool {
        dueChanges(at: now).contains { dataTypes.contains($0) }
    }

    /// A sync begins: what changed before is read by it.
    mutating func changes(areReadBy run: SyncRun) {
        for index in changes.indices where run.dataTypes.contains(changes[index].dataType) {
            changes[index].syncID = run.id
        }
    }

    /// A sync ended.
    ///
    /// - Parameter read: the data types of which everything was read since it began.
    mutating func changes(wereReadBy run: SyncRun, _ outcome: SyncOutcome, read: Set<String>, at now: Timestamp) {
        func isFailed(_ name: String) -> Bool {
            outcome.status == .canceled || outcome.failures.contains { $0.dataType == name || $0.dataType.isEmpty }
        }
        changes.removeAll { change in
            change.syncID == run.id && read.contains(change.dataType) && !isFailed(change.dataType)
        }
        for index in changes.indices where changes[index].syncID == run.id {
            changes[index].syncID = nil
            guard isFailed(changes[index].dataType), outcome.status != .canceled else { continue }
            changes[index].failures += 1
            let pause = SyncSchedule.retryPause * (1 << min(changes[index].failures - 1, 10))
            changes[index].notBefore = now.advanced(by: min(SyncSchedule.retryPauseMax, pause))
        }
    }
}
