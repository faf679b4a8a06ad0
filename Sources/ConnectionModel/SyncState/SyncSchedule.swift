// When a connection is to be synced by its `syncFrequency`, from nothing but what its document says. Pure.

import Primitives
package import ProviderSDK

/// The schedule of a connection.
package enum SyncSchedule {
    /// Pause after the first failed sync in a row; each further one doubles it.
    static let retryPause = Duration.seconds(15 * 60)
    /// The longest pause between a failed sync and the next, unless the connection is synced even less often.
    package static let retryPauseMax = Duration.seconds(86_400)

    /// How far in the future something may lie that happened: clocks that are kept right are set back by less.
    static let clockErrorMax = Duration.seconds(600)

    /// Whether a sync is due at `now`.
    package static func isDue(_ connection: Connection, at now: Timestamp) -> Bool {
        guard connection.runningSync == nil, let due = nextDue(connection, at: now) else { return false }
        return due <= now
    }

    /// When the next sync is due; in the past when one was missed, however many: they are made up for by one.
    ///
    /// Nil for a connection that is not synced by itself.
    ///
    /// Each connection has moments of its own, one in every period, so that connections spread over the time.
    ///
    /// A moment in the future at which something is said to have happened was written by a clock that was wrong, and does not count.
    package static func nextDue(_ connection: Connection, at now: Timestamp) -> Timestamp? {
        guard connection.status == .connected, let period = connection.settings.syncFrequency.period else { return nil }
        let offset = fraction(connection.id)
        let believable = now.advanced(by: clockErrorMax)
        if let (failures, last) = failuresInARow(connection), last <= believable {
            let pauseMax = max(retryPauseMax, period)
            let pause = min(pauseMax, retryPause * (1 << min(failures - 1, 10)))
            return last.advanced(by: pause + pause / 4 * offset)
        }
        // What was synced by hand in between does not count: it may have been less than everything.
        let happened = [connection.sync.scheduledSyncAt, connection.connectedAt ?? connection.createdAt]
        let since = happened.compactMap { $0 }.filter { $0 <= believable }.max() ?? .epoch
        return moment(after: since, period: period, phase: period * offset)
    }

    /// How many scheduled syncs failed since anything succeeded, and when the last of them ended; nil when none did.
    private static func failuresInARow(_ connection: Connection) -> (count: Int, last: Timestamp)? {
        let ended = connection.syncs.filter { $0.status != .running && $0.status != .canceled }
        let failed = ended.prefix { $0.status == .failed }.filter { $0.trigger == .schedule }
        guard let last = failed.first else { return nil }
        // Connected again since: what went wrong before says nothing about the new grant.
        if let connectedAt = connection.connectedAt, connectedAt > last.startedAt { return nil }
        return (failed.count, last.completedAt ?? last.startedAt)
    }

    /// The first moment after `start` that is `phase` into a period.
    private static func moment(after start: Timestamp, period: Duration, phase: Duration) -> Timestamp? {
        let length = Int64(period / .milliseconds(1))
        let first = Int64(phase / .milliseconds(1))
        let periods = (start.milliseconds - first) / length + (start.milliseconds < first ? 0 : 1)
        return Timestamp(milliseconds: periods * length + first)
    }

    /// A number from 0 up to 1 that is always the same for an id, and evenly spread over ids.
    package static func fraction(_ id: String) -> Double {
        var hash = FNV1a.hash(id.utf8)
        hash ^= hash >> 32
        return Double(hash & 0xFFFF_FFFF) / 4_294_967_296
    }
}

extension SyncFrequency {
    /// The time from one sync to the next; nil for never.
    var period: Duration? {
        switch self {
        case .manual: nil
        case .hourly: .seconds(3600)
        case .daily: .seconds(86_400)
        case .weekly: .seconds(7 * 86_400)
        }
    }
}
