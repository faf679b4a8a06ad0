// Who begins next where many share places, in lanes of which none may take all: the lanes take turns, and the shares of a lane
// take turns within it. A value without I/O and without a clock.

/// Elements that wait for a place, each in a lane (a provider) and for a share of it (a user).
///
/// Each lane has its own bound. A few places of each lane are reserved, so that a lane whose work never ends costs only
/// itself, even when such lanes together have taken all common places.
public struct LaneQueue<Element> {
    /// How many places there are.
    public struct Bounds: Sendable {
        let total: Int
        let perLane: Int
        let reservedPerLane: Int

        /// - Parameters:
        ///   - total: the places that all lanes share.
        ///   - perLane: the most places that one lane takes.
        ///   - reserved: the places that a lane may take even when all common ones are taken.
        public init(total: Int, perLane: Int = .max, reservedPerLane: Int = 0) {
            self.total = total
            self.perLane = perLane
            self.reservedPerLane = reservedPerLane
        }
    }

    /// The place of a waiting element, by which it can leave.
    public struct Ticket: Sendable {
        let lane: String
        let place: FairQueueTicket
    }

    fileprivate struct Lane {
        var queue = FairQueue<Element>()
        var active = 0
    }

    private let bounds: Bounds
    private var lanes: [String: Lane] = [:]
    /// Lanes with waiting elements; the first one whose turn it may be begins next.
    private var ring: [String] = []
    /// The number of elements that wait.
    public private(set) var count = 0
    /// The number of elements that have a place.
    public private(set) var activeCount = 0

    /// An empty queue.
    public init(_ bounds: Bounds) { self.bounds = bounds }

    /// The number of elements that wait in a lane.
    public func count(of lane: String) -> Int { lanes[lane]?.queue.count ?? 0 }

    /// Puts an element behind all others of its share.
    public mutating func join(_ element: Element, lane name: String, share: String) -> Ticket {
        var lane = lanes.removeValue(forKey: name) ?? Lane()
        if lane.queue.isEmpty { ring.append(name) }
        let place = lane.queue.join(element, share: share)
        lanes[name] = lane
        count += 1
        return Ticket(lane: name, place: place)
    }

    /// Takes out the element of a ticket; nil when it does not wait any more.
    @discardableResult
    public mutating func leave(_ ticket: Ticket) -> Element? {
        guard let element = lanes[ticket.lane]?.queue.leave(ticket.place) else { return nil }
        count -= 1
        if lanes[ticket.lane]?.queue.isEmpty == true { ring.removeAll { $0 == ticket.lane } }
        forget(ticket.lane)
        return element
    }

    /// Takes out the element that begins now and gives it a place; nil when none may begin.
    public mutating func next() -> Element? {
        for (position, name) in ring.enumerated() where mayBegin(name) {
            guard let element = lanes[name]?.queue.next() else { continue }
            ring.remove(at: position)
            if lanes[name]?.queue.isEmpty == false { ring.append(name) }
            count -= 1
            enter(name)
            return element
        }
        return nil
    }

    /// Takes a place without waiting, for the next in turn; false when one has to wait.
    public mutating func tryEnter(_ name: String, share: String) -> Bool {
        guard count(of: name) == 0, mayBegin(name) else { return false }
        enter(name)
        lanes[name]?.queue.charge(share)
        return true
    }

    /// Takes a place in any case, even above the bounds.
    public mutating func enter(_ name: String) {
        lanes[name, default: Lane()].active += 1
        activeCount += 1
    }

    /// Gives a place back.
    public mutating func finished(_ name: String) {
        guard let lane = lanes[name], lane.active > 0 else { return }
        lanes[name]?.active -= 1
        activeCount -= 1
        forget(name)
    }

    private func mayBegin(_ name: String) -> Bool {
        let active = lanes[name]?.active ?? 0
        return active < bounds.perLane && (activeCount < bounds.total || active < bounds.reservedPerLane)
    }

    private mutating func forget(_ name: String) {
        if let lane = lanes[name], lane.active == 0, lane.queue.isEmpty { lanes[name] = nil }
    }
}

extension LaneQueue.Lane: Sendable where Element: Sendable {}
extension LaneQueue: Sendable where Element: Sendable {}
