// Processes the events of the inbox, grouped by account, a bounded number at the same time. Retries after a pause
// when the failure is temporary. Every effect may be repeated; an event is settled when all of its effect is durable.

import Background
import ConnectionModel
import Observability
import Primitives
import ProviderSDK
import Providers
import Synchronization
import Users

/// Processes events.
final class EventProcessor: Sendable {
    /// A queue of events of one account.
    ///
    /// Each account has two lanes, because ended grants may call the provider and must not delay the other events.
    struct Lane: Hashable, Identifiable, Sendable {
        let account: AccountKey
        let isEnding: Bool

        var id: Lane { self }
    }

    private struct Pending {
        var events: [InboxEvent] = []
        /// Failures in a row.
        var failures = 0
    }

    private typealias Queue = KeyedWorkQueue<FairWorkLine<Lane>>

    private let users: UserStore
    private let registry: ProviderRegistry
    private let accounts: AccountUsers
    private let inbox: WebhookInbox
    private let noting: any ChangeNoting
    private let grants: GrantEvents
    private let deletions: any RecordDeleting
    private let log: Log
    private let pending = Mutex<[Lane: Pending]>([:])
    private let changes: Queue
    private let endings: Queue

    init(
        users: UserStore, registry: ProviderRegistry, accounts: AccountUsers, inbox: WebhookInbox,
        noting: any ChangeNoting,
        grants: GrantEvents, deletions: any RecordDeleting, time: TimeSource, log: Log
    ) {
        self.users = users
        self.registry = registry
        self.accounts = accounts
        self.inbox = inbox
        self.noting = noting
        self.grants = grants
        self.deletions = deletions
        self.log = log
        changes = Queue(Self.line(isEnding: false), time: time)
        endings = Queue(Self.line(isEnding: true), time: time)
    }

    /// The lanes that are processed now, and those that wait.
    static func line(isEnding: Bool) -> FairWorkLine<Lane> {
        FairWorkLine(runningMax: isEnding ? WebhookLimits.endingLanesMax : WebhookLimits.lanesMax)
    }

    /// Begins to process; the accounts of all users must be known.
    func start() {
        changes.start { [weak self] lane in await self?.perform(lane) ?? .done }
        endings.start { [weak self] lane in await self?.perform(lane) ?? .done }
    }

    /// Starts nothing more and waits for running work.
    func stop() async {
        await changes.stop()
        await endings.stop()
    }

    /// Queues events of the inbox.
    func take(_ events: [InboxEvent]) {
        var lanes: [Lane] = []
        pending.withLock { pending in
            for event in events {
                let lane = Lane(
                    account: AccountKey(
                        service: event.provider, variant: event.variant, accountID: event.accountID),
                    isEnding: event.effect == .revoked)
                // A lane that has events already runs or waits for its next run, which processes this one, too.
                if pending[lane] == nil { lanes.append(lane) }
                pending[lane, default: Pending()].events.append(event)
            }
        }
        for lane in lanes { (lane.isEnding ? endings : changes).schedule(lane) }
    }

    private func perform(_ lane: Lane) async -> Queue.Outcome {
        let (events, failures) = pending.withLock { pending in
            defer { pending[lane]?.events = [] }
            return (pending[lane]?.events ?? [], pending[lane]?.failures ?? 0)
        }
        var result = await carryOut(events, lane)
        // A stop is not a failure: the inbox keeps what is left for the next start.
        if Task.isCancelled { result.failed = false }
        if result.failed, failures + 1 >= WebhookLimits.attemptsMax {
            WebhookCounters.count(.failed, result.left.count)
            log.error(
                "Dropped webhook events after many attempts.",
                ["provider": .text(events.first?.provider), "events": .integer(result.left.count)])
            result.settled += result.left
            result.left = []
        }
        await inbox.settle(result.settled)
        return pending.withLock { pending in
            guard result.left.isEmpty else {
                pending[lane]?.events.insert(contentsOf: result.left, at: 0)
                pending[lane]?.failures = result.failed ? failures + 1 : 0
                return .again(after: result.failed ? Self.pause(after: failures + 1) : WebhookLimits.busyPause)
            }
            pending[lane]?.failures = 0
            // Events that arrived meanwhile go behind the waiting lanes.
            guard pending[lane]?.events.isEmpty == false else {
                pending[lane] = nil
                return .done
            }
            return .again(after: .zero)
        }
    }

