// Who may start next: a bounded number at once, a bounded number per origin, and turns between origins, so that a slow or busy
// one cannot keep the others waiting. A value without I/O and without a clock.

/// A queue of items by key, with a limit of those under way overall and per key.
struct FairQueue<Item> {
    private struct Lane {
        var waiting: [Item] = []
        var head = 0
        var active = 0

        var waitingCount: Int { waiting.count - head }

        mutating func pop() -> Item {
            let item = waiting[head]
            head += 1
            // The front is cut off when half of the array is behind it, which costs one move per item over its life.
            if head * 2 >= waiting.count {
                waiting.removeFirst(head)
                head = 0
            }
            return item
        }
    }

    private var lanes: [String: Lane] = [:]
    /// The keys with items waiting, the next to be served first.
    private var turns: [String] = []
    private(set) var activeCount = 0
    private(set) var waitingCount = 0
    /// Whether nothing is under way or waits, and nothing is remembered.
    var isEmpty: Bool { lanes.isEmpty && turns.isEmpty && activeCount == 0 && waitingCount == 0 }
    let activeMax: Int
    let activePerKeyMax: Int
    let waitingMax: Int

    init(activeMax: Int, activePerKeyMax: Int, waitingMax: Int) {
        self.activeMax = activeMax
        self.activePerKeyMax = activePerKeyMax
        self.waitingMax = waitingMax
    }

    /// What became of an item that asked to start.
    enum Admission: Equatable {
        case start, wait, refused
    }

    /// Lets an item start at once if there is a place, else wait, unless too many wait already.
    ///
    /// Nobody is overtaken: as long as `next` is called after every `finished`, whoever waits has a full lane, or all
    /// places are taken.
    mutating func admit(_ item: Item, key: String) -> Admission {
        var lane = lanes.removeValue(forKey: key) ?? Lane()
        defer { if lane.active > 0 || lane.waitingCount > 0 { lanes[key] = lane } }
        if activeCount < activeMax, lane.active < activePerKeyMax, lane.waitingCount == 0 {
            lane.active += 1
            activeCount += 1
            return .start
        }
        guard waitingCount < waitingMax else { return .refused }
        if lane.waitingCount == 0 { turns.append(key) }
        lane.waiting.append(item)
        waitingCount += 1
        return .wait
    }

    /// The next item that may start, which counts as under way from now on.
    mutating func next() -> Item? {
        guard activeCount < activeMax else { return nil }
        // At most activeMax / activePerKeyMax lanes are full, so this passes over few of them.
        for position in turns.indices {
            let key = turns[position]
            guard var lane = lanes.removeValue(forKey: key) else { continue }
            guard lane.active < activePerKeyMax else {
                lanes[key] = lane
                continue
            }
            let item = lane.pop()
            lane.active += 1
            activeCount += 1
            waitingCount -= 1
            turns.remove(at: position)
            if lane.waitingCount > 0 { turns.append(key) }
            lanes[key] = lane
            return item
        }
        return nil
    }

    /// An item of `key` that was under way is done.
    mutating func finished(key: String) {
        guard var lane = lanes.removeValue(forKey: key) else { return }
        lane.active -= 1
        activeCount -= 1
        // A key without work leaves no trace: hosts come and go over months.
        if lane.active > 0 || lane.waitingCount > 0 { lanes[key] = lane }
    }

    /// Takes out the waiting items of `key` for which `condition` holds.
    mutating func removeWaiting(key: String, where condition: (Item) -> Bool) {
        guard var lane = lanes.removeValue(forKey: key) else { return }
        let before = lane.waitingCount
        lane.waiting.removeFirst(lane.head)
        lane.head = 0
        lane.waiting.removeAll(where: condition)
        waitingCount -= before - lane.waitingCount
        if before > 0 && lane.waitingCount == 0 { turns.removeAll { $0 == key } }
        if lane.active > 0 || lane.waitingCount > 0 { lanes[key] = lane }
    }

    /// Takes out every waiting item for which `condition` holds, and gives them.
    mutating func removeAllWaiting(where condition: (Item) -> Bool) -> [Item] {
        var removed: [Item] = []
        for key in turns {
            removeWaiting(key: key) { item in
                let matches = condition(item)
                if matches { removed.append(item) }
                return matches
            }
        }
        return removed
    }
}
