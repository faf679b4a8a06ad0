// Decides which connection delivers next when many share the places. Hosts take turns, users take turns within each
// host, and both are bounded. A host that does not answer gets one connection at a time, with growing pauses. A value
// without I/O and without a clock.

import Background
import Primitives

/// A connection with something to deliver.
struct DispatchWork: Identifiable, Sendable, Equatable {
    let user: String
    let connection: String
    /// The host and port of the endpoint.
    let host: String

    var id: String { connection }
}

/// The connections that wait for a place, and those that have one.
struct DispatchLine: WorkLine {
    /// The limits of a line.
    struct Bounds: Sendable {
        /// Connections that deliver at the same time.
        var places = NotificationLimits.concurrentMax
        /// Connections that deliver to one host at the same time.
        var placesPerHost = NotificationLimits.concurrentPerHostMax
        /// Connections of one user that deliver at the same time.
        var placesPerUser = NotificationLimits.concurrentPerUserMax
        /// Connections that wait for one host.
        var waitingPerHost = NotificationLimits.waitingPerHostMax
        /// Connections that wait.
        var waiting = NotificationLimits.waitingMax
    }

    private struct Lane {
        var queue = FairQueue<DispatchWork>()
        var active = 0
        /// Deliveries in a row that the host did not answer.
        var silences = 0
        /// The moment before which nothing is sent to the host.
        var restsUntil: MonotonicInstant?
    }

    private struct Place {
        let host: String
        let ticket: FairQueueTicket
    }

    /// Unanswered deliveries in a row after which a host gets one connection at a time, with pauses.
    static let silencesMax = 5
    /// The longest of those pauses.
    static let restMax = Duration.seconds(60)
    /// Hosts that are remembered for not answering.
    static let silentHostsMax = 4096

    private let bounds: Bounds
    private var lanes: [String: Lane] = [:]
    /// Hosts with waiting connections; the first gets the next delivery.
    private var ring: [String] = []
    private var places: [String: Place] = [:]
    private var activeByUser: [String: Int] = [:]
    /// The number of connections that have a place.
    private(set) var activeCount = 0
    /// The number of connections that wait for a place.
    var waitingCount: Int { places.count }
    /// The number of hosts that something is known of.
    var hostCount: Int { lanes.count }

    init(_ bounds: Bounds = Bounds()) { self.bounds = bounds }

    mutating func join(_ work: DispatchWork) -> Bool {
        var lane = lanes[work.host] ?? Lane()
        guard waitingCount < bounds.waiting, lane.queue.count < bounds.waitingPerHost else { return false }
        if lane.queue.isEmpty { ring.append(work.host) }
        places[work.id] = Place(host: work.host, ticket: lane.queue.join(work, share: work.user))
        lanes[work.host] = lane
        return true
    }

    mutating func leave(_ id: String) {
        guard let place = places.removeValue(forKey: id) else { return }
        lanes[place.host]?.queue.leave(place.ticket)
        guard let lane = lanes[place.host], lane.queue.isEmpty else { return }
        ring.removeAll { $0 == place.host }
        keep(lane, place.host)
    }

    mutating func next(at now: MonotonicInstant) -> NextWork<DispatchWork> {
        guard activeCount < bounds.places else { return .wait(until: nil) }
        var earliest: MonotonicInstant?
        for (position, host) in ring.enumerated() {
            guard let lane = lanes[host] else { continue }
            let isSilent = lane.silences >= Self.silencesMax
            guard lane.active < (isSilent ? 1 : bounds.placesPerHost) else { continue }
            if let rest = lane.restsUntil, rest > now {
                earliest = min(earliest ?? rest, rest)
                continue
            }
            let (byUser, most) = (activeByUser, bounds.placesPerUser)
            guard let work = lanes[host]?.queue.next(fromShares: { byUser[$0, default: 0] < most }) else { continue }
            lanes[host]?.active += 1
            ring.remove(at: position)
            if lanes[host]?.queue.isEmpty == false { ring.append(host) }
            places[work.id] = nil
            activeByUser[work.user, default: 0] += 1
            activeCount += 1
            return .begin(work)
        }
        return .wait(until: earliest)
    }

    mutating func finished(_ work: DispatchWork) {
        activeCount -= 1
        let left = activeByUser[work.user, default: 1] - 1
        activeByUser[work.user] = left > 0 ? left : nil
        guard var lane = lanes[work.host] else { return }
        lane.active -= 1
        keep(lane, work.host)
    }

    /// Records whether a host answered, with any status.
    mutating func record(isAnswered: Bool, by host: String, at now: MonotonicInstant) {
        guard var lane = lanes[host] else { return }
        if isAnswered {
            lane.silences = 0
            lane.restsUntil = nil
        } else {
            lane.silences += 1
            let surplus = lane.silences - Self.silencesMax
            if surplus >= 0 { lane.restsUntil = now + min(Self.restMax, .seconds(1) * (1 << min(surplus, 6))) }
        }
        lanes[host] = lane
    }

    /// Stores a lane, or removes it when there is nothing to remember about its host.
    private mutating func keep(_ lane: Lane, _ host: String) {
        let isIdle = lane.active == 0 && lane.queue.isEmpty
        lanes[host] = isIdle && (lane.silences == 0 || lanes.count > Self.silentHostsMax) ? nil : lane
    }
}
