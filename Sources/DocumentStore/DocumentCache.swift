// The documents used lately, and the keys found without one, bounded by bytes, for callers that cannot wait. CLOCK keeps what is read: a hit only
// sets a mark, so the hot path neither allocates nor moves anything. It has its own table, since hashing a key twice
// would cost more than everything else in a look-up.

import StoreFiles
import Synchronization

final class DocumentCache: Sendable {
    private struct Slot {
        var document: Document?
        var wasUsed = false
        /// The memory of the caller's form of the document.
        var formBytes: UInt32 = 0
    }

    private struct State {
        // Indices of slots by hash, -1 where empty; open addressing, at most half full.
        var table: [Int32] = [Int32](repeating: -1, count: 64)
        var slots: [Slot] = []
        var free: [Int32] = []
        var count = 0
        var hand = 0
        var bytes = 0
        // Counts the changes of a stripe of keys, so that a slow read cannot put an old revision over a newer one.
        var epochs = [UInt64](repeating: 0, count: DocumentCache.stripeCount)
    }

    /// When a read began; see ``insert(_:readAt:)``.
    struct Epoch {
        fileprivate let value: UInt64
    }

    private static let stripeCount = 256
    private let state = Mutex(State())
    private let bytesMax: Int

    init(bytesMax: Int) {
        self.bytesMax = bytesMax
    }

    /// The memory of a document's object, and of its share of the tables here.
    private static let entryBytes = 160

    /// What a document takes: its object, its id, its bytes and its summary, as the allocator rounds them, and the caller's form.
    private static func cost(_ document: Document, _ formBytes: Int) -> Int {
        entryBytes + allocated(document.key.id.count) + allocated(document.bytes.capacity)
            + (document.summary.map { allocated($0.capacity) } ?? 0) + formBytes
    }

    private static func cost(_ slot: Slot) -> Int { slot.document.map { cost($0, Int(slot.formBytes)) } ?? 0 }

    /// What an array of `count` bytes takes: its header, and a word of the allocator.
    private static func allocated(_ count: Int) -> Int { count == 0 ? 0 : (32 + count + 8 + 15) & ~15 }

    /// Counts the memory of a form that was made of a document after it came in.
    func count(_ formBytes: Int, with document: Document) {
        state.withLock { state in
            let slot = Int(state.table[Self.place(of: document.key, in: state)])
            guard slot >= 0, state.slots[slot].document === document else { return }
            state.bytes += formBytes - Int(state.slots[slot].formBytes)
            state.slots[slot].formBytes = UInt32(clamping: formBytes)
            while state.bytes > bytesMax { Self.advanceHand(in: &state) }
        }
    }

    func find(_ key: DocumentKey) -> Document? {
        state.withLock { state in
            let slot = Int(state.table[Self.place(of: key, in: state)])
            guard slot >= 0 else { return nil }
            state.slots[slot].wasUsed = true
            return state.slots[slot].document
        }
    }

    /// As ``find(_:)``, without counting as a use.
    func peek(_ key: DocumentKey) -> Document? {
        state.withLock { state in
            let slot = Int(state.table[Self.place(of: key, in: state)])
            return slot < 0 ? nil : state.slots[slot].document
        }
    }

    func epoch(of key: DocumentKey) -> Epoch {
        state.withLock { Epoch(value: $0.epochs[Self.stripe(key)]) }
    }

    /// Keeps what a read found, unless the document may have changed since the read began.
    func insert(_ document: Document, readAt epoch: Epoch) {
        state.withLock { state in
            if state.epochs[Self.stripe(document.key)] == epoch.value { put(document, in: &state) }
        }
    }

    /// Keeps what was just saved.
    func store(_ document: Document) {
        state.withLock { state in
            state.epochs[Self.stripe(document.key)] &+= 1
            put(document, in: &state)
        }
    }

    func remove(_ key: DocumentKey) {
        state.withLock { state in
            state.epochs[Self.stripe(key)] &+= 1
            let slot = Int(state.table[Self.place(of: key, in: state)])
            if slot >= 0 { Self.evict(slot, from: &state) }
        }
    }

    /// The bytes and documents held, for metrics.
    var size: (documents: Int, bytes: Int) {
        state.withLock { ($0.count, $0.bytes) }
    }

    private static func stripe(_ key: DocumentKey) -> Int {
        Int(truncatingIfNeeded: key.hash >> 56)
    }

    /// Returns the place of a key in the table, or the empty place where it belongs.
    @inline(__always)
    private static func place(of key: DocumentKey, in state: borrowing State) -> Int {
        let mask = state.table.count - 1
        var place = Int(truncatingIfNeeded: key.hash) & mask
        while true {
            let slot = Int(state.table[place])
            if slot < 0 || state.slots[slot].document?.key == key { return place }
            place = (place + 1) & mask
        }
    }

    private func put(_ document: Document, in state: inout State) {
        let cost = Self.cost(document, document.formBytes)
        let formBytes = UInt32(clamping: document.formBytes)
        let place = Self.place(of: document.key, in: state)
        let known = Int(state.table[place])
        if known >= 0 {
            state.bytes -= Self.cost(state.slots[known])
            state.slots[known] = Slot(document: document, wasUsed: true, formBytes: formBytes)
        } else {
            if cost > bytesMax { return }
            let slot = state.free.popLast() ?? Int32(state.slots.count)
            if slot == state.slots.count { state.slots.append(Slot()) }
            state.slots[Int(slot)] = Slot(document: document, formBytes: formBytes)
            state.table[place] = slot
            state.count += 1
            if state.count * 2 > state.table.count { Self.grow(&state) }
        }
        state.bytes += cost
        while state.bytes > bytesMax { Self.advanceHand(in: &state) }
    }

    private static func grow(_ state: inout State) {
        state.table = [Int32](repeating: -1, count: state.table.count * 2)
        for (slot, content) in state.slots.enumerated() {
            if let document = content.document { state.table[place(of: document.key, in: state)] = Int32(slot) }
        }
    }

    private static func advanceHand(in state: inout State) {
        state.hand = state.hand + 1 < state.slots.count ? state.hand + 1 : 0
        guard state.slots[state.hand].document != nil else { return }
        if state.slots[state.hand].wasUsed {
            state.slots[state.hand].wasUsed = false
        } else {
            evict(state.hand, from: &state)
        }
    }

    private static func evict(_ slot: Int, from state: inout State) {
        guard let document = state.slots[slot].document else { return }
        close(place(of: document.key, in: state), in: &state)
        state.bytes -= cost(state.slots[slot])
        state.count -= 1
        state.slots[slot] = Slot()
        state.free.append(Int32(slot))
    }

    /// Empties a place and moves those behind it up, so that no look-up stops too early.
    private static func close(_ emptied: Int, in state: inout State) {
        let mask = state.table.count - 1
        var hole = emptied
        var place = emptied
        state.table[hole] = -1
        while true {
            place = (place + 1) & mask
            let slot = Int(state.table[place])
            guard slot >= 0, let document = state.slots[slot].document else { return }
            let home = Int(truncatingIfNeeded: document.key.hash) & mask
            // It may move only if its home is not between the hole and where it is now.
            if (place - home) & mask >= (place - hole) & mask {
                state.table[hole] = Int32(slot)
                state.table[place] = -1
                hole = place
            }
        }
    }
}
