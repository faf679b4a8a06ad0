// The end of a full read: the fate of the stored records that it did not meet. AbsencePolicy decides; this file
// counts, marks and commits.

import ConnectionModel
import ProviderSDK
import RecordStore
import StoreFiles

extension PageSync {
    /// Makes a full read visible, and settles what it did not meet.
    ///
    /// - Returns: the last checkpoint.
    func commit(
        _ generation: Generation, after walk: SyncCheckpoint, proved end: WalkCompleteness.End,
        with ended: CompanionBatch?
    ) async throws(StoreError) -> SyncCheckpoint {
        var done = walk
        let marks = MissingMarks(records: records, stream: stream, dataType: dataType.name)
        let earlier = walk.missingSince
        let unmet: UnmetPolicy
        if end == .complete {
            unmet = try await settle(generation, &done, marks)
        } else {
            done.absences = AbsenceReport(
                kept: try await records.unmetCount(of: generation), reason: AbsenceReport.Reason(end))
            unmet = .all(.kept)
        }
        done.finish(begun: walk.begun ?? startedAt, at: time.now, isComplete: end == .complete)
        _ = try await records.commit(
            generation, checkpoint: done.encoded, timestampMilliseconds: time.now.milliseconds, unmet: unmet,
            with: ended)
        if earlier != nil, earlier != done.missingSince {
            try await marks.clear(except: done.missingSince ?? "", at: time.now)
        }
        return done
    }

    /// Decides the fate of the records that a complete read did not meet.
    private func settle(
        _ generation: Generation, _ done: inout SyncCheckpoint, _ marks: MissingMarks
    ) async throws(StoreError) -> UnmetPolicy {
        // Each unmet record may be one that has no id this time.
        guard done.unidentified == 0 else { return .all(.kept) }
        guard try await records.unmetCount(of: generation) > 0 else {
            done.missingSince = nil
            done.absences = AbsenceReport()
            return .all(.deleted)
        }
        let name = dataType.name
        let known = if let earlier = done.missingSince { try await marks.load(of: earlier) } else { Set<UInt64>() }
        let policy = AbsencePolicy(
            view: AbsencePolicy.View(
                coverage: done.coverage, window: dataType.window, met: done.processed, oldest: done.oldest,
                now: time.now)
        ) { record in
            !known.isEmpty && known.contains(MissingMarks.number(MissingMarks.mark(record.id, of: name)))
        }
        let count = try await records.surveyUnmet(of: generation, into: AbsencePolicy.Count()) { count, record in
            policy.count(record, into: &count)
        }
        let stored = try await records.state(of: stream)?[name]?.recordCount ?? 0
        let isMass = AbsencePolicy.isMass(count, of: stored)
        if isMass {
            let missing = try await records.surveyUnmet(of: generation, into: [[UInt8]]()) { missing, record in
                if policy.fate(of: record, keepsMissing: true) == .kept, policy.place(of: record) == .inside {
                    missing.append(record.id)
                }
            }
            // They count as marked only once this sync's checkpoint is there.
            try await marks.set(missing, by: syncID, at: time.now)
        }
        done.missingSince = isMass ? syncID : nil
        done.absences = AbsenceReport(
            kept: isMass ? count.missing : 0, reason: isMass ? .mass : nil, lost: count.lost)
        return .each { policy.fate(of: $0, keepsMissing: isMass) }
    }
}

extension AbsenceReport.Reason {
    /// Why the missing records of a walk with this end stay; nil when they do not.
    init?(_ end: WalkCompleteness.End) {
        switch end {
        case .moved: self = .moved
        case .unproven: self = .unproven
        case .complete, .restart: return nil
        }
    }
}

extension ReadWindow {
    /// The field of the normalised record that the window is by; nil when it is by a condition.
    var field: String? {
        switch self {
        case .newest(_, let field), .recent(_, let field): field
        default: nil
        }
    }
}
