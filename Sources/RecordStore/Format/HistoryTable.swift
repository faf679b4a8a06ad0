// What compaction has to know of every record of a data type: its newest change, and when it was added and known
// first. 40 bytes a record, only while compacting.

struct HistoryTable {
    struct Entry: Equatable {
        /// The sequence of the newest change.
        var newest: UInt64
        /// The sequence at which the record was last added.
        var added: UInt64
        /// The sequence at which the record was ever known first.
        var known: UInt64
    }

    private static let wordsPerSlot = 5
    private var words: [UInt64] = []
    private var capacity = 0
    private var used = 0

    init(capacityFor count: Int) {
        capacity = count + count / 3 + 8
        words = [UInt64](repeating: 0, count: capacity * Self.wordsPerSlot)
    }

    private func slot(for hash: RecordHash) -> Int {
        var slot = Int(truncatingIfNeeded: hash.high.multipliedFullWidth(by: UInt64(capacity)).high)
        while true {
            let base = slot * Self.wordsPerSlot
            // Sequences begin at 1, so that 0 means empty.
            if words[base + 2] == 0 || (words[base] == hash.high && words[base + 1] == hash.low) { return base }
            slot = slot + 1 < capacity ? slot + 1 : 0
        }
    }

    func find(_ hash: RecordHash) -> Entry? {
        let base = slot(for: hash)
        if words[base + 2] == 0 { return nil }
        return Entry(newest: words[base + 2], added: words[base + 3], known: words[base + 4])
    }

    /// Takes in one change; changes come in the order of their sequences.
    mutating func add(_ row: FrameRow, _ hash: RecordHash) {
        if (used + 1) * 4 > capacity * 3 { grow() }
        let base = slot(for: hash)
        let isNew = words[base + 2] == 0
        let known = row.history?.known ?? (isNew ? row.sequence : words[base + 4])
        switch row.kind {
        case .added: words[base + 3] = row.sequence
        case .updated, .deleted: words[base + 3] = row.history?.added ?? (isNew ? row.sequence : words[base + 3])
        }
        words[base] = hash.high
        words[base + 1] = hash.low
        words[base + 2] = row.sequence
        words[base + 4] = isNew ? known : min(known, words[base + 4])
        if isNew { used += 1 }
    }

    private mutating func grow() {
        var larger = HistoryTable(capacityFor: capacity * 2)
        for slot in 0..<capacity where words[slot * Self.wordsPerSlot + 2] != 0 {
            let base = slot * Self.wordsPerSlot
            let target = larger.slot(for: RecordHash(high: words[base], low: words[base + 1]))
            for word in 0..<Self.wordsPerSlot { larger.words[target + word] = words[base + word] }
        }
        larger.used = used
        self = larger
    }
}
