// The documents used lately, bounded by bytes, for callers that cannot wait. CLOCK keeps what is read: a hit only
// sets a mark, so the hot path neither allocates nor moves anything.

import Synchronization

final class DocumentCache: Sendable {
    private struct Slot {
        var document: Document?
        var wasUsed = false
    }

    private struct State {
        var slotOf: [DocumentKey: Int] = [:]
        var slots: [Slot] = []
        var free: [Int] = []
        var hand = 0
        var bytes = 0
        // Counts the changes of a stripe of keys, so that a slow read cannot put an old revision over a newer one.
        var epochs = [UInt64](repeating: 0, count: DocumentCache.stripeCount)
    }

    /// When a read began; see ``insert(_:readAt:)``.
    struct Epoch {
        fileprivate let stripe: Int
        fileprivate let value: UInt64
    }

    private static let stripeCount = 256
    private let state = Mutex(State())
    private let bytesMax: Int

    init(bytesMax: Int) {
        self.bytesMax = bytesMax
    }

    /// What a document takes: its bytes, about as much again for the caller's form of it, and the bookkeeping.
    private static func cost(_ document: Document) -> Int {
        2 * document.bytes.count + document.key.id.count + 256
    }

    func find(_ key: DocumentKey) -> Document? {
        state.withLock { state in
            guard let index = state.slotOf[key] else { return nil }
            state.slots[index].wasUsed = true
            return state.slots[index].document
        }
    }

    func epoch(of key: DocumentKey) -> Epoch {
        let stripe = Self.stripe(key)
        return state.withLock { Epoch(stripe: stripe, value: $0.epochs[stripe]) }
    }

    /// Keeps what a read found, unless the document may have changed since the read began.
    func insert(_ document: Document, readAt epoch: Epoch) {
        state.withLock { state in
            if state.epochs[epoch.stripe] == epoch.value { put(document, in: &state) }
        }
    }

    /// Keeps what was just saved.
    func store(_ document: Document) {
        let stripe = Self.stripe(document.key)
        state.withLock { state in
            state.epochs[stripe] &+= 1
            put(document, in: &state)
        }
    }

    func remove(_ key: DocumentKey) {
        let stripe = Self.stripe(key)
        state.withLock { state in
            state.epochs[stripe] &+= 1
            if let index = state.slotOf[key] { evict(index, from: &state) }
        }
    }

    /// The bytes and documents held, for metrics.
    var size: (documents: Int, bytes: Int) {
        state.withLock { ($0.slotOf.count, $0.bytes) }
    }

    private static func stripe(_ key: DocumentKey) -> Int {
        var hasher = Hasher()
        hasher.combine(key)
        return Int(UInt(bitPattern: hasher.finalize()) % UInt(stripeCount))
    }

    private func put(_ document: Document, in state: inout State) {
        let cost = Self.cost(document)
        if let index = state.slotOf[document.key] {
            if let old = state.slots[index].document { state.bytes -= Self.cost(old) }
            state.slots[index] = Slot(document: document, wasUsed: true)
            state.bytes += cost
        } else {
            if cost > bytesMax { return }
            let index = state.free.popLast() ?? state.slots.count
            if index == state.slots.count { state.slots.append(Slot()) }
            state.slots[index] = Slot(document: document)
            state.slotOf[document.key] = index
            state.bytes += cost
        }
        while state.bytes > bytesMax { advanceHand(in: &state) }
    }

    private func advanceHand(in state: inout State) {
        state.hand = state.hand + 1 < state.slots.count ? state.hand + 1 : 0
        guard state.slots[state.hand].document != nil else { return }
        if state.slots[state.hand].wasUsed {
            state.slots[state.hand].wasUsed = false
        } else {
            evict(state.hand, from: &state)
        }
    }

    private func evict(_ index: Int, from state: inout State) {
        guard let document = state.slots[index].document else { return }
        state.bytes -= Self.cost(document)
        state.slotOf[document.key] = nil
        state.slots[index] = Slot()
        state.free.append(index)
    }
}
