// The shares of a fair queue in the order of their turns: a binary heap. It knows no elements.

/// Shares, the one served least first; among equals the one whose first element waits longest.
@usableFromInline
struct TurnHeap: Sendable {
    @usableFromInline
    struct Turn: Sendable {
        @usableFromInline let served: UInt64
        @usableFromInline let number: UInt64
        @usableFromInline let share: String

        @inlinable
        init(served: UInt64, number: UInt64, share: String) {
            self.served = served
            self.number = number
            self.share = share
        }

        @inlinable
        static func < (left: Turn, right: Turn) -> Bool {
            left.served != right.served ? left.served < right.served : left.number < right.number
        }
    }

    @usableFromInline var turns: [Turn] = []

    @inlinable
    init() {}

    @inlinable
    mutating func insert(_ turn: Turn) {
        turns.append(turn)
        var child = turns.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard turns[child] < turns[parent] else { return }
            turns.swapAt(child, parent)
            child = parent
        }
    }

    @inlinable
    mutating func popFirst() -> Turn? {
        guard let first = turns.first else { return nil }
        let last = turns.removeLast()
        guard !turns.isEmpty else { return first }
        turns[0] = last
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < turns.count && turns[child] < turns[least] {
                least = child
            }
            guard least != parent else { return first }
            turns.swapAt(parent, least)
            parent = least
        }
    }
}
