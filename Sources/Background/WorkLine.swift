// The order in which ready work begins, and how much of it runs at the same time. These are values without I/O and
// without a clock.

package import Primitives

/// A line of ready work that waits to begin.
///
/// A line decides what begins next and bounds what runs. `KeyedWorkState` puts each key into it at most once.
package protocol WorkLine: Sendable {
    associatedtype Work: Identifiable & Sendable where Work.ID: Sendable

    /// Adds work behind the work it must not overtake; returns false when there is no room.
    mutating func join(_ work: Work) -> Bool

    /// Removes waiting work.
    mutating func leave(_ id: Work.ID)

    /// Removes the work that begins now and counts it as running.
    mutating func next(at now: MonotonicInstant) -> NextWork<Work>

    /// Stops counting work as running.
    mutating func finished(_ work: Work)
}

/// The next step of a line of work.
package enum NextWork<Work> {
    /// The work begins now.
    case begin(Work)
    /// Nothing begins before this moment, unless work joins or finishes. With nil there is no such moment.
    case wait(until: MonotonicInstant?)
}

extension NextWork: Equatable where Work: Equatable {}

/// A line that bounds what runs, and in which the shares take turns.
package struct FairWorkLine<Work: Identifiable & Sendable>: WorkLine where Work.ID: Sendable {
    private let runningMax: Int
    private let waitingMax: Int
    private let share: @Sendable (Work) -> String
    private var queue = FairQueue<Work>()
    private var tickets: [Work.ID: FairQueueTicket] = [:]
    private(set) var runningCount = 0

    /// Creates a line that lets `runningMax` works run.
    ///
    /// - Parameters:
    ///   - waitingMax: how many works may wait.
    ///   - share: returns the share whose turn a work takes. Without it, works begin in order of arrival.
    package init(runningMax: Int, waitingMax: Int = .max, share: @escaping @Sendable (Work) -> String = { _ in "" }) {
        self.runningMax = runningMax
        self.waitingMax = waitingMax
        self.share = share
    }

    /// The number of waiting works.
    package var count: Int { queue.count }

    package mutating func join(_ work: Work) -> Bool {
        guard queue.count < waitingMax else { return false }
        tickets[work.id] = queue.join(work, share: share(work))
        return true
    }

    package mutating func leave(_ id: Work.ID) {
        guard let ticket = tickets.removeValue(forKey: id) else { return }
        queue.leave(ticket)
    }

    package mutating func next(at now: MonotonicInstant) -> NextWork<Work> {
        guard runningCount < runningMax, let work = queue.next() else { return .wait(until: nil) }
        tickets[work.id] = nil
        runningCount += 1
        return .begin(work)
    }

    package mutating func finished(_ work: Work) { runningCount -= 1 }
}

/// A line in which providers take turns, and users take turns within each provider.
///
/// Each provider has its own places: one that does not answer delays no other.
package struct ProviderLine: WorkLine {
    private let waitingPerProviderMax: Int
    private var queue: LaneQueue<ConnectionWork>
    private var tickets: [String: LaneQueue<ConnectionWork>.Ticket] = [:]

    /// - Parameter waitingPerProviderMax: how many connections of one provider may wait.
    package init(_ bounds: LaneQueue<ConnectionWork>.Bounds, waitingPerProviderMax: Int) {
        queue = LaneQueue(bounds)
        self.waitingPerProviderMax = waitingPerProviderMax
    }

    package mutating func join(_ work: ConnectionWork) -> Bool {
        guard queue.count(of: work.service) < waitingPerProviderMax else { return false }
        tickets[work.id] = queue.join(work, lane: work.service, share: work.user)
        return true
    }

    package mutating func leave(_ id: String) {
        guard let ticket = tickets.removeValue(forKey: id) else { return }
        queue.leave(ticket)
    }

    package mutating func next(at now: MonotonicInstant) -> NextWork<ConnectionWork> {
        guard let work = queue.next() else { return .wait(until: nil) }
        tickets[work.id] = nil
        return .begin(work)
    }

    package mutating func finished(_ work: ConnectionWork) { queue.finished(work.service) }
}
