// Who is served next where many share one thing: the shares take turns, and the elements of one share keep their order. A value
// without I/O and without a clock.

/// Elements that wait, each for one of many shares (users, hosts) that are served in turn.
///
/// The share that was served least comes first. A share that was away neither gains nor loses by it: it begins at the level of
/// the share that was served last.
public struct FairQueue<Element> {
    /// The place of a waiting element, by which it can leave.
    public typealias Ticket = FairQueueTicket

    @usableFromInline
    struct Lane {
        /// How often the share was served, on a scale on which `FairQueue.floor` is the present.
        @usableFromInline var served: UInt64
        @usableFromInline var waiting = NumberedElements<Element>()
        /// Whether `FairQueue.turns` has an entry for the share.
        @usableFromInline var hasTurn = false

        @inlinable
        init(served: UInt64) { self.served = served }
    }

    /// Shares that are remembered although none of their elements waits.
    @inlinable public static var idleSharesMax: Int { 1024 }

    @usableFromInline var lanes: [String: Lane] = [:]
    /// One entry for each share with waiting elements; a key may be older than its share, and is then too low.
    @usableFromInline var turns = TurnHeap()
    @usableFromInline var floor: UInt64 = 0
    @usableFromInline var lastNumber: UInt64 = 0
    @usableFromInline var waitingCount = 0

    /// An empty queue.
    @inlinable
    public init() {}

    /// The number of waiting elements.
    @inlinable public var count: Int { waitingCount }

    /// Whether no element waits.
    @inlinable public var isEmpty: Bool { count == 0 }

    /// The number of waiting elements of a share.
    @inlinable
    public func count(of share: String) -> Int { lanes[share]?.waiting.count ?? 0 }

    /// The waiting elements, in no order.
    @inlinable public var elements: [Element] { lanes.values.flatMap(\.waiting.elements) }

    // MARK: Joining and leaving

    /// Puts an element behind all others of its share.
    @inlinable
    public mutating func join(_ element: Element, share: String) -> Ticket {
        lastNumber += 1
        var lane = lanes.removeValue(forKey: share) ?? Lane(served: floor)
        if lane.waiting.isEmpty { lane.served = max(lane.served, floor) }
        lane.waiting.append(element, number: lastNumber)
        if !lane.hasTurn {
            lane.hasTurn = true
            turns.insert(TurnHeap.Turn(served: lane.served, number: lane.waiting.firstNumber, share: share))
        }
        lanes[share] = lane
        waitingCount += 1
        return Ticket(share: share, number: lastNumber)
    }

    /// Takes out the element of a ticket; nil when it does not wait any more.
    @discardableResult @inlinable
    public mutating func leave(_ ticket: Ticket) -> Element? {
        guard let element = lanes[ticket.share]?.waiting.remove(number: ticket.number) else { return nil }
        waitingCount -= 1
        return element
    }

    /// Takes out the elements of all shares that `isUnwanted` accepts, without counting them as served.
    @inlinable
    public mutating func removeAll(where isUnwanted: (Element) -> Bool) -> [Element] {
        var removed: [Element] = []
        for share in Array(lanes.keys) { removed += removeAll(share: share, where: isUnwanted) }
        return removed
    }

    /// Takes out the elements of one share that `isUnwanted` accepts, without counting them as served.
    @discardableResult @inlinable
    public mutating func removeAll(share: String, where isUnwanted: (Element) -> Bool) -> [Element] {
        guard let removed = lanes[share]?.waiting.removeAll(where: isUnwanted) else { return [] }
        waitingCount -= removed.count
        return removed
    }

    // MARK: Serving

    /// Takes out the element that is served next, and counts it for its share.
    ///
    /// - Parameters:
    ///   - isOpen: whether elements of a share may be served now.
    ///   - fits: whether an element may be served now. Those that may not keep their places.
    /// - Returns: nil when no waiting element may be served.
    /// - Complexity: O(log shares) when the first one may be served.
    @inlinable
    public mutating func next(
        fromShares isOpen: (String) -> Bool = { _ in true }, where fits: (Element) -> Bool = { _ in true }
    ) -> Element? {
        var passed: [TurnHeap.Turn] = []
        defer { for turn in passed { turns.insert(turn) } }
        while let turn = turns.popFirst() {
            guard let lane = lanes[turn.share], !lane.waiting.isEmpty else {
                lanes[turn.share]?.hasTurn = false
                continue
            }
            let present = TurnHeap.Turn(served: lane.served, number: lane.waiting.firstNumber, share: turn.share)
            if turn < present {
                // The share was served or lost its first element since: it takes its turn later.
                turns.insert(present)
                continue
            }
            guard isOpen(turn.share), let element = lanes[turn.share]?.waiting.removeFirst(where: fits) else {
                passed.append(present)
                continue
            }
            waitingCount -= 1
            serve(turn.share)
            return element
        }
        return nil
    }

    /// Counts for a share what it was given without waiting.
    @inlinable
    public mutating func charge(_ share: String) {
        lanes[share, default: Lane(served: floor)].charge(&floor)
        forgetIdleShares()
    }

    /// Counts an element as served, and queues its share again if more of it waits.
    @inlinable
    mutating func serve(_ share: String) {
        guard var lane = lanes.removeValue(forKey: share) else { return }
        lane.charge(&floor)
        lane.hasTurn = !lane.waiting.isEmpty
        if lane.hasTurn {
            turns.insert(TurnHeap.Turn(served: lane.served, number: lane.waiting.firstNumber, share: share))
        }
        lanes[share] = lane
        forgetIdleShares()
    }

    /// Forgets half of the idle shares when there are too many, those served least.
    ///
    /// The floor rises to their level, so that a share which returns gains nothing.
    @inlinable
    mutating func forgetIdleShares() {
        guard lanes.count > Self.idleSharesMax + count else { return }
        let levels = lanes.values.lazy.filter { !$0.hasTurn }.map(\.served).sorted()
        guard !levels.isEmpty else { return }
        let level = max(floor, levels[levels.count / 2])
        floor = level
        lanes = lanes.filter { $0.value.hasTurn || $0.value.served > level }
    }
}

extension FairQueue.Lane {
    /// Counts one more as served; the share's level becomes the present.
    @inlinable
    mutating func charge(_ floor: inout UInt64) {
        floor = max(served, floor)
        served = floor + 1
    }
}

/// The place of an element that waits in a `FairQueue`.
@frozen
public struct FairQueueTicket: Hashable, Sendable {
    /// The share of the element.
    public let share: String
    @usableFromInline let number: UInt64

    @inlinable
    init(share: String, number: UInt64) {
        self.share = share
        self.number = number
    }
}

extension FairQueue: Sendable where Element: Sendable {}

extension FairQueue.Lane: Sendable where Element: Sendable {}
