// Delivers the events of all connections in the background: finds what is due in the users' documents, sends it, and writes what came
// of it back. Order and pauses are WebhookQueue's; here are places, timers and the writing.

import ProviderSDK
import Synchronization

/// Delivers events.
///
/// A connection has one delivery under way at most. Places are bounded overall, for each host and for each user, so that an endpoint
/// that does not answer holds up nobody else's.
final class WebhookDispatcher: Reconciler {
    private struct Timer {
        let due: Timestamp
        let task: Task<Void, Never>
    }

    private struct State {
        var line = DispatchLine()
        /// The ids of connections in line or at work.
        var listed: Set<String> = []
        var running: [String: Task<Void, Never>] = [:]
        /// Set for the end of the rest of a host that did not answer.
        var wake: Timer?
        /// Connections at work that have something new to do.
        var again: Set<String> = []
        var timers: [String: Timer] = [:]
        /// Outcomes that could not be stored yet.
        var unsaved: [String: [WebhookAttempt]] = [:]
        /// Events that wait, by user.
        var waiting: [[UInt8]: Int] = [:]
        var isStopping = false
    }

    private let users: UserStore
    private let sender: WebhookSender
    private let schedule: WebhookSchedule
    /// How far ahead timers are set; what is due later is found by a walk over the users.
    private let timersAhead: Duration
    private let log: Log
    private let state = Mutex(State())

    /// - Parameter sweepPause: how long after one walk over the users the next one begins.
    init(users: UserStore, sender: WebhookSender, schedule: WebhookSchedule, sweepPause: Duration, log: Log) {
        self.users = users
        self.sender = sender
        self.schedule = schedule
        timersAhead = sweepPause * 3
        self.log = log
        users.changes.observe { [weak self] user in self?.look(at: user, WallClock.now) }
    }

    /// Events that wait for their delivery, as far as users were looked at since the start.
    var waitingCount: Int { state.withLock { $0.waiting.values.reduce(0, +) } }

    func reconcile(_ user: User, at now: Timestamp) async {
        look(at: user, now)
        guard user.connections.contains(where: { $0.webhook.isRetiringSecretOver(at: now) }) else { return }
        do throws(ServiceError) {
            try await users.update(user.id) { (user) throws(ServiceError) in
                for index in user.connections.indices
                where user.connections[index].webhook.isRetiringSecretOver(at: now) {
                    user.connections[index].webhook.retiring = nil
                }
            }
        } catch {
            log.info("A replaced signing secret could not be erased; it is tried again.", ["error": .text("\(error)")])
        }
    }

    /// Finds what is due for a user, now or soon.
    private func look(at user: User, _ now: Timestamp) {
        var waiting = 0
        for connection in user.connections {
            waiting += connection.outbox.count
            switch connection.nextDelivery(at: now) {
            case .none: break
            case .due: enqueue(connection, of: user.id)
            case .at(let due): setTimer(connection, of: user.id, due, now)
            }
        }
        let key = Array(user.id.utf8)
        state.withLock { state in
            if waiting > 0 || state.waiting[key] != nil { state.waiting[key] = waiting > 0 ? waiting : nil }
        }
    }

    // MARK: Places and timers

    private func enqueue(_ connection: Connection, of user: String) {
        guard let url = connection.settings.webhookURL else { return }
        enqueue(DispatchWork(user: user, connection: connection.id, host: WebhookURL.authority(of: url) ?? ""))
    }

    private func enqueue(_ work: DispatchWork) {
        state.withLock { state in
            guard !state.isStopping else { return }
            if state.running[work.connection] != nil {
                state.again.insert(work.connection)
                return
            }
            // What finds no room is found again by the next walk.
            guard !state.listed.contains(work.connection), state.line.join(work) else { return }
            state.listed.insert(work.connection)
            startNext(&state)
        }
    }

    private func startNext(_ state: inout State) {
        guard !state.isStopping else { return }
        let now = WallClock.now
        while true {
            let next = state.line.next(at: now)
            if let moment = next.from { wake(&state, at: moment, now) }
            guard let work = next.work else { return }
            state.running[work.connection] = Task { await self.run(work) }
        }
    }

    /// Looks at the line again when a host has rested.
    private func wake(_ state: inout State, at moment: Timestamp, _ now: Timestamp) {
        if let wake = state.wake, wake.due <= moment { return }
        state.wake?.task.cancel()
        state.wake = Timer(
            due: moment,
            task: Task {
                do { try await Task.sleep(for: moment.duration(since: now)) } catch { return }
                self.state.withLock { state in
                    state.wake = nil
                    self.startNext(&state)
                }
            })
    }

    private func run(_ work: DispatchWork) async {
        let last = await deliver(work)
        state.withLock { state in
            state.running[work.connection] = nil
            state.listed.remove(work.connection)
            state.line.finished(work, isAnswered: last.map { !$0.isSilence }, at: WallClock.now)
            if state.again.remove(work.connection) != nil, !state.isStopping, state.line.join(work) {
                state.listed.insert(work.connection)
            }
            startNext(&state)
        }
    }

    private func setTimer(_ connection: Connection, of user: String, _ due: Timestamp, _ now: Timestamp) {
        let pause = due.duration(since: now)
        guard pause <= timersAhead, let url = connection.settings.webhookURL else { return }
        let work = DispatchWork(user: user, connection: connection.id, host: WebhookURL.authority(of: url) ?? "")
        state.withLock { state in
            guard !state.isStopping else { return }
            if let timer = state.timers[work.connection] {
                guard due != timer.due else { return }
                timer.task.cancel()
            } else {
                guard state.timers.count < HostLimits.webhookTimersMax else { return }
            }
            state.timers[work.connection] = Timer(
                due: due,
                task: Task {
                    do { try await Task.sleep(for: pause) } catch { return }
                    self.state.withLock { state in
                        if state.timers[work.connection]?.due == due { state.timers[work.connection] = nil }
                    }
                    self.enqueue(work)
                })
        }
    }

