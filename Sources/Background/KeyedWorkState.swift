// Decides which keyed work runs when: one run at a time for each key, the earliest first once it is due. A state
// machine without I/O; each call passes the time. `KeyedWorkQueue` carries out its decisions.

import Primitives

/// The scheduled and the running work of a queue.
///
/// A key is in one of four states: unknown, delayed until it is due, ready in the line, or running. Work that is
/// scheduled while its key runs begins again afterwards.
struct KeyedWorkState<Line: WorkLine>: Sendable {
    typealias Work = Line.Work
    typealias ID = Line.Work.ID

    private struct Delayed {
        let due: MonotonicInstant
        let work: Work
    }

    /// The ready work, in order.
    var line: Line
    private let delayedMax: Int
    private var delayed: [ID: Delayed] = [:]
    private var dueTimes = DueHeap<ID>()
    private var ready: Set<ID> = []
    private var running: [ID: Work] = [:]
    /// Keys that run outside the line's bounds.
    private var claimed: Set<ID> = []
    /// Work that begins again when the current run of its key has finished.
    private var again: [ID: Delayed] = [:]

    /// - Parameter delayedMax: how many keys may wait until they are due.
    init(_ line: Line, delayedMax: Int = .max) {
        self.line = line
        self.delayedMax = delayedMax
    }

    /// Whether nothing is scheduled and nothing runs.
    var isEmpty: Bool { delayed.isEmpty && ready.isEmpty && running.isEmpty }

    /// Whether work of a key runs or is ready to run; work that is not due yet does not count.
    func isBusy(_ id: ID) -> Bool { ready.contains(id) || running[id] != nil }

    /// Schedules work; when a key is scheduled several times, the earliest due time wins.
    ///
    /// - Returns: false when there is no room; then nothing changes.
    mutating func schedule(_ work: Work, at due: MonotonicInstant, now: MonotonicInstant) -> Bool {
        let id = work.id
        if running[id] != nil {
            if again[id].map({ due < $0.due }) ?? true { again[id] = Delayed(due: due, work: work) }
            return true
        }
        if ready.contains(id) { return true }
        if due <= now { return enter(work) }
        if let earlier = delayed[id] {
            guard due < earlier.due else { return true }
        } else {
            guard delayed.count < delayedMax else { return false }
        }
        delayed[id] = Delayed(due: due, work: work)
        dueTimes.insert(id, due: due)
        if dueTimes.count > 2 * delayed.count + 64 { dueTimes = DueHeap(delayed.map { ($0.key, $0.value.due) }) }
        return true
    }

    /// Removes and returns the work that begins now.
    mutating func next(at now: MonotonicInstant) -> NextWork<Work> {
        while let first = dueTimes.first, first.due <= now {
            dueTimes.removeFirst()
            guard let due = delayed[first.id], due.due == first.due else { continue }
            // Without room the work is dropped. Callers that set a bound must schedule it again.
            if !enter(due.work) { delayed[first.id] = nil }
        }
        switch line.next(at: now) {
        case .begin(let work):
            ready.remove(work.id)
            running[work.id] = work
            return .begin(work)
        case .wait(let until):
            let due = dueTimes.first?.due
            return .wait(until: [until, due].compactMap(\.self).min())
        }
    }

    /// Ends the run of a key.
    ///
    /// - Parameter due: when the same work runs again; nil when it is done.
    mutating func finished(_ id: ID, againAt due: MonotonicInstant? = nil, now: MonotonicInstant) {
        guard let work = running.removeValue(forKey: id) else { return }
        if claimed.remove(id) == nil { line.finished(work) }
        let scheduled = again.removeValue(forKey: id)
        guard let next = [scheduled?.due, due].compactMap(\.self).min() else { return }
        _ = schedule(scheduled?.work ?? work, at: next, now: now)
    }

    /// Marks a key as running on behalf of a caller that does its work itself; false when the key runs already.
    ///
    /// `finished(_:againAt:now:)` ends the claim. The line's bounds do not count it.
    mutating func claim(_ work: Work) -> Bool {
        let id = work.id
        guard running[id] == nil else { return false }
        forget(id)
        running[id] = work
        claimed.insert(id)
        return true
    }

    /// Drops the scheduled work of a key; a current run continues.
    mutating func forget(_ id: ID) {
        delayed[id] = nil
        again[id] = nil
        if ready.remove(id) != nil { line.leave(id) }
    }

    private mutating func enter(_ work: Work) -> Bool {
        guard line.join(work) else { return false }
        delayed[work.id] = nil
        ready.insert(work.id)
        return true
    }
}

/// Keys in the order in which they are due: a binary heap.
private struct DueHeap<ID: Sendable>: Sendable {
    struct Entry: Sendable {
        let id: ID
        let due: MonotonicInstant
        let number: UInt64
    }

    private var entries: [Entry] = []
    private var lastNumber: UInt64 = 0

    init(_ keys: [(id: ID, due: MonotonicInstant)] = []) {
        for key in keys { insert(key.id, due: key.due) }
    }

    var count: Int { entries.count }
    var first: Entry? { entries.first }

    mutating func insert(_ id: ID, due: MonotonicInstant) {
        lastNumber += 1
        entries.append(Entry(id: id, due: due, number: lastNumber))
        var child = entries.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard isBefore(child, parent) else { return }
            entries.swapAt(child, parent)
            child = parent
        }
    }

    mutating func removeFirst() {
        entries.swapAt(0, entries.count - 1)
        entries.removeLast()
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < entries.count && isBefore(child, least) {
                least = child
            }
            guard least != parent else { return }
            entries.swapAt(parent, least)
            parent = least
        }
    }

    /// Orders by due time; keys that are due at the same moment keep their order of arrival.
    private func isBefore(_ left: Int, _ right: Int) -> Bool {
        (entries[left].due, entries[left].number) < (entries[right].due, entries[right].number)
    }
}
