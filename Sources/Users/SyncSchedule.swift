// Computes when a connection is synced by its `syncFrequency`, from the data of its document only. Pure.

package import ConnectionModel
import Primitives
package import ProviderSDK

/// The schedule of a connection.
package enum SyncSchedule {
    /// How far in the future a past event may lie; corrections of a good clock are smaller.
    package static let clockErrorMax = Duration.seconds(600)

    /// Whether a sync is due at `now`.
    package static func isDue(_ connection: Connection, at now: Timestamp) -> Bool {
        guard connection.runningSync == nil, let due = nextDue(connection, at: now) else { return false }
        return due <= now
    }

    /// Returns when the next sync is due, or nil for a connection without a schedule.
    ///
    /// The result is in the past when a sync was missed. One sync makes up for all missed ones.
    ///
    /// Each connection has a separate moment in every period, so that syncs are spread over time.
    ///
    /// A past event with a time in the future was written by a wrong clock, and does not count.
    package static func nextDue(_ connection: Connection, at now: Timestamp) -> Timestamp? {
        guard connection.status == .connected, let period = connection.settings.syncFrequency.period else { return nil }
        let offset = fraction(connection.id)
        let believable = now.advanced(by: clockErrorMax)
        if let failures = connection.sync.failures, failures.endedAt <= believable,
            // After the account was connected again, an earlier failure says nothing about the new grant.
            connection.connectedAt.map({ $0 <= failures.startedAt }) ?? true
        {
            let pauseMax = max(ConnectionLimits.syncRetryPauseMax, period)
            let pause = min(pauseMax, ConnectionLimits.syncRetryPause * (1 << min(failures.count - 1, 10)))
            return failures.endedAt.advanced(by: pause + pause / 4 * offset)
        }
        // Manual syncs in between do not count: they may have read only part of the data.
        let happened = [connection.sync.scheduledSyncAt, connection.connectedAt ?? connection.createdAt]
        let since = happened.compactMap { $0 }.filter { $0 <= believable }.max() ?? .epoch
        return moment(after: since, period: period, phase: period * offset)
    }

    /// The first moment after `start` that lies `phase` into a period.
    private static func moment(after start: Timestamp, period: Duration, phase: Duration) -> Timestamp? {
        let length = Int64(period / .milliseconds(1))
        let first = Int64(phase / .milliseconds(1))
        let periods = (start.milliseconds - first) / length + (start.milliseconds < first ? 0 : 1)
        return Timestamp(milliseconds: periods * length + first)
    }

    /// Returns a number from 0 up to 1 that is constant for an id and evenly distributed over ids.
    package static func fraction(_ id: String) -> Double {
        var hash = FNV1a.hash(id.utf8)
        hash ^= hash >> 32
        return Double(hash & 0xFFFF_FFFF) / 4_294_967_296
    }
}

extension SyncFrequency {
    /// The interval between two syncs; nil for no schedule.
    var period: Duration? {
        switch self {
        case .manual: nil
        case .hourly: .seconds(3600)
        case .daily: .seconds(86_400)
        case .weekly: .seconds(7 * 86_400)
        }
    }
}
