// Indexes the dead letters of a connection in order of arrival, and drops the oldest when there are too many. No I/O.

/// The letters of one connection by id, without their contents.
struct DeadLetterIndex: Sendable {
    private struct Entry {
        var note: DeadLetterNote
        var place: Int
    }

    private var entries: [String: Entry] = [:]
    // Places in the order they were assigned; places that no entry has any more are skipped.
    private var queue: [(id: String, place: Int)] = []
    private var head = 0
    private var nextPlace = 0
    private var unidentified = 0
    private let countMax: Int
    /// The number of letters that were ever dropped to make room.
    private(set) var dropped: Int

    init(countMax: Int, dropped: Int = 0) {
        self.countMax = countMax
        self.dropped = dropped
    }

    var count: Int { entries.count }
    var isEmpty: Bool { entries.isEmpty }
    /// Whether there are letters of records without a source id.
    var hasUnidentified: Bool { unidentified > 0 }

    /// Adds a stored letter; stored letters come oldest first.
    mutating func restore(_ id: String, _ note: DeadLetterNote) { put(id, note) }

    /// Adds a new letter, or one that failed again.
    ///
    /// - Returns: the ids of the oldest letters, dropped because there are too many.
    mutating func add(_ id: String, _ note: DeadLetterNote) -> [String] {
        put(id, note)
        var surplus: [String] = []
        while entries.count > countMax, let oldest = popOldest() {
            surplus.append(oldest)
            dropped += 1
        }
        return surplus
    }

    /// Counts letters that were dropped before they were added.
    mutating func drop(_ count: Int) { dropped += count }

    /// Removes a letter; returns false when there is none.
    mutating func remove(_ id: String) -> Bool {
        guard let entry = entries.removeValue(forKey: id) else { return false }
        if !entry.note.isIdentified { unidentified -= 1 }
        return true
    }

    /// Removes the letters of a data type that a full read has not met.
    mutating func removeAll(of dataType: String, notMetBy reading: String) -> [String] {
        let ids = entries.filter { $0.value.note.dataType == dataType && $0.value.note.reading != reading }.keys
            .sorted()
        for id in ids { _ = remove(id) }
        return ids
    }

    private mutating func put(_ id: String, _ note: DeadLetterNote) {
        _ = remove(id)
        entries[id] = Entry(note: note, place: nextPlace)
        queue.append((id, nextPlace))
        nextPlace += 1
        if !note.isIdentified { unidentified += 1 }
        // A letter that fails repeatedly leaves its old places behind.
        if queue.count > 2 * countMax + 64 {
            queue = queue[head...].filter { entries[$0.id]?.place == $0.place }
            head = 0
        }
    }

    private mutating func popOldest() -> String? {
        while head < queue.count {
            let (id, place) = queue[head]
            head += 1
            if entries[id]?.place == place {
                _ = remove(id)
                return id
            }
        }
        return nil
    }
}
