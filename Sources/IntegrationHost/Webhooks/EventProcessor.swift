// Carries out the events of the inbox: account by account, a bounded number at the same time, again after a pause when it failed for
// now. Every effect may be repeated; an event is settled when all of it is durable.

import DocumentStore
import ProviderSDK
import Synchronization

/// Carries out events.
final class EventProcessor: Sendable {
    /// What must not wait for each other: the ends of an account's grants, for which the provider may have to be asked, and the rest.
    private struct Lane: Hashable {
        let account: AccountKey
        let isEnding: Bool
    }

    private struct Work {
        var events: [InboxEvent] = []
        var failures = 0
        /// Whether it is being worked on, or waits for its pause to pass.
        var isTaken = false
    }

    private struct State {
        var work: [Lane: Work] = [:]
        /// Lanes with work that nobody has taken, in turn; by whether they are of endings.
        var ready: [Bool: [Lane]] = [:]
        var running: [Bool: Int] = [:]
        var tasks: [Int: Task<Void, Never>] = [:]
        var nextTask = 0
        var isStarted = false
        var isStopping = false
    }

    private let users: UserStore
    private let registry: ProviderRegistry
    private let index: AccountIndex
    private let inbox: WebhookInbox
    private let syncs: ChangeSyncs
    private let grants: GrantEvents
    private let deletions: RecordDeletions
    private let log: Log
    private let state = Mutex(State())

    init(
        users: UserStore, registry: ProviderRegistry, index: AccountIndex, inbox: WebhookInbox, syncs: ChangeSyncs,
        grants: GrantEvents, deletions: RecordDeletions, log: Log
    ) {
        self.users = users
        self.registry = registry
        self.index = index
        self.inbox = inbox
        self.syncs = syncs
        self.grants = grants
        self.deletions = deletions
        self.log = log
    }

    /// Begins to work: the accounts of all users are known.
    func start() {
        state.withLock { $0.isStarted = true }
        proceed()
    }

    /// Takes nothing more up, and waits for what is being done.
    func stop() async {
        let tasks = state.withLock { state in
            state.isStopping = true
            return Array(state.tasks.values)
        }
        for task in tasks { task.cancel() }
        for task in tasks { await task.value }
    }

    /// Takes events of the inbox.
    func take(_ events: [InboxEvent]) {
        state.withLock { state in
            for event in events {
                let lane = Lane(
                    account: AccountKey(
                        service: event.provider, variant: event.variant, accountID: event.accountID),
                    isEnding: event.effect == .revoked)
                state.work[lane, default: Work()].events.append(event)
                guard state.work[lane]?.isTaken == false else { continue }
                state.work[lane]?.isTaken = true
                state.ready[lane.isEnding, default: []].append(lane)
            }
        }
        proceed()
    }

    private func proceed() {
        state.withLock { state in
            guard state.isStarted, !state.isStopping else { return }
            for isEnding in [false, true] {
                let lanesMax = isEnding ? IncomingLimits.endingLanesMax : IncomingLimits.lanesMax
                while state.running[isEnding, default: 0] < lanesMax, state.ready[isEnding]?.isEmpty == false,
                    let lane = state.ready[isEnding]?.removeFirst()
                {
                    state.running[isEnding, default: 0] += 1
                    launch(in: &state) { await self.run(lane) }
                }
            }
        }
    }

    private func launch(in state: inout State, _ body: @escaping @Sendable () async -> Void) {
        let number = state.nextTask
        state.nextTask += 1
        state.tasks[number] = Task {
            await body()
            self.state.withLock { $0.tasks[number] = nil }
        }
    }

    private func run(_ lane: Lane) async {
        let (events, failures) = state.withLock { state -> ([InboxEvent], Int) in
            defer { state.work[lane]?.events = [] }
            return (state.work[lane]?.events ?? [], state.work[lane]?.failures ?? 0)
        }
        var result = await carryOut(events, lane)
        if result.failed, failures + 1 >= IncomingLimits.attemptsMax {
            WebhookCounters.count(.failed, result.left.count)
            log.error(
                "Events of a provider were given up after many tries.",
                ["provider": .text(events.first?.provider), "events": .integer(result.left.count)])
            result.settled += result.left
            result.left = []
        }
        await inbox.settle(result.settled)
        let pause = result.failed ? Self.pause(after: failures + 1) : IncomingLimits.busyPause
        state.withLock { state in
            state.running[lane.isEnding, default: 1] -= 1
            guard !result.left.isEmpty else {
                state.work[lane]?.failures = 0
                guard state.work[lane]?.events.isEmpty == false else {
                    state.work[lane] = nil
                    return
                }
                state.ready[lane.isEnding, default: []].append(lane)
                return
            }
            state.work[lane]?.events.insert(contentsOf: result.left, at: 0)
            state.work[lane]?.failures = result.failed ? failures + 1 : 0
            guard !state.isStopping else { return }
            launch(in: &state) {
                do { try await Task.sleep(for: pause) } catch { return }
                self.state.withLock { $0.ready[lane.isEnding, default: []].append(lane) }
                self.proceed()
            }
        }
        proceed()
    }

