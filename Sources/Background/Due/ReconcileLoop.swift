// Visits users when there is something to do for them. An index in memory says who is next; the documents themselves decide.
// The reconcilers know what is due and do it.

import ConnectionModel
package import Observability
package import Primitives
import ProviderSDK
import Synchronization
package import Users

/// Passes users to the reconcilers: a changed user at once, any user when something becomes due, all users once a day.
///
/// Nothing walks over all users to find work. The index is filled once from the heads of the documents and follows every change.
package final class ReconcileLoop: Sendable {
    private struct Alarm {
        /// Whether the loop waits for the end of a visit, because no more may begin.
        let isFull: Bool
        /// When the loop wakes up by itself; nil when nothing is due at any time.
        let moment: Timestamp?
        let event: OneTimeEvent
    }

    private struct State {
        var index = DueIndex()
        var visitCount = 0
        var alarm: Alarm?
        var clock: ClockWatch
    }

    private enum Step {
        case visit([DueIndex.User])
        case wait(for: OneTimeEvent, until: Timestamp?)
    }

    private let users: UserStore
    private let reconcilers: [any Reconciler]
    private let agenda: ReconcilerAgenda
    private let time: TimeSource
    private let log: Log
    private let state: Mutex<State>
    private let loop = Mutex<Task<Void, Never>?>(nil)
    private let walkPause: Duration
    private let isPaused: @Sendable () -> Bool

    /// Creates a loop that passes changes on from its creation, and visits users once it is started.
    ///
    /// From here on the store keeps a summary with every user.
    ///
    /// - Parameters:
    ///   - walkPause: the time from the end of one walk over all users to the beginning of the next.
    ///   - isPaused: whether changes are only noted; the visits after the pause find them.
    package init(
        users: UserStore, reconcilers: [any Reconciler], agenda: ReconcilerAgenda, walkPause: Duration,
        time: TimeSource, log: Log, isPaused: @escaping @Sendable () -> Bool = { false }
    ) {
        self.users = users
        self.reconcilers = reconcilers
        self.agenda = agenda
        self.time = time
        self.log = log
        self.walkPause = walkPause
        self.isPaused = isPaused
        state = Mutex(State(clock: ClockWatch(time)))
        users.summarize(with: agenda, time: time)
        users.changes.observe { [weak self] change in self?.userDidChange(change) }
    }

    package func start() {
        loop.withLock { loop in
            guard loop == nil else { return }
            loop = Task { await self.run() }
        }
    }

    /// Cancels the visits under way, waits for their end, and starts no other.
    package func stop() async {
        let task = loop.withLock { $0 }
        task?.cancel()
        await task?.value
    }

    /// The number of users for whom something will be due.
    package var scheduledCount: Int { state.withLock { $0.index.count } }

    private func userDidChange(_ change: UserChange) {
        let now = time.now
        if !isPaused() {
            for reconciler in reconcilers { reconciler.userDidChange(change, at: now) }
        }
        let due = change.summary?.due ?? due(of: change.user, at: now)
        let key = users.key(change.user.id)
        // A clock that is ahead only for a moment is noticed by what it writes.
        state.withLock { $0.clock.look(time) }
        wake { $0.userChanged(DueIndex.User(key), due) }
    }

    private func due(of user: User, at now: Timestamp) -> DueMoments { agenda.due(of: user, at: now) }

    /// Changes the index, and wakes the loop when it would otherwise wake up too late.
    private func wake(_ change: (inout DueIndex) -> Void) {
        let event = state.withLock { state -> OneTimeEvent? in
            change(&state.index)
            guard let alarm = state.alarm, !alarm.isFull, let next = state.index.next,
                alarm.moment.map({ next < $0 }) ?? true
            else { return nil }
            state.alarm = nil
            return alarm.event
        }
        event?.signal()
    }

    // MARK: The loop

    private func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask { await self.fill() }
            group.addTask { await self.walkRepeatedly() }
            while !Task.isCancelled {
                if state.withLock({ $0.clock.takeSetBack(time) }) {
                    // What was computed by the clock that was ahead is computed again.
                    group.addTask { await self.fill() }
                }
                switch nextStep() {
                case .visit(let due):
                    for (shard, due) in Dictionary(grouping: due, by: \.shard) {
                        group.addTask {
                            await self.visit(due, in: shard)
                            self.ended(due.count)
                        }
                    }
                case .wait(let event, let moment):
                    let longest = BackgroundLimits.clockCheckPause
                    let pause = moment.map { max(.zero, $0.duration(since: time.now)) } ?? longest
                    await event.wait(atMost: min(pause, longest), time)
                }
            }
        }
    }

    private func nextStep() -> Step {
        let now = time.now
        return state.withLock { state in
            let free = BackgroundLimits.visitsMax - state.visitCount
            let due = free > 0 ? state.index.take(atMost: free, at: now) : []
            state.visitCount += due.count
            guard due.isEmpty else { return .visit(due) }
            let event = OneTimeEvent()
            let moment = free > 0 ? state.index.next : nil
            state.alarm = Alarm(isFull: free <= 0, moment: moment, event: event)
            return .wait(for: event, until: moment)
        }
    }

    private func ended(_ count: Int) {
        let event = state.withLock { state -> OneTimeEvent? in
            state.visitCount -= count
            guard let alarm = state.alarm, alarm.isFull else { return nil }
            state.alarm = nil
            return alarm.event
        }
        event?.signal()
    }

    // MARK: Visits

    /// Visits users of one folder.
    private func visit(_ due: [DueIndex.User], in shard: UInt16) async {
        var found: [UInt64: String] = [:]
        do {
            for (hash, id) in try await users.ids(withHashes: Set(due.map(\.hash)), in: shard) { found[hash] = id }
        } catch {
            log.warning("Cannot list the users.", ["error": .text("\(error)")])
            return state.withLock { state in for user in due { state.index.failed(user) } }
        }
        for user in due {
            guard let id = found[user.hash] else {
                state.withLock { $0.index.ended(user, DueMoments(at: time.now)) }
                continue
            }
            await visit(user) { () throws(ServiceError) in try await self.users.stored(id)?.user }
        }
    }

    private func visit(_ user: DueIndex.User, _ load: () async throws(ServiceError) -> User?) async {
        do throws(ServiceError) {
            let stored = try await load()
            if let stored, !Task.isCancelled {
                let now = time.now
                for reconciler in reconcilers { await reconciler.reconcile(stored, at: now) }
            }
            let now = time.now
            let due = stored.map { self.due(of: $0, at: now) } ?? DueMoments(at: now)
            wake { $0.ended(user, due) }
        } catch {
            // One unreadable document must not hide all others.
            log.warning("Cannot read a user.", ["error": .text("\(error)")])
            state.withLock { $0.index.failed(user) }
        }
    }

    // MARK: Filling

    /// Reads when there is something to do for each user from the heads of all documents.
    ///
    /// Users whose heads do not say so are visited instead, once.
    private func fill() async {
        var outdatedCount = 0
        for shard in await shards() {
            guard let heads = await heads(shard, { $0.beginFilling(shard) }) else { return }
            var found: [(id: String, summary: UserSummary)] = []
            wake { index in
                for head in heads {
                    guard let summary = head.summary else {
                        outdatedCount += 1
                        continue
                    }
                    if index.fill(DueIndex.User(head.key), due: summary.due.first) { found.append((head.id, summary)) }
                }
                index.endFilling()
            }
            for (id, summary) in found {
                for reconciler in reconcilers { reconciler.userWasFound(id, summary) }
            }
        }
        if outdatedCount > 0 {
            log.info("Users whose documents do not say what is due are visited.", ["users": .integer(outdatedCount)])
            await walk(BackgroundLimits.firstWalkShare, onlyOutdated: true)
        }
    }

    /// Returns the heads of a folder, and tries again as long as that takes; nil when the task is canceled.
    private func heads(_ shard: UInt16, _ begin: (inout DueIndex) -> Void = { _ in }) async -> [UserStore.Head]? {
        await untilRead { () async throws(ServiceError) in
            state.withLock { begin(&$0.index) }
            return try await users.heads(shard: shard)
        }
    }

    /// Returns the folders that hold users; the users of a folder that is made later are noted as they change.
    private func shards() async -> [UInt16] {
        await untilRead { () async throws(ServiceError) in try await users.shards() } ?? []
    }

    private func untilRead<Value>(_ read: () async throws(ServiceError) -> Value) async -> Value? {
        while !Task.isCancelled {
            do { return try await read() } catch {
                log.warning("Cannot list the users.", ["error": .text("\(error)")])
            }
            try? await time.sleep(for: BackgroundLimits.retryPause)
        }
        return nil
    }

    // MARK: The walk over all users

    private func walkRepeatedly() async {
        var pause = min(walkPause, BackgroundLimits.firstWalkPause)
        while true {
            do { try await time.sleep(for: pause) } catch { return }
            await walk(BackgroundLimits.walkShare, onlyOutdated: false)
            pause = walkPause
        }
    }

    /// Visits all users, or those whose heads do not say what is due, in the given share of the time.
    private func walk(_ share: Double, onlyOutdated: Bool) async {
        var pace = Pace(share: share, time)
        for shard in await shards() {
            guard let heads = await heads(shard) else { return }
            for head in heads where !onlyOutdated || head.summary == nil {
                let user = DueIndex.User(head.key)
                guard !Task.isCancelled else { return }
                guard state.withLock({ $0.index.begin(user) }) else { continue }
                await visit(user) { () throws(ServiceError) in
                    let stored = try await self.users.peek(head.id)
                    if let stored, !onlyOutdated { self.check(user, stored) }
                    return stored
                }
                if head.summary == nil, !onlyOutdated { await refreshSummary(head.id) }
                await pace.rest()
            }
            await pace.rest()
        }
    }

    /// Reports a user whose due work the index does not know.
    private func check(_ user: DueIndex.User, _ stored: User) {
        let now = time.now
        guard let first = due(of: stored, at: now).first else { return }
        let latest = max(first, now).advanced(by: DueIndex.pause(after: .max) + .seconds(1))
        let moment = state.withLock { $0.index.moment(of: user) }
        if let moment, moment <= latest { return }
        log.warning("A user had something to do that was not scheduled; it is done now.")
    }

    /// Stores a user again, so that the next start need not read the document.
    private func refreshSummary(_ id: String) async {
        do { try await users.update(id) { (_) throws(ServiceError) in } } catch {
            log.info("The summary of a user could not be stored.", ["error": .text("\(error)")])
        }
    }
}
