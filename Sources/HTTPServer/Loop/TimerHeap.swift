// Deadlines in order: a binary heap whose cancelled entries are dropped when they come up, or all at once when they are
// the greater part. It knows no clock.

struct TimerHeap {
    enum Owner: Equatable, Sendable {
        case connection(ConnectionToken)
        case scheduled(UInt64)
    }

    struct Entry: Sendable {
        let deadline: Nanoseconds
        let owner: Owner
    }

    private var entries: [Entry] = []
    private var staleCount = 0

    var count: Int { entries.count }
    var earliest: Nanoseconds? { entries.first?.deadline }

    mutating func insert(_ entry: Entry) {
        entries.append(entry)
        var child = entries.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            if entries[parent].deadline <= entries[child].deadline { break }
            entries.swapAt(parent, child)
            child = parent
        }
    }

    /// The earliest entry that is due at `now`, removed.
    mutating func popDue(_ now: Nanoseconds) -> Entry? {
        guard let first = entries.first, first.deadline <= now else { return nil }
        let last = entries.removeLast()
        if !entries.isEmpty {
            entries[0] = last
            siftDown(from: 0)
        }
        return first
    }

    private mutating func siftDown(from index: Int) {
        var parent = index
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < entries.count {
                if entries[child].deadline < entries[least].deadline { least = child }
            }
            if least == parent { return }
            entries.swapAt(parent, least)
            parent = least
        }
    }

    /// Notes that an entry will not be needed; once many are stale, keeps only those that `isLive` accepts.
    mutating func noteStale(isLive: (Owner) -> Bool) {
        staleCount += 1
        guard staleCount > 64, staleCount > entries.count / 2 else { return }
        staleCount = 0
        entries = entries.filter { isLive($0.owner) }
        for index in stride(from: entries.count / 2 - 1, through: 0, by: -1) { siftDown(from: index) }
    }
}

/// A connection as epoll and timers name it: the descriptor, and a number that distinguishes it from earlier users of the
/// descriptor.
struct ConnectionToken: Equatable, Hashable, Sendable {
    let descriptor: Int32
    let generation: UInt32

    var packed: UInt64 { UInt64(generation) << 32 | UInt64(UInt32(bitPattern: descriptor)) }

    init(descriptor: Int32, generation: UInt32) {
        self.descriptor = descriptor
        self.generation = generation
    }

    init(packed: UInt64) {
        descriptor = Int32(truncatingIfNeeded: packed)
        generation = UInt32(truncatingIfNeeded: packed >> 32)
    }
}
