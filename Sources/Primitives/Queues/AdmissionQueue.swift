// Who may start: a bounded number at once, a bounded number per share, and a fair queue of those that wait. A value without I/O
// and without a clock.

/// A fair queue with a bounded number of places: overall, and for each share.
///
/// A slow or busy share fills its own places and cannot keep the others waiting.
public struct AdmissionQueue<Element> {
    /// How many elements may be under way, and how many may wait.
    public struct Bounds: Sendable {
        /// Elements under way at the same time.
        public var active: Int
        /// Of those, elements of one share.
        public var activePerShare: Int
        /// Elements that wait.
        public var waiting: Int

        /// Bounds; what is not given is unbounded.
        public init(active: Int, activePerShare: Int = .max, waiting: Int = .max) {
            self.active = active
            self.activePerShare = activePerShare
            self.waiting = waiting
        }
    }

    /// The outcome for an element that asked to start.
    public enum Admission: Equatable, Sendable {
        /// It is under way.
        case start
        /// It waits, and can leave by its ticket.
        case wait(FairQueueTicket)
        /// Too many wait already.
        case refused
    }

    /// The bounds.
    public let bounds: Bounds
    @usableFromInline var queue = FairQueue<Element>()
    @usableFromInline var activeByShare: [String: Int] = [:]
    @usableFromInline var active = 0

    /// An empty queue.
    public init(_ bounds: Bounds) { self.bounds = bounds }

    /// The number of elements under way.
    @inlinable public var activeCount: Int { active }

    /// The number of elements that wait.
    @inlinable public var waitingCount: Int { queue.count }

    /// Whether nothing is under way and nothing waits.
    @inlinable public var isEmpty: Bool { activeCount == 0 && queue.isEmpty && activeByShare.isEmpty }

    /// Starts an element if there is a place, else lets it wait unless too many wait already.
    ///
    /// It overtakes none of its share. Call `next` after each `finished`: then those that wait do so because all places are
    /// taken, or all of their share.
    @inlinable
    public mutating func admit(_ element: Element, share: String) -> Admission {
        if activeCount < bounds.active, hasPlace(share), queue.count(of: share) == 0 {
            queue.charge(share)
            begin(share)
            return .start
        }
        guard queue.count < bounds.waiting else { return .refused }
        return .wait(queue.join(element, share: share))
    }

    /// The next element that may start; it is under way from now on.
    @inlinable
    public mutating func next() -> Element? {
        guard activeCount < bounds.active else { return nil }
        let (byShare, most) = (activeByShare, bounds.activePerShare)
        var served = ""
        let element = queue.next(fromShares: { share in
            served = share
            return byShare[share, default: 0] < most
        })
        if element != nil { begin(served) }
        return element
    }

    /// Ends an element of `share` that was under way; its place is free.
    @inlinable
    public mutating func finished(share: String) {
        guard let left = activeByShare[share].map({ $0 - 1 }) else { return }
        activeByShare[share] = left > 0 ? left : nil
        active -= 1
    }

    /// Takes out a waiting element; nil when it does not wait any more.
    @discardableResult @inlinable
    public mutating func leave(_ ticket: FairQueueTicket) -> Element? { queue.leave(ticket) }

    /// Takes out the waiting elements of one share that `isUnwanted` accepts.
    @discardableResult @inlinable
    public mutating func removeWaiting(share: String, where isUnwanted: (Element) -> Bool) -> [Element] {
        queue.removeAll(share: share, where: isUnwanted)
    }

    /// Takes out the waiting elements that `isUnwanted` accepts.
    @inlinable
    public mutating func removeWaiting(where isUnwanted: (Element) -> Bool) -> [Element] {
        queue.removeAll(where: isUnwanted)
    }

    @inlinable
    func hasPlace(_ share: String) -> Bool { activeByShare[share, default: 0] < bounds.activePerShare }

    @inlinable
    mutating func begin(_ share: String) {
        activeByShare[share, default: 0] += 1
        active += 1
    }
}
