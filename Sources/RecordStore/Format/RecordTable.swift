// The index of one data type while it is written to: 24 bytes a record, by hash. It answers whether a record is there
// and has this content, and which records a full synchronisation has not seen.

import Primitives

/// The hash that stands for a record's id: 120 bits, keyed per stream, so that two ids never meet by accident or by
/// design.
struct RecordHash: Equatable, Sendable {
    let high: UInt64
    /// The low byte is zero.
    let low: UInt64

    @inline(__always)
    init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low & ~0xff
    }

    @inline(__always)
    init(of id: Span<UInt8>, key: SipKey) {
        let hash = SipHash.hash128(id, key: key)
        self.init(high: hash.high, low: hash.low)
    }
}

struct RecordTable: Sendable {
    struct Flags: OptionSet {
        let rawValue: UInt64
        static let present = Flags(rawValue: 1)
        static let live = Flags(rawValue: 2)
        static let seen = Flags(rawValue: 4)
    }

    struct Entry {
        var content: UInt64
        var flags: Flags

        var isLive: Bool { flags.contains(.live) }
    }

    // Three words a slot: hash, hash and flags, content. Open addressing; never more than three quarters full.
    private var words: [UInt64] = []
    private var capacity = 0
    private var used = 0
    private(set) var liveCount = 0
    private(set) var liveSeenCount = 0

    init(capacityFor count: Int = 0) {
        if count > 0 { resize(to: count + count / 3 + 8) }
    }

    var byteCount: Int { words.count * 8 }
    var isEmpty: Bool { used == 0 }

    /// The slot that holds `hash`, or the empty one where it belongs.
    ///
    /// There is always an empty one.
    @inline(__always)
    private func slot(for hash: RecordHash) -> Int {
        var slot = Int(truncatingIfNeeded: hash.high.multipliedFullWidth(by: UInt64(capacity)).high)
        while true {
            let second = words[slot * 3 + 1]
            if second == 0 || (words[slot * 3] == hash.high && second & ~0xff == hash.low) { return slot }
            slot = slot + 1 < capacity ? slot + 1 : 0
        }
    }

    @inline(__always)
    func find(_ hash: RecordHash) -> Entry? {
        guard capacity > 0 else { return nil }
        let slot = slot(for: hash)
        let second = words[slot * 3 + 1]
        return second == 0 ? nil : Entry(content: words[slot * 3 + 2], flags: Flags(rawValue: second & 0xff))
    }

    @inline(__always)
    mutating func set(_ hash: RecordHash, content: UInt64, flags: Flags) {
        if (used + 1) * 4 > capacity * 3 { resize(to: max(64, capacity + capacity / 2)) }
        let slot = slot(for: hash)
        let old = Flags(rawValue: words[slot * 3 + 1] & 0xff)
        if !old.contains(.present) { used += 1 }
        count(old, by: -1)
        count(flags, by: 1)
        words[slot * 3] = hash.high
        words[slot * 3 + 1] = hash.low | flags.union(.present).rawValue
        words[slot * 3 + 2] = content
    }

    /// Marks a record as seen; true when it was not yet.
    @inline(__always)
    @discardableResult
    mutating func markSeen(_ hash: RecordHash) -> Bool {
        guard let entry = find(hash), !entry.flags.contains(.seen) else { return false }
        set(hash, content: entry.content, flags: entry.flags.union(.seen))
        return true
    }

    mutating func clearSeen() {
        for slot in 0..<capacity { words[slot * 3 + 1] &= ~Flags.seen.rawValue }
        liveSeenCount = 0
    }

    func forEach(_ body: (RecordHash, Entry) -> Void) {
        for slot in 0..<capacity where words[slot * 3 + 1] != 0 {
            let second = words[slot * 3 + 1]
            body(
                RecordHash(high: words[slot * 3], low: second),
                Entry(content: words[slot * 3 + 2], flags: Flags(rawValue: second & 0xff)))
        }
    }

    @inline(__always)
    private mutating func count(_ flags: Flags, by step: Int) {
        if flags.contains(.live) {
            liveCount += step
            if flags.contains(.seen) { liveSeenCount += step }
        }
    }

    private mutating func resize(to newCapacity: Int) {
        let old = words
        let oldCapacity = capacity
        capacity = newCapacity
        words = [UInt64](repeating: 0, count: newCapacity * 3)
        for slot in 0..<oldCapacity where old[slot * 3 + 1] != 0 {
            let new = self.slot(for: RecordHash(high: old[slot * 3], low: old[slot * 3 + 1]))
            for word in 0..<3 { words[new * 3 + word] = old[slot * 3 + word] }
        }
    }
}
