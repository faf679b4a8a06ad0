// The sync state of a connection: its last runs, the unread changes at the provider, and the moments that the schedule uses.
// A facet without I/O. Syncs are carried out elsewhere.

package import ProviderSDK

/// The status of the last sync of a connection, as the API documents name it.
package enum SyncStatus: Sendable, Hashable, RawRepresentable {
    case running, success, partial, failed, canceled
    /// A word from another version that this version does not know.
    case other(String)

    /// Returns the word for a run in this state.
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
    /// The status of the last sync; nil before the first.
    package private(set) var status: SyncStatus?
    /// When a sync last stored records.
    package private(set) var lastSyncAt: Timestamp?
    /// When the last scheduled sync started; nil when there was none.
    private(set) var scheduledSyncAt: Timestamp?
    /// The changes at the provider that were not read yet.
    package private(set) var changes: [PendingChange] = []

    /// The run that is in progress, or was in progress when the host stopped.
    package var running: SyncRun? { runs.first { $0.status == .running } }

    /// Returns the run with this id.
    package func run(_ id: String) -> SyncRun? { runs.first { $0.id == id } }

    /// Returns the run that the same request started; nil when there is none.
    package func run(repeatedBy idempotency: SyncIdempotency?) throws(ServiceError) -> SyncRun? {
        for run in runs where try run.isRepeated(by: idempotency) { return run }
        return nil
    }

    /// Returns those of `dataTypes` whose change is not recorded yet.
    package func unnoted(_ dataTypes: [String]) -> [String] {
        dataTypes.filter { name in !changes.contains { $0.dataType == name && $0.syncID == nil } }
    }

    // MARK: Changes

    /// Records that something changed.
    package mutating func note(changesOf dataTypes: [String]) {
        for name in dataTypes {
            if let index = changes.firstIndex(where: { $0.dataType == name }) {
                changes[index].note()
            } else {
                changes.append(PendingChange(dataType: name))
            }
        }
    }

    /// Records the start of a run; it reads all earlier changes.
    package mutating func begin(_ run: SyncRun) {
        if run.trigger == .schedule { scheduledSyncAt = run.startedAt }
        for index in changes.indices where run.dataTypes.contains(changes[index].dataType) {
            changes[index].isRead(by: run.id)
        }
        runs.insert(run, at: 0)
        runs.removeLast(max(0, runs.count - ConnectionLimits.syncHistoryMax))
        status = .running
    }

    /// Records that a request was answered with a run that another request started.
    package mutating func join(_ request: SyncIdempotency, to runID: String) {
        guard let index = runs.firstIndex(where: { $0.id == runID }) else { return }
        runs[index].remember(request)
    }

    /// Records the end of a run.
    ///
    /// - Parameter read: the data types that were read completely since the run started.
    /// - Returns: the run; nil when it had already ended.
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

    /// Removes the changes that a run has read; data types that failed are retried after a pause.
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
