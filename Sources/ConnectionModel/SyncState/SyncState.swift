// The sync state of a connection: its last runs, the unread changes at the provider, and the moments that the schedule uses.
// A facet without I/O. Syncs are carried out elsewhere.

package import ProviderSDK
package import StoredValues

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

/// Scheduled syncs that failed, with no success between them and after them; the moments are those of the last.
package struct FailedSyncs: Sendable, Equatable {
    package var count: Int
    @Moment package private(set) var startedAt: Timestamp
    @Moment package private(set) var endedAt: Timestamp
}

/// The syncs of a connection.
///
/// Ended syncs move to the connection's history, which is a document apart. What decisions need of them stays.
package struct SyncState: Sendable {
    /// The last syncs, newest first.
    package private(set) var runs: [SyncRun] = []
    /// What requests with an idempotency key were answered with, for syncs that have moved; newest first.
    package private(set) var answered: [SyncRun] = []
    /// The failures of syncs that have moved.
    private(set) var movedFailures: FailedSyncs?
    /// The status of the last sync; nil before the first.
    package private(set) var status: SyncStatus?
    /// When a sync last stored records.
    @OptionalMoment package private(set) var lastSyncAt: Timestamp?
    /// When the last scheduled sync started; nil when there was none.
    @OptionalMoment package private(set) var scheduledSyncAt: Timestamp?
    /// The changes at the provider that were not read yet.
    package private(set) var changes: [PendingChange] = []

    /// The run that is in progress, or was in progress when the host stopped.
    package var running: SyncRun? { runs.first { $0.status == .running } }

    /// Returns the run with this id.
    package func run(_ id: String) -> SyncRun? { runs.first { $0.id == id } }

    /// Returns the run that the same request started; nil without one.
    package func run(repeatedBy idempotency: SyncIdempotency?) throws(ServiceError) -> SyncRun? {
        for run in runs where try run.isRepeated(by: idempotency) { return run }
        for run in answered where try run.isRepeated(by: idempotency) { return run }
        return nil
    }

    /// The scheduled syncs that failed since the last success; nil when none failed.
    package var failures: FailedSyncs? {
        var found: FailedSyncs?
        for run in runs where run.status != .running && run.status != .canceled {
            guard run.status == .failed else { return found }
            guard run.trigger == .schedule else { continue }
            found = FailedSyncs(
                count: 1 + (found?.count ?? 0), startedAt: found?.startedAt ?? run.startedAt,
                endedAt: found?.endedAt ?? run.completedAt ?? run.startedAt)
        }
        guard let moved = movedFailures else { return found }
        found?.count += moved.count
        return found ?? moved
    }

    // MARK: History

    /// The ended syncs, newest first.
    package var ended: [SyncRun] { runs.filter { $0.status != .running } }

    /// Removes ended syncs that the connection's history has; one that changed since is moved later.
    mutating func moved(_ history: [SyncRun]) {
        drop(ended.filter(history.contains))
    }

    /// Removes the oldest syncs, and keeps what decisions need of them.
    private mutating func drop(_ gone: [SyncRun]) {
        guard !gone.isEmpty else { return }
        runs.removeAll { run in gone.contains { $0.id == run.id } }
        var dropped = SyncState()
        (dropped.runs, dropped.movedFailures) = (gone, movedFailures)
        movedFailures = dropped.failures
        answered = Array((gone.flatMap(\.answers) + answered).prefix(ConnectionLimits.answeredKeysMax))
    }

    /// Adds syncs of the connection's history, for readers.
    mutating func recall(_ history: [SyncRun]) {
        let known = Set(runs.map(\.id))
        runs += history.filter { !known.contains($0.id) }
        // In a restored backup the history can be ahead of the user's document.
        runs.sort { $0.startedAt > $1.startedAt }
        runs.removeLast(max(0, runs.count - ConnectionLimits.syncHistoryMax))
        (answered, movedFailures) = ([], nil)
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
        drop(Array(runs.dropFirst(ConnectionLimits.syncHistoryMax)))
        status = .running
    }

    /// Records that a request was answered with a run that another request started.
    package mutating func join(_ request: SyncIdempotency, to run: SyncRun) {
        if let index = runs.firstIndex(where: { $0.id == run.id }) { return runs[index].remember(request) }
        // It has ended and moved meanwhile.
        answered = Array(([run.answer(to: request)] + answered).prefix(ConnectionLimits.answeredKeysMax))
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
        .init(
            "answeredSyncs", omittedIf: \.answered.isEmpty,
            { $1.array(of: $0.answered) { $0.writeAnswer(to: &$1) } },
            { $0.answered = ($1.array ?? []).compactMap(SyncRun.init(answer:)) }),
        .init(
            "failedSyncs", omittedIf: { $0.movedFailures == nil }, { $0.movedFailures?.write(to: &$1) },
            { $0.movedFailures = FailedSyncs(decoding: $1) }),
    ]
}

extension FailedSyncs {
    /// Writes a short array: count, start, end.
    func write(to writer: inout JSONWriter) {
        writer.array { writer in
            writer.value(count)
            writer.value(startedAt)
            writer.value(endedAt)
        }
    }

    init?(decoding value: JSONValue) {
        guard let count = value[0]?.integer, let start = value[1]?.moment, let end = value[2]?.moment else {
            return nil
        }
        self.init(count: Int(count), startedAt: start, endedAt: end)
    }
}
