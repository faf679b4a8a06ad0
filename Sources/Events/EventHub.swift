// Brings live events to their readers: keeps the feed, wakes the readers an event is for, shows the quiet ones that the connection lives, and
// counts the memory of what is kept. Does not know how events are sent.

import Cryptography
package import HTTPServer
package import Observability
package import Primitives
import Synchronization

/// The live events of a host.
package final class EventHub: Sendable {
    private enum Wake {
        case news
        case quiet
        case end
    }

    private struct Waiting {
        let continuation: CheckedContinuation<Wake, Never>
        let since: MonotonicInstant
    }

    private struct State {
        var feed: EventFeed
        var waiting: [Int: Waiting] = [:]
        /// When the answer of each reader began.
        var begun: [Int: MonotonicInstant] = [:]
    }

    /// The events of the process, and the readers that were ended because they fell behind.
    package static let (published, overtaken) = (Counter(), Counter())

    private let state: Mutex<State>
    private let budget: MemoryBudget
    private let time: TimeSource

    /// - Parameter budget: counts the memory of the kept events.
    package init(budget: MemoryBudget, time: TimeSource) {
        // The epoch only has to differ between starts; without random numbers the time does.
        let epoch = (try? SecureRandom.base62(8)) ?? String(time.millisecondsSince1970)
        state = Mutex(State(feed: EventFeed(epoch: epoch)))
        self.budget = budget
        self.time = time
    }

    deinit { budget.giveBack(state.withLock { $0.feed.bytes }) }

    /// The number of readers.
    package var readerCount: Int { state.withLock { $0.feed.readerCount } }

    /// The number of readers that wait for news.
    var waitingCount: Int { state.withLock { $0.waiting.count } }

    /// The number of kept events.
    var keptCount: Int { state.withLock { $0.feed.keptCount } }

    // MARK: Events

    /// Publishes events in their order; readers are sent them at once.
    package func publish(_ events: [LiveEvent]) {
        guard !events.isEmpty else { return }
        Self.published.add(events.count)
        let woken = state.withLock { state in
            var readers: Set<Int> = []
            for event in events { readers.formUnion(keep(event, &state.feed)) }
            return readers.compactMap { state.waiting.removeValue(forKey: $0) }
        }
        for waiting in woken { waiting.continuation.resume(returning: .news) }
    }

    /// Keeps an event within the bounds of bytes and memory; older ones go for it.
    private func keep(_ event: LiveEvent, _ feed: inout EventFeed) -> [Int] {
        let cost = EventFeed.cost(of: event)
        while feed.bytes + cost > EventLimits.keptBytesMax, feed.keptCount > 0 { budget.giveBack(feed.dropOldest()) }
        while !budget.take(cost) {
            let freed = feed.dropOldest()
            guard freed > 0 else { return feed.lose(event) }
            budget.giveBack(freed)
        }
        let before = feed.bytes
        defer { budget.giveBack(before + cost - feed.bytes) }
        return feed.add(event)
    }

    // MARK: Readers

    /// Why another reader of `caller` would be refused; nil when it would not.
    package func refusal(of caller: String) -> EventRefusal? { state.withLock { $0.feed.refusal(of: caller) } }

    /// Admits a reader, which has to be ended.
    package func admit(
        _ audience: EventAudience, caller: String, after lastID: String?
    ) throws(EventRefusal) -> EventReader {
        let now = time.instant
        let (id, opening) = try state.withLock { (state) throws(EventRefusal) in
            let admitted = try state.feed.admit(audience, caller: caller, after: lastID)
            state.begun[admitted.reader] = now
            return (admitted.reader, admitted.opening)
        }
        return EventReader(hub: self, id: id, opening: opening)
    }

    /// Wakes readers that have heard nothing for a while, and ends those whose answer has lasted long enough.
    package func tick() {
        let now = time.instant
        let (ended, quiet) = state.withLock { state in
            let over = state.begun.filter { now >= $0.value + EventLimits.answerTimeMax }.map(\.key)
            let ended = over.compactMap { remove($0, &state) }
            let due = state.waiting.filter { now >= $0.value.since + EventLimits.heartbeatPause }.map(\.key)
            return (ended, due.compactMap { state.waiting.removeValue(forKey: $0) })
        }
        for waiting in ended { waiting.continuation.resume(returning: .end) }
        for waiting in quiet { waiting.continuation.resume(returning: .quiet) }
    }

    private func remove(_ id: Int, _ state: inout State) -> Waiting? {
        state.feed.remove(id)
        state.begun[id] = nil
        return state.waiting.removeValue(forKey: id)
    }

    fileprivate func end(_ id: Int) {
        let waiting = state.withLock { remove(id, &$0) }
        waiting?.continuation.resume(returning: .end)
    }

    fileprivate func next(_ id: Int) async -> EventReader.Step {
        while true {
            switch state.withLock({ $0.feed.take(id) }) {
            case .frames(let bytes): return .frames(bytes)
            case .end:
                // One that is still known has missed an event.
                if state.withLock({ $0.begun[id] != nil }) { Self.overtaken.add() }
                return .end
            case .nothing: break
            }
            switch await wait(id) {
            case .news: continue
            case .quiet: return .comment
            case .end: return .end
            }
        }
    }

    private func wait(_ id: Int) async -> Wake {
        let now = time.instant
        return await withCheckedContinuation { continuation in
            let wake: Wake? = state.withLock { state in
                guard state.begun[id] != nil else { return .end }
                guard !state.feed.hasNews(id) else { return .news }
                state.waiting[id] = Waiting(continuation: continuation, since: now)
                return nil
            }
            if let wake { continuation.resume(returning: wake) }
        }
    }
}

/// A reader of live events.
package struct EventReader: Sendable {
    /// What is sent next.
    package enum Step: Sendable, Equatable {
        case frames([UInt8])
        /// A comment, because nothing happened for a while.
        case comment
        /// Nothing more: the answer ends.
        case end
    }

    private let hub: EventHub
    private let id: Int
    /// The bytes with which the answer begins.
    package let opening: [UInt8]

    fileprivate init(hub: EventHub, id: Int, opening: [UInt8]) {
        self.hub = hub
        self.id = id
        self.opening = opening
    }

    /// Waits for what is sent next; ends when the task is cancelled.
    package func next() async -> Step {
        await withTaskCancellationHandler {
            await hub.next(id)
        } onCancel: {
            hub.end(id)
        }
    }

    /// Ends the reader; ``next()`` returns at once.
    package func end() { hub.end(id) }
}