    // MARK: Delivering

    /// Delivers what is due for a connection, up to a bounded number of events, and then writes down what came of it: an event leaves the
    /// outbox only with that write.
    ///
    /// - Returns: the last outcome; nil when nothing was sent.
    private func deliver(_ work: DispatchWork) async -> DeliveryOutcome? {
        guard await saveUnsaved(work) else { return nil }
        var results: [WebhookAttempt] = []
        do throws(ServiceError) {
            guard var connection = try await users.user(work.user).connection(work.connection) else { return nil }
            if connection.webhook.secret == nil, connection.settings.webhookURL != nil {
                connection = try await ensureSecret(work)
            }
            let begun = MonotonicClock.nanoseconds
            while results.count < HostLimits.webhookBatchMax, !isStopping,
                MonotonicClock.nanoseconds &- begun < HostLimits.webhookBatchNanosecondsMax,
                case .due(let event) = connection.nextDelivery(at: WallClock.now)
            {
                let attempt = await sender.attempt(event, of: connection, user: work.user, at: WallClock.now)
                guard let attempt else { break }
                results.append(attempt)
                connection.record(attempt, schedule)
            }
        } catch {
            log.warning(
                "Notifications could not be delivered; it is tried again.",
                ["connectionId": .text(work.connection), "error": .text("\(error)")])
        }
        if !results.isEmpty { await save(results, of: work) }
        return results.last?.attempt.outcome
    }

    private var isStopping: Bool { state.withLock { $0.isStopping } }

    private func ensureSecret(_ work: DispatchWork) async throws(ServiceError) -> Connection {
        let vault = sender.vault
        return try await users.update(work.user) { (user) throws(ServiceError) -> Connection in
            let id = user.id
            return try user.update(work.connection) { (connection) throws(ServiceError) -> Connection in
                try connection.ensureWebhookSecret(vault, user: id)
                return connection
            }
        }
    }

    /// Writes what a failing store has not taken yet; false when it still fails: then nothing is sent, because it would be sent twice.
    private func saveUnsaved(_ work: DispatchWork) async -> Bool {
        guard let results = state.withLock({ $0.unsaved.removeValue(forKey: work.connection) }) else { return true }
        return await save(results, of: work)
    }

    @discardableResult
    private func save(_ results: [WebhookAttempt], of work: DispatchWork) async -> Bool {
        let schedule = schedule
        do throws(ServiceError) {
            let effects = try await users.update(work.user) { (user) throws(ServiceError) -> [AttemptEffect] in
                guard let index = user.index(of: work.connection) else { return results.map { _ in .none } }
                return results.map { user.connections[index].record($0, schedule) }
            }
            for (result, effect) in zip(results, effects) { tell(result, effect, work) }
            return true
        } catch {
            log.error(
                "The outcome of deliveries could not be stored.",
                ["connectionId": .text(work.connection), "error": .text("\(error)")])
            state.withLock { state in
                guard state.unsaved.count < HostLimits.webhookTimersMax else { return }
                state.unsaved[work.connection] = results
            }
            return false
        }
    }

    private func tell(_ result: WebhookAttempt, _ effect: AttemptEffect, _ work: DispatchWork) {
        Metrics.webhookAttempts[result.attempt.outcome]?.add()
        let facts: KeyValuePairs<String, Log.Value> = [
            "connectionId": .text(work.connection), "eventId": .text(result.eventID), "host": .text(work.host),
            "outcome": .text(result.attempt.outcome.rawValue),
            "status": result.attempt.status.map { .integer($0) } ?? .text(nil),
            "durationMs": .integer(result.attempt.milliseconds),
        ]
        switch effect {
        case .none: break
        case .delivered:
            Metrics.webhooksDelivered.add()
            log.debug("A notification was delivered.", facts)
        case .postponed: log.info("A notification was not taken; it is sent again later.", facts)
        case .failed:
            Metrics.webhooksFailed.add()
            log.warning("A notification was given up.", facts)
        case .disabled: log.warning("A webhook endpoint is gone and not called any more.", facts)
        }
    }

    // MARK: Ends

    /// Waits until nothing of a connection is at work or due at once, but not longer than `longest`.
    func settle(connection id: String, longest: Duration) async {
        let end = MonotonicClock.nanoseconds &+ UInt64(max(0, longest / .nanoseconds(1)))
        while state.withLock({ $0.listed.contains(id) }), MonotonicClock.nanoseconds < end {
            do { try await Task.sleep(for: .milliseconds(10)) } catch { return }
        }
    }

    /// Begins no further deliveries and waits for those under way, a short time; what is broken off counts as not tried.
    func stop() async {
        let (running, timers) = state.withLock { state in
            state.isStopping = true
            defer { (state.timers, state.wake) = ([:], nil) }
            return (Array(state.running.values), Array(state.timers.values) + [state.wake].compactMap(\.self))
        }
        for timer in timers { timer.task.cancel() }
        let watch = Task {
            do { try await Task.sleep(for: HostLimits.webhookStopGrace) } catch { return }
            for task in running { task.cancel() }
        }
        for task in running { await task.value }
        watch.cancel()
    }
}

extension WebhookEndpoint {
    /// Whether a replaced secret signs no more and can be erased.
    func isRetiringSecretOver(at now: Timestamp) -> Bool { retiring.map { $0.until <= now } ?? false }
}