    private static func pause(after failures: Int) -> Duration {
        min(IncomingLimits.retryPauseMax, .seconds(1) * (1 << min(failures - 1, 10)))
    }

    // MARK: Effects

    private struct Result {
        var settled: [InboxEvent] = []
        /// What is to be tried again.
        var left: [InboxEvent] = []
        /// Whether it is left because something failed, and not because it has to wait.
        var failed = false
    }

    private func carryOut(_ events: [InboxEvent], _ lane: Lane) async -> Result {
        var result = Result()
        guard let first = events.first, let provider = registry[first.provider], index.covers(first.provider) else {
            // Without its plugin or its key nobody knows whom it is about: it stays in the inbox for a start with them.
            log.warning(
                "Webhook events wait for their provider to be set up again.",
                ["provider": .text(events.first?.provider), "events": .integer(events.count)])
            return result
        }
        do throws(ServiceError) {
            if lane.isEnding {
                for event in events { try await end(event, provider, &result) }
            } else {
                try await change(events, provider, &result)
            }
        } catch {
            log.warning(
                "Events of a provider could not be carried out; they are tried again.",
                ["provider": .text(first.provider), "error": .text("\(error)")])
            let done = Set(result.settled.map(\.digest))
            result.left = events.filter { !done.contains($0.digest) }
            result.failed = true
        }
        return result
    }

    private func change(
        _ events: [InboxEvent], _ provider: ConfiguredProvider, _ result: inout Result
    ) async throws(ServiceError) {
        // What changed is noted once for each connection, however many events told of it.
        var useful: Set<EventDigest> = []
        for (user, connection) in try await connections(events) {
            var dataTypes: [String] = []
            var told: [EventDigest] = []
            for event in events where event.isAbout(connection) {
                guard case .changed(let names) = event.effect else { continue }
                told.append(event.digest)
                for name in names where !dataTypes.contains(name) { dataTypes.append(name) }
            }
            guard !dataTypes.isEmpty else { continue }
            if try await syncs.note(dataTypes, of: connection, user: user, provider) { useful.formUnion(told) }
        }
        for event in events {
            switch event.effect {
            case .changed: settle(event, useful.contains(event.digest) ? .processed : .ignored, &result)
            case .deleted(let dataType, let sourceIDs):
                var outcome = WebhookCounters.Event.ignored
                var isBusy = false
                for (user, connection) in try await connections([event]) {
                    switch try await deletions.delete(sourceIDs, of: dataType, connection, user: user, provider) {
                    case .deleted: outcome = .processed
                    case .nothing: break
                    case .busy: isBusy = true
                    }
                }
                if isBusy { result.left.append(event) } else { settle(event, outcome, &result) }
            case .revoked: settle(event, .ignored, &result)
            }
        }
    }

    private func end(
        _ event: InboxEvent, _ provider: ConfiguredProvider, _ result: inout Result
    ) async throws(ServiceError) {
        var outcome = WebhookCounters.Event.ignored
        for (user, connection) in try await connections([event]) {
            switch try await grants.end(event, of: connection, user: user, provider) {
            case .revoked: outcome = .processed
            case .ignored: break
            case .unknown:
                result.left.append(event)
                result.failed = true
                return
            }
        }
        settle(event, outcome, &result)
    }

    private func settle(_ event: InboxEvent, _ outcome: WebhookCounters.Event, _ result: inout Result) {
        WebhookCounters.count(outcome)
        result.settled.append(event)
    }

    /// The connections that one of several events about the same account is about.
    private func connections(_ events: [InboxEvent]) async throws(ServiceError) -> [(
        user: String, connection: Connection
    )] {
        guard let first = events.first else { return [] }
        let key = AccountKey(service: first.provider, variant: first.variant, accountID: first.accountID)
        var found: [(user: String, connection: Connection)] = []
        for id in index.users(of: key) {
            let user: User
            do throws(ServiceError) { user = try await users.user(id) } catch {
                guard case .internalFault = error else { throw error }
                // One document that cannot be read must not keep the others of the account from what they are told.
                log.warning("A user could not be looked at.", ["error": .text("\(error)")])
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
