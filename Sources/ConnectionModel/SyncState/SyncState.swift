// How the syncs of a connection stand: its last runs, what changed at the provider and was not read since, and the moments that the
// schedule goes by. A facet without I/O; how a sync is carried out is not known here.

package import ProviderSDK

/// How the last sync of a connection stands, as the documents name it.
package enum SyncStatus: Sendable, Hashable, RawRepresentable {
    case running, success, partial, failed, canceled
    /// A word of a version that this one does not know.
    case other(String)

    /// The word for a run in this state.
    package init(_ status: SyncRunStatus) {
        self =
            switch status {
            case .running: .running
            case .completed: .success
            case .partial: .partial
            case .failed: .failed
            case .canceled: .canceled
            }
    }

    /// The status with this stored word.
    package init(rawValue: String) {
        let known: [SyncStatus] = [.running, .success, .partial, .failed, .canceled]
        self = known.first { $0.rawValue.utf8.elementsEqual(rawValue.utf8) } ?? .other(rawValue)
    }

    package var rawValue: String {
        switch self {
        case .running: "running"
        case .success: "success"
        case .partial: "partial"
        case .failed: "failed"
        case .canceled: "canceled"
        case .other(let word): word
        }
    }
}

/// The syncs of a connection.
package struct SyncState: Sendable {
    /// The last syncs, newest first.
    private(set) var runs: [SyncRun] = []
    /// How the last one stands; nil before the first.
    package private(set) var status: SyncStatus?
    /// When a sync brought records last.
    package private(set) var lastSyncAt: Timestamp?
    /// When the last sync by schedule was begun; nil when there was none.
    private(set) var scheduledSyncAt: Timestamp?
    /// What changed at the provider and was not read since.
    package private(set) var changes: [PendingChange] = []

    /// The run that is under way, or was when the host stopped.
    package var running: SyncRun? { runs.first { $0.status == .running } }

    /// The run with this id.
    package func run(_ id: String) -> SyncRun? { runs.first { $0.id == id } }

    /// The run that was started by the same request; nil when there is none.
    package func run(repeatedBy idempotency: SyncIdempotency?) throws(ServiceError) -> SyncRun? {
        for run in runs where try run.isRepeated(by: idempotency) { return run }
        return nil
    }

    /// Those of `dataTypes` whose change is not noted yet.
    package func unnoted(_ dataTypes: [String]) -> [String] {
        dataTypes.filter { name in !changes.contains { $0.dataType == name && $0.syncID == nil } }
    }

    // MARK: Changes

    /// Notes that something changed.
    package mutating func note(changesOf dataTypes: [String]) {
        for name in dataTypes {
            if let index = changes.firstIndex(where: { $0.dataType == name }) {
                changes[index].note()
            } else {
                changes.append(PendingChange(dataType: name))
            }
        }
    }

    /// A run begins: what changed before is read by it.
    package mutating func begin(_ run: SyncRun) {
        if run.trigger == .schedule { scheduledSyncAt = run.startedAt }
        for index in changes.indices where run.dataTypes.contains(changes[index].dataType) {
            changes[index].isRead(by: run.id)
        }
        runs.insert(run, at: 0)
        runs.removeLast(max(0, runs.count - HostLimits.syncHistoryMax))
        status = .running
    }

    /// A request was answered with a run that another one had begun.
    package mutating func join(_ request: SyncIdempotency, to runID: String) {
        guard let index = runs.firstIndex(where: { $0.id == runID }) else { return }
        runs[index].remember(request)
    }

    /// A run ended.
    ///
    /// - Parameter read: the data types of which everything was read since it began.
    /// - Returns: the run; nil when it had ended before.
    package mutating func end(
        _ runID: String, _ outcome: SyncOutcome, counts: (processed: Int, synced: Int, errors: Int), read: Set<String>,
        at now: Timestamp
    ) -> SyncRun? {
        guard let index = runs.firstIndex(where: { $0.id == runID }) else { return nil }
        runs[index].count(processed: counts.processed, synced: counts.synced, errors: counts.errors)
        endChanges(readBy: runID, outcome, read: read, at: now)
        guard runs[index].status == .running else { return nil }
        runs[index].end(outcome, at: now)
        status = SyncStatus(outcome.status)
        if outcome.status == .completed || outcome.status == .partial { lastSyncAt = now }
        return runs[index]
    }

    /// Takes away the changes that a run has read; what failed is tried again after a pause.
    private mutating func endChanges(readBy runID: String, _ outcome: SyncOutcome, read: Set<String>, at now: Timestamp)
    {
        changes.removeAll { change in
            change.syncID == runID && read.contains(change.dataType) && !outcome.isFailed(change.dataType)
        }
        for index in changes.indices where changes[index].syncID == runID {
            let isFailure = outcome.isFailed(changes[index].dataType) && outcome.status != .canceled
            changes[index].wasNotRead(failed: isFailure, at: now)
        }
    }
}

// MARK: Stored form

extension SyncState {
    package static let members: [StoredMember<SyncState>] = [
        .init("lastSyncAt", { $1.value($0.lastSyncAt) }, { $0.lastSyncAt = $1.moment }),
        .init(
            "syncStatus", { $1.value($0.status?.rawValue) }, { $0.status = $1.string.map(SyncStatus.init(rawValue:)) }),
        .init(
            "scheduledSyncAt", omittedIf: { $0.scheduledSyncAt == nil }, { $1.value($0.scheduledSyncAt) },
            { $0.scheduledSyncAt = $1.moment }),
        .init(
            "changes", omittedIf: \.changes.isEmpty, { $1.array(of: $0.changes) { $0.write(to: &$1) } },
            { $0.changes = ($1.array ?? []).compactMap(PendingChange.init(decoding:)) }),
        .init(
            "syncs", { $1.array(of: $0.runs) { $0.write(to: &$1) } },
            { $0.runs = ($1.array ?? []).compactMap(SyncRun.init(decoding:)) }),
    ]
}
