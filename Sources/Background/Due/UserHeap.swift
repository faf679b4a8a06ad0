// Entries by key and in order of time: a binary heap, and a table that finds the place of a key in it. 16 bytes for the
// entry and, on average, 8 for the table.

/// Entries in order of their moments, each found by its hash.
struct UserHeap: Sendable {
    /// A moment of a user.
    struct Entry: Sendable {
        /// The most visits that an entry counts.
        static let visitsMax = 15

        let hash: UInt64
        /// The moment in milliseconds since 1970, the shard in 12 bits, and the visits in 4.
        fileprivate let order: Int64

        /// - Parameter moment: milliseconds since 1970, below 2^46.
        init(hash: UInt64, shard: UInt16, moment: Int64, visits: Int) {
            self.hash = hash
            order = moment << 16 | Int64(shard) << 4 | Int64(visits)
        }

        var moment: Int64 { order >> 16 }
        var shard: UInt16 { UInt16(truncatingIfNeeded: order >> 4) & 0xFFF }
        /// The visits that were to no effect since the moment was set.
        var visits: Int { Int(order & 0xF) }
    }

    private var entries: [Entry] = []
    /// Places in `entries` plus one by hash, 0 where empty: open addressing, at most half full.
    private var table = [UInt32](repeating: 0, count: 64)

    var count: Int { entries.count }
    var first: Entry? { entries.first }

    subscript(hash: UInt64) -> Entry? {
        let place = table[slot(of: hash)]
        return place == 0 ? nil : entries[Int(place) - 1]
    }

    /// Adds an entry, or replaces the one with the same hash.
    mutating func put(_ entry: Entry) {
        let slot = slot(of: entry.hash)
        if table[slot] > 0 {
            let place = Int(table[slot]) - 1
            let isEarlier = entry.order < entries[place].order
            entries[place] = entry
            if isEarlier { moveUp(place) } else { moveDown(place) }
            return
        }
        entries.append(entry)
        table[slot] = UInt32(entries.count)
        if entries.count * 2 > table.count { resize(to: table.count * 2) }
        moveUp(entries.count - 1)
    }

    mutating func remove(_ hash: UInt64) {
        let slot = slot(of: hash)
        guard table[slot] > 0 else { return }
        let place = Int(table[slot]) - 1
        swap(place, entries.count - 1)
        close(self.slot(of: hash))
        entries.removeLast()
        if place < entries.count {
            moveUp(place)
            moveDown(place)
        }
        // A burst must not keep its memory for ever.
        if table.count > 1024, entries.count * 16 < table.count {
            entries = Array(entries)
            resize(to: table.count / 4)
        }
    }

    // MARK: Order

    private mutating func moveUp(_ start: Int) {
        var child = start
        while child > 0 {
            let parent = (child - 1) / 2
            guard entries[child].order < entries[parent].order else { return }
            swap(child, parent)
            child = parent
        }
    }

    private mutating func moveDown(_ start: Int) {
        var parent = start
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2]
            where child < entries.count && entries[child].order < entries[least].order {
                least = child
            }
            guard least != parent else { return }
            swap(parent, least)
            parent = least
        }
    }

    private mutating func swap(_ left: Int, _ right: Int) {
        guard left != right else { return }
        let (leftSlot, rightSlot) = (slot(of: entries[left].hash), slot(of: entries[right].hash))
        entries.swapAt(left, right)
        table[leftSlot] = UInt32(right + 1)
        table[rightSlot] = UInt32(left + 1)
    }

    // MARK: Table

    /// Returns the slot of a hash, or the empty slot where it belongs.
    private func slot(of hash: UInt64) -> Int {
        let mask = table.count - 1
        var slot = Int(truncatingIfNeeded: hash) & mask
        while table[slot] > 0, entries[Int(table[slot]) - 1].hash != hash { slot = (slot + 1) & mask }
        return slot
    }

    private mutating func resize(to count: Int) {
        table = [UInt32](repeating: 0, count: count)
        for (place, entry) in entries.enumerated() { table[slot(of: entry.hash)] = UInt32(place + 1) }
    }

    /// Empties a slot and moves those behind it up, so that no look-up stops too early.
    private mutating func close(_ emptied: Int) {
        let mask = table.count - 1
        var (hole, slot) = (emptied, emptied)
        table[hole] = 0
        while true {
            slot = (slot + 1) & mask
            guard table[slot] > 0 else { return }
            let home = Int(truncatingIfNeeded: entries[Int(table[slot]) - 1].hash) & mask
            // It may move only if its home is not between the hole and where it is now.
            if (slot - home) & mask >= (slot - hole) & mask {
                table[hole] = table[slot]
                table[slot] = 0
                hole = slot
            }
        }
    }
}
