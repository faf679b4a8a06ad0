// The requests of one key during the last minute. A state machine without a clock; knows no key.

/// A sliding window: the requests of one key that still count.
///
/// Up to ``slotsMax`` requests a window, each request counts for exactly one minute. With a larger limit, requests that
/// arrive within 60 ms of each other share a slot and leave together, so memory stays bounded; the limit is never exceeded.
struct RateWindow: Sendable {
    /// The largest limit whose requests are remembered one by one.
    static let slotsMax = 1024
    static let lengthMicroseconds: UInt64 = 60_000_000
    /// The width of a slot when the limit is above ``slotsMax``.
    private static let wideSlotMicroseconds: UInt64 = 60_000
    /// Slots that have passed are removed in batches of at least this number.
    private static let passedSlotsMin = 32

    /// Requests that leave the window at the same moment.
    private struct Slot {
        /// The moment they leave, in microseconds after `base`.
        var end: UInt32
        var count: UInt32
    }

    /// The moment that slots count from, in microseconds of the monotonic clock.
    private var base: UInt64 = 0
    /// The slots, oldest first; those before `first` have passed.
    private var slots: [Slot] = []
    private var first = 0
    /// The number of requests that count.
    private(set) var count = 0

    /// Counts a request at `now`, nanoseconds of the monotonic clock, unless `limit` requests count already.
    ///
    /// Returns whether it was counted. O(1) on average.
    mutating func admit(limit: Int, now: UInt64) -> Bool {
        removePassed(now / 1000)
        guard count < limit else { return false }
        let width = limit <= Self.slotsMax ? 1 : Self.wideSlotMicroseconds
        let arrival = (now + 999) / 1000
        if count == 0 { base = arrival }
        let end = (arrival - base + width - 1) / width * width + Self.lengthMicroseconds
        if first < slots.count, UInt64(slots[slots.count - 1].end) == end {
            slots[slots.count - 1].count += 1
        } else {
            slots.append(Slot(end: UInt32(end), count: 1))
        }
        count += 1
        return true
    }

    /// Returns whether fewer than `limit` requests count at `now`.
    mutating func hasRoom(limit: Int, now: UInt64) -> Bool {
        removePassed(now / 1000)
        return count < limit
    }

    /// The nanoseconds from `now` until the oldest request leaves; 0 when none counts.
    func nanosecondsUntilOldestLeaves(at now: UInt64) -> UInt64 {
        guard first < slots.count else { return 0 }
        let end = (base + UInt64(slots[first].end)) * 1000
        return end > now ? end - now : 0
    }

    private mutating func removePassed(_ now: UInt64) {
        while first < slots.count, base + UInt64(slots[first].end) <= now {
            count -= Int(slots[first].count)
            first += 1
        }
        if first == slots.count {
            slots.removeAll(keepingCapacity: true)
            first = 0
        } else if first >= Self.passedSlotsMin, first * 2 >= slots.count {
            slots.removeFirst(first)
            first = 0
            moveBase()
        }
    }

    /// Moves `base` to the arrival of the oldest request, so that offsets stay small however long requests keep coming.
    private mutating func moveBase() {
        guard let oldest = slots.first, UInt64(oldest.end) > Self.lengthMicroseconds else { return }
        let distance = oldest.end - UInt32(Self.lengthMicroseconds)
        base += UInt64(distance)
        for index in slots.indices { slots[index].end -= distance }
    }
}
