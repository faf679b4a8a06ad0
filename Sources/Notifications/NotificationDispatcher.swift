// Delivers the events of all connections in the background: finds due events in the users' documents, sends them, and
// stores the outcomes. The connection's `Notifications` decides order and pauses, DispatchLine who delivers next.

import Background
package import ConnectionModel
package import Observability
package import Primitives
package import ProviderSDK
import Synchronization
package import Users

/// Delivers events.
///
/// A connection has at most one running delivery. Deliveries are limited overall, for each host and for each user, so
/// that an endpoint that does not answer delays no other.
package final class NotificationDispatcher: Reconciler, EventSink {
    typealias Queue = KeyedWorkQueue<DispatchLine>

    private struct State {
        /// Outcomes that could not be stored yet.
        var unsaved: [String: [DeliveryAttempt]] = [:]
        /// The number of undelivered events of each user.
        var waiting: [[UInt8]: Int] = [:]
        var isStopping = false
    }

    private let users: UserStore
    private let sender: NotificationSender
    private let schedule: DeliverySchedule
    private let time: TimeSource
    private let log: Log
    private let state = Mutex(State())
    private let queue: Queue

    package init(
        users: UserStore, sender: NotificationSender, schedule: DeliverySchedule, time: TimeSource, log: Log
    ) {
        self.users = users
        self.sender = sender
        self.schedule = schedule
        self.time = time
        self.log = log
        queue = Self.queue(time)
        queue.start { [weak self] work in
            await self?.perform(work)
            return .done
        }
    }

    /// The deliveries that run, wait for a place, or are soon due.
    static func queue(_ time: TimeSource) -> Queue {
        Queue(DispatchLine(), delayedMax: NotificationLimits.scheduledMax, time: time)
    }

    /// The number of undelivered events of all users that were checked since the start.
    package var waitingCount: Int { state.withLock { $0.waiting.values.reduce(0, +) } }

    package func reconcile(_ user: User, at now: Timestamp) async {
        schedule(user.connections, of: user.id, at: now)
        note(waiting: user.connections.reduce(0) { $0 + $1.extract.waitingEvents }, of: user.id)
        guard user.connections.contains(where: { $0.webhook.isRetiringSecretOver(at: now) }) else { return }
        do {
            try await users.update(user.id) { (user) throws(ServiceError) in
                user.updateAll { $0.retiringSecretLapsed(at: now) }
            }
        } catch {
            log.info("Could not erase a replaced signing secret; retrying.", ["error": .text("\(error)")])
        }
    }

    package func addDue(of connection: Connection, to moments: inout DueMoments) {
        switch connection.nextDelivery(at: moments.now) {
        case .none: break
        case .due: moments.addNow()
        case .at(let due): moments.add(due)
        }
        moments.add(connection.webhook.retiring?.until)
    }

    package func userWasFound(_ id: String, _ summary: UserSummary) {
        note(waiting: summary.waitingEvents, of: id)
    }

    package func userDidChange(_ change: UserChange, at now: Timestamp) {
        schedule(change.connections, of: change.user.id, at: now)
        note(waiting: change.user.connections.reduce(0) { $0 + $1.extract.waitingEvents }, of: change.user.id)
    }

    /// Schedules the deliveries that are due now or soon.
    private func schedule(_ connections: [Connection], of user: String, at now: Timestamp) {
        for connection in connections {
            switch connection.nextDelivery(at: now) {
            case .none: break
            case .due: schedule(connection, of: user, after: .zero)
            case .at(let due): schedule(connection, of: user, after: due.duration(since: now))
            }
        }
    }

    /// Counts the events of a user that wait.
    private func note(waiting: Int, of user: String) {
        let key = Array(user.utf8)
        state.withLock { state in
            if waiting > 0 || state.waiting[key] != nil { state.waiting[key] = waiting > 0 ? waiting : nil }
        }
    }

    private func schedule(_ connection: Connection, of user: String, after delay: Duration) {
        guard delay <= NotificationLimits.horizon, let url = connection.settings.webhookURL else { return }
        // Events that find no room here, or are due later, are found when the user is due.
        queue.schedule(
            DispatchWork(user: user, connection: connection.id, host: WebhookURL.authority(of: url) ?? ""),
            after: delay)
    }

    private func perform(_ work: DispatchWork) async {
        guard let outcome = await deliver(work) else { return }
        let now = time.instant
        queue.updateLine { $0.record(isAnswered: !outcome.isSilence, by: work.host, at: now) }
    }

    // MARK: Delivering

    /// Delivers the due events of a connection, up to a limit, and then stores the outcomes.
    ///
    /// An event leaves the outbox only with that write.
    ///
    /// - Returns: the last outcome; nil when nothing was sent.
    private func deliver(_ work: DispatchWork) async -> DeliveryOutcome? {
        guard await saveUnsaved(work) else { return nil }
        var results: [DeliveryAttempt] = []
        do {
            guard var connection = try await users.user(work.user).connection(work.connection) else { return nil }
            if connection.webhook.secret == nil, connection.settings.webhookURL != nil {
                connection = try await ensureSecret(work)
            }
            let begun = time.instant
            while results.count < NotificationLimits.batchMax, !isStopping,
                time.instant - begun < NotificationLimits.batchTimeMax,
                case .due(let event) = connection.nextDelivery(at: time.now)
            {
                let attempt = await sender.attempt(event, of: connection, user: work.user, at: time.now)
                guard let attempt else { break }
                results.append(attempt)
                connection.deliveryAttempted(attempt, schedule)
            }
        } catch {
            log.warning(
                "Could not deliver notifications; they will be retried.",
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
                try connection.ensureSigningSecret(vault, user: id)
                return connection
            }
        }
    }

    /// Stores outcomes that a failing store refused; false when it still fails.
    ///
    /// After false nothing is sent, because the same events would be sent twice.
    private func saveUnsaved(_ work: DispatchWork) async -> Bool {
        guard let results = state.withLock({ $0.unsaved.removeValue(forKey: work.connection) }) else { return true }
        return await save(results, of: work)
    }

    @discardableResult
    private func save(_ results: [DeliveryAttempt], of work: DispatchWork) async -> Bool {
        let schedule = schedule
        do {
            let effects = try await users.update(work.user) { (user) throws(ServiceError) -> [AttemptEffect] in
                try user.update(work.connection, where: { _ in true }) { (connection) throws(ServiceError) in
                    results.map { connection.deliveryAttempted($0, schedule) }
                } ?? results.map { _ in .none }
            }
            for (result, effect) in zip(results, effects) { report(result, effect, work) }
            return true
        } catch {
            log.error(
                "Could not store the outcome of deliveries.",
                ["connectionId": .text(work.connection), "error": .text("\(error)")])
            state.withLock { state in
                guard state.unsaved.count < NotificationLimits.scheduledMax else { return }
                state.unsaved[work.connection] = results
            }
            return false
        }
    }

    /// Counts and logs the effect of an attempt.
    private func report(_ result: DeliveryAttempt, _ effect: AttemptEffect, _ work: DispatchWork) {
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
        case .postponed: log.info("A notification was not accepted; it will be sent again.", facts)
        case .failed:
            Metrics.webhooksFailed.add()
            log.warning("A notification was dropped after its last attempt.", facts)
        case .disabled: log.warning("A webhook endpoint is gone; notifications to it are disabled.", facts)
        }
    }

    // MARK: Stop

    /// Waits until a connection has no delivery that runs or is due at once, but at most `longest`.
    package func settle(connection id: String, longest: Duration) async { await queue.settle(id, atMost: longest) }

    /// Starts no further deliveries and waits briefly for running ones.
    ///
    /// A canceled delivery does not count as an attempt.
    package func stop() async {
        state.withLock { $0.isStopping = true }
        await queue.stop(grace: NotificationLimits.stopGrace)
    }
}
