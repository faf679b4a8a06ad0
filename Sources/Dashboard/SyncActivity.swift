// How syncs ended, hour by hour, counted as it happens: no page reads users for it. SyncHours is the state, without a clock.

package import Events
package import Primitives
import Synchronization

/// The syncs of one hour.
struct SyncHour: Sendable, Equatable {
    var ended = 0
    var failed = 0
}

/// The syncs of the last hours.
struct SyncHours: Sendable {
    /// The hours since 1970 of the newest element.
    private var hour = 0
    /// The oldest first.
    private(set) var hours = [SyncHour](repeating: SyncHour(), count: DashboardLimits.chartHours)

    /// Counts a sync that ended in an hour.
    mutating func add(hasFailed: Bool, hour: Int) {
        advance(to: hour)
        let index = hours.count - 1 - (self.hour - hour)
        guard hours.indices.contains(index) else { return }
        if hasFailed { hours[index].failed += 1 } else { hours[index].ended += 1 }
    }

    /// Moves on to an hour; a clock that goes back changes nothing.
    mutating func advance(to hour: Int) {
        guard hour > self.hour else { return }
        let steps = min(hour - self.hour, hours.count)
        hours.removeFirst(steps)
        hours += [SyncHour](repeating: SyncHour(), count: steps)
        self.hour = hour
    }
}

/// What happened on the host lately.
package final class Activity: Sendable {
    private let state: Mutex<(hours: SyncHours, events: [LiveEvent])>
    private let time: TimeSource

    package init(time: TimeSource) {
        self.time = time
        state = Mutex((SyncHours(), []))
    }

    /// Takes over events.
    package func note(_ events: [LiveEvent]) {
        guard !events.isEmpty else { return }
        let hour = self.hour
        state.withLock { state in
            for event in events {
                switch event.kind {
                case .syncCompleted, .syncPartial: state.hours.add(hasFailed: false, hour: hour)
                case .syncFailed: state.hours.add(hasFailed: true, hour: hour)
                case .syncProgress, .recordsChanged: continue
                default: break
                }
                state.events.insert(event, at: 0)
            }
            state.events = Array(state.events.prefix(DashboardLimits.happeningMax))
        }
    }

    /// The syncs of the last hours, the oldest first, and the hour of the newest since 1970.
    var syncs: (hours: [SyncHour], hour: Int) {
        let hour = self.hour
        return state.withLock { state in
            state.hours.advance(to: hour)
            return (state.hours.hours, hour)
        }
    }

    /// The newest events first.
    var events: [LiveEvent] { state.withLock { $0.events } }

    private var hour: Int { Int(time.millisecondsSince1970 / 3_600_000) }
}