    private static func pause(after failures: Int) -> Duration {
        min(WebhookLimits.retryPauseMax, .seconds(1) * (1 << min(failures - 1, 10)))
    }

    // MARK: Effects

    private struct Result {
        var settled: [InboxEvent] = []
        /// The events to retry.
        var left: [InboxEvent] = []
        /// Whether an event is left because something failed, rather than because it has to wait.
        var failed = false
    }

    private func carryOut(_ events: [InboxEvent], _ lane: Lane) async -> Result {
        var result = Result()
        guard let first = events.first, let provider = registry[first.provider], accounts.covers(first.provider) else {
            // Without its plugin or its key the account is unknown. The event stays in the inbox for a start with
            // them.
            log.warning(
                "Webhook events wait until their provider is configured again.",
                ["provider": .text(events.first?.provider), "events": .integer(events.count)])
            return result
        }
        do {
            if lane.isEnding {
                for event in events { try await end(event, provider, &result) }
            } else {
                try await change(events, &result)
            }
        } catch {
            log.warning(
                "Could not process webhook events; they will be retried.",
                ["provider": .text(first.provider), "error": .text("\(error)")])
            let done = Set(result.settled.map(\.digest))
            result.left = events.filter { !done.contains($0.digest) }
            result.failed = true
        }
        return result
    }

    private func change(
        _ events: [InboxEvent], _ result: inout Result
    ) async throws(ServiceError) {
        // Note the changes once per connection, even when several events report them.
        var useful: Set<EventDigest> = []
        for (user, connection) in try await connections(events) {
            var dataTypes: [String] = []
            var reports: [EventDigest] = []
            for event in events where event.isAbout(connection) {
                guard case .changed(let names) = event.effect else { continue }
                reports.append(event.digest)
                for name in names where !dataTypes.contains(name) { dataTypes.append(name) }
            }
            guard !dataTypes.isEmpty else { continue }
            if try await noting.note(dataTypes, of: connection, user: user) { useful.formUnion(reports) }
        }
        for event in events {
            switch event.effect {
            case .changed:
                settle(event, useful.contains(event.digest) ? nil : .nothingToChange, &result)
            case .deleted(let dataType, let sourceIDs):
                var reason: WebhookCounters.IgnoredReason? = .nothingToChange
                var isBusy = false
                for (user, connection) in try await connections([event]) {
                    switch try await deletions.delete(sourceIDs, of: dataType, connection, user: user) {
                    case .deleted: reason = nil
                    case .nothing: break
                    case .busy: isBusy = true
                    }
                }
                if isBusy { result.left.append(event) } else { settle(event, reason, &result) }
            case .revoked: settle(event, .noMeaning, &result)
            }
        }
    }

    private func end(
        _ event: InboxEvent, _ provider: ConfiguredProvider, _ result: inout Result
    ) async throws(ServiceError) {
        var reason: WebhookCounters.IgnoredReason? = .noConnection
        for (user, connection) in try await connections([event]) {
            switch try await grants.end(event, of: connection, user: user, provider) {
            case .revoked: reason = nil
            case .ignored: reason = reason == nil ? nil : .otherGrant
            case .unknown:
                result.left.append(event)
                result.failed = true
                return
            }
        }
        settle(event, reason, &result)
    }

    /// Settles an event that was processed, or ignored for a reason.
    private func settle(_ event: InboxEvent, _ reason: WebhookCounters.IgnoredReason?, _ result: inout Result) {
        if let reason {
            WebhookCounters.ignore(reason)
            log.info(
                "Ignored a webhook event.", ["provider": .text(event.provider), "reason": .text(reason.rawValue)])
        } else {
            WebhookCounters.count(.processed)
        }
        result.settled.append(event)
    }

    /// Returns the connections that any of several events about the same account is about.
    private func connections(_ events: [InboxEvent]) async throws(ServiceError) -> [(
        user: String, connection: Connection
    )] {
        guard let first = events.first else { return [] }
        let key = AccountKey(service: first.provider, variant: first.variant, accountID: first.accountID)
        var found: [(user: String, connection: Connection)] = []
        for id in accounts.users(of: key) {
            let user: User
            do { user = try await users.user(id) } catch {
                guard case .internalFault = error else { throw error }
                // One unreadable document must not keep the event from the account's other users.
                log.warning("Could not read a user.", ["error": .text("\(error)")])
                continue
            }
            for connection in user.connections
            where events.contains(where: { $0.isAbout(connection) }) {
                found.append((id, connection))
            }
        }
        return found
    }
}
