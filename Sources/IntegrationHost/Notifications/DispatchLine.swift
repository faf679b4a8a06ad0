// Which connection delivers next where many share the places: hosts take turns, users take turns within each, both are bounded, and a
// host that does not answer is asked ever more seldom. A value without I/O and without a clock.

import ProviderSDK

/// A connection with something to deliver.
struct DispatchWork: Sendable, Equatable {
    let user: String
    let connection: String
    /// Host and port.
    let host: String
}

/// Connections that wait for a place, and those that have one.
struct DispatchLine {
    /// The bounds of a line.
    struct Bounds: Sendable {
        /// Places at the same time.
        var places = HostLimits.concurrentWebhooksMax
        /// Of those, for one host.
        var placesPerHost = HostLimits.concurrentWebhooksPerHostMax
        /// Of those, for one user.
        var placesPerUser = HostLimits.concurrentWebhooksPerUserMax
        /// Connections that wait for one host.
        var waitingPerHost = HostLimits.webhooksWaitingPerHostMax
        /// Connections that wait.
        var waiting = HostLimits.webhooksWaitingMax
    }

    private struct Lane {
        var line = FairLine<DispatchWork>()
        var active = 0
        /// Deliveries in a row that the host did not answer.
        var silences = 0
        /// Before when it is not asked again.
        var restsUntil: Timestamp?
    }

    /// Unanswered deliveries in a row from which on a host is asked by one connection at a time, with pauses.
    static let silencesMax = 5
    /// The longest of those pauses.
    static let restMax = Duration.seconds(60)
    /// Hosts that are remembered for not having answered.
    static let silentHostsMax = 4096

    private let bounds: Bounds
    private var lanes: [String: Lane] = [:]
    /// Hosts for which somebody waits; the first is asked first.
    private var ring: [String] = []
    private var activeByUser: [String: Int] = [:]
    /// Connections that have a place.
    private(set) var activeCount = 0
    /// Connections that wait for one.
    private(set) var waitingCount = 0

    init(_ bounds: Bounds = Bounds()) { self.bounds = bounds }

    /// Puts a connection in line; false when there is no room.
    mutating func join(_ work: DispatchWork) -> Bool {
        guard waitingCount < bounds.waiting, lanes[work.host]?.line.count ?? 0 < bounds.waitingPerHost else {
            return false
        }
        if lanes[work.host]?.line.count ?? 0 == 0 { ring.append(work.host) }
        _ = lanes[work.host, default: Lane()].line.join(work, share: work.user)
        waitingCount += 1
        return true
    }

    /// Takes out the connection that delivers next and gives it a place.
    ///
    /// - Returns: the connection, or nil and the moment from which on a host that rests could be asked.
    mutating func next(at now: Timestamp) -> (work: DispatchWork?, from: Timestamp?) {
        guard activeCount < bounds.places else { return (nil, nil) }
        var earliest: Timestamp?
        for (place, host) in ring.enumerated() {
            guard let lane = lanes[host] else { continue }
            let isSilent = lane.silences >= Self.silencesMax
            guard lane.active < (isSilent ? 1 : bounds.placesPerHost) else { continue }
            // A clock that was set back makes no rest longer.
            if let rest = lane.restsUntil, rest > now, rest.duration(since: now) <= Self.restMax {
                earliest = min(earliest ?? rest, rest)
                continue
            }
            let (byUser, most) = (activeByUser, bounds.placesPerUser)
            guard let work = lanes[host]?.line.next(where: { byUser[$0.user, default: 0] < most }) else { continue }
            lanes[host]?.active += 1
            ring.remove(at: place)
            if lanes[host]?.line.count ?? 0 > 0 { ring.append(host) }
            activeByUser[work.user, default: 0] += 1
            activeCount += 1
            waitingCount -= 1
            return (work, nil)
        }
        return (nil, earliest)
    }

    /// Gives the place of a connection back.
    ///
    /// - Parameter isAnswered: whether the host answered, whatever it said; nil when it was not asked.
    mutating func finished(_ work: DispatchWork, isAnswered: Bool?, at now: Timestamp) {
        activeCount -= 1
        let left = activeByUser[work.user, default: 1] - 1
        activeByUser[work.user] = left > 0 ? left : nil
        guard var lane = lanes[work.host] else { return }
        lane.active -= 1
        switch isAnswered {
        case true:
            lane.silences = 0
            lane.restsUntil = nil
        case false:
            lane.silences += 1
            let surplus = lane.silences - Self.silencesMax
            if surplus >= 0 {
                let rest = min(Self.restMax, .seconds(1) * (1 << min(surplus, 6)))
                lane.restsUntil = now.advanced(by: rest)
            }
        default: break
        }
        let isIdle = lane.active == 0 && lane.line.count == 0
        lanes[work.host] = isIdle && (lane.silences == 0 || lanes.count > Self.silentHostsMax) ? nil : lane
    }
}
