// The newest events and who reads them, as a state machine without I/O and without a clock: what is kept, what a reader has to be sent,
// and when a reader has missed something.

/// What a reader may see.
package enum EventAudience: Sendable, Equatable {
    case all
    case user(String)

    func includes(_ event: LiveEvent) -> Bool {
        switch self {
        case .all: true
        case .user(let id): id.utf8.elementsEqual(event.userID.utf8)
        }
    }
}

/// Why a reader is not admitted.
package enum EventRefusal: Error, Equatable {
    /// There are too many readers.
    case tooMany
    /// The caller has too many readers.
    case tooManyOfCaller
}

struct EventFeed {
    /// What a reader is sent next.
    enum Step: Equatable {
        /// The frames of events.
        case frames([UInt8])
        /// Nothing yet.
        case nothing
        /// The reader is to end: it has missed an event, or is unknown.
        case end
    }

    private struct Kept {
        let event: LiveEvent
        let sequence: Int
    }

    private struct Reader {
        let audience: EventAudience
        let caller: String
        /// The sequence of the next event to look at.
        var next: Int
        /// Events for the reader are missing that it was not sent.
        var hasMissed = false
    }

    /// Distinguishes the sequences of this start from those of others.
    private let epoch: String
    private let keptMax: Int
    /// The kept events: a ring, whose oldest element is at `oldest`.
    private var ring: [Kept?] = []
    private var oldest = 0
    private var count = 0
    /// The sequence of the next event.
    private var next = 1
    /// The bytes of the kept events.
    private(set) var bytes = 0
    private var readers: [Int: Reader] = [:]
    private var readersOfCaller: [String: Int] = [:]
    private var nextReader = 0

    /// - Parameter epoch: a text of letters and digits that no other start has.
    init(epoch: String, keptMax: Int = EventLimits.keptEventsMax) {
        self.epoch = epoch
        self.keptMax = keptMax
    }

    var readerCount: Int { readers.count }
    var keptCount: Int { count }

    // MARK: Events

    /// The bytes that an event counts with while it is kept.
    static func cost(of event: LiveEvent) -> Int { event.body.count + event.userID.utf8.count + 96 }

    /// Adds an event; the oldest one goes when there are too many.
    ///
    /// - Returns: the readers that it is for.
    mutating func add(_ event: LiveEvent) -> [Int] {
        if count == keptMax { dropOldest() }
        let kept = Kept(event: event, sequence: next)
        if count < ring.count {
            ring[(oldest + count) % ring.count] = kept
        } else {
            // Full, but not as large as it may become.
            if oldest > 0 { ring = Array(ring[oldest...] + ring[..<oldest]) }
            oldest = 0
            ring.append(kept)
        }
        count += 1
        next += 1
        bytes += Self.cost(of: event)
        return readers.filter { $0.value.audience.includes(event) }.map(\.key)
    }

    /// Drops the oldest event; readers that were not sent it have missed it.
    ///
    /// - Returns: the bytes that it counted with; 0 when nothing is kept.
    @discardableResult
    mutating func dropOldest() -> Int {
        guard count > 0, let kept = ring[oldest] else { return 0 }
        ring[oldest] = nil
        for (id, reader) in readers where reader.next <= kept.sequence && reader.audience.includes(kept.event) {
            readers[id]?.hasMissed = true
        }
        oldest = (oldest + 1) % ring.count
        count -= 1
        let cost = Self.cost(of: kept.event)
        bytes -= cost
        return cost
    }

    /// Notes that an event could not be kept at all: every reader it is for has missed it.
    mutating func lose(_ event: LiveEvent) -> [Int] {
        while count > 0 { dropOldest() }
        next += 1
        let missed = readers.filter { $0.value.audience.includes(event) }.map(\.key)
        for id in missed { readers[id]?.hasMissed = true }
        return missed
    }

    /// The sequence of the oldest event that is kept; while nothing is kept, that of the next one.
    private var first: Int { next - count }

    // MARK: Readers

    /// Why another reader of `caller` would be refused; nil when it would not.
    func refusal(of caller: String) -> EventRefusal? {
        if readers.count >= EventLimits.readersMax { return .tooMany }
        return readersOfCaller[caller, default: 0] >= EventLimits.readersPerCallerMax ? .tooManyOfCaller : nil
    }

    /// Admits a reader.
    ///
    /// - Parameters:
    ///   - caller: whose reader it is.
    ///   - lastID: the id of the last event that it has seen; nil for a new one.
    /// - Returns: the reader, and the frame with which its answer begins: where it is, or that it has missed events.
    mutating func admit(
        _ audience: EventAudience, caller: String, after lastID: String?
    ) throws(EventRefusal) -> (reader: Int, opening: [UInt8]) {
        if let refusal = refusal(of: caller) { throw refusal }
        let place = lastID.flatMap(sequence)
        // From an earlier place, events would be missing.
        let isKnown = place.map { $0 + 1 >= first && $0 < next } ?? false
        let start = isKnown ? (place ?? 0) + 1 : next
        nextReader += 1
        readers[nextReader] = Reader(audience: audience, caller: caller, next: start)
        readersOfCaller[caller, default: 0] += 1
        let milliseconds = Int(EventLimits.retryPause / .milliseconds(1))
        var opening = "retry: \(milliseconds)\nid: \(epoch)-\(start - 1)\n"
        if lastID != nil, !isKnown { opening += "event: reset\ndata: {}\n" }
        return (nextReader, Array((opening + "\n").utf8))
    }

    /// Removes a reader; a second call does nothing.
    mutating func remove(_ id: Int) {
        guard let reader = readers.removeValue(forKey: id) else { return }
        let left = readersOfCaller[reader.caller, default: 1] - 1
        readersOfCaller[reader.caller] = left > 0 ? left : nil
    }

    /// Returns what a reader is sent next, and moves it on.
    mutating func take(_ id: Int) -> Step {
        guard var reader = readers[id], !reader.hasMissed else { return .end }
        var frames: [UInt8] = []
        var taken = 0
        var index = max(0, reader.next - first)
        while index < count, taken < EventLimits.batchEventsMax {
            if let kept = ring[(oldest + index) % ring.count], reader.audience.includes(kept.event) {
                frames += frame(of: kept)
                taken += 1
            }
            index += 1
        }
        reader.next = first + index
        readers[id] = reader
        return frames.isEmpty ? .nothing : .frames(frames)
    }

    /// Whether ``take(_:)`` would not return ``Step/nothing``.
    func hasNews(_ id: Int) -> Bool {
        guard let reader = readers[id], !reader.hasMissed else { return true }
        let start = max(0, reader.next - first)
        return start < count
            && (start..<count).contains { index in
                ring[(oldest + index) % ring.count].map { reader.audience.includes($0.event) } ?? false
            }
    }

    // MARK: Frames

    private func frame(of kept: Kept) -> [UInt8] {
        Array("id: \(epoch)-\(kept.sequence)\nevent: \(kept.event.kind.rawValue)\ndata: ".utf8) + kept.event.body
            + [10, 10]
    }

    /// Reads the id of an event; nil for any other text, and for one of another start.
    private func sequence(_ id: String) -> Int? {
        guard id.hasPrefix(epoch + "-") else { return nil }
        let digits = id.dropFirst(epoch.count + 1)
        guard 1...18 ~= digits.utf8.count, digits.utf8.allSatisfy({ 0x30...0x39 ~= $0 }) else { return nil }
        return Int(digits)
    }
}
