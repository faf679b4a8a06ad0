// Carries runs out: the intent is durable before the first byte, the outcome after it. A run whose answer was lost is settled later, also
// after a start. Decides nothing that ActionRunRecord and SettleStep do not.

import Audit
import ConnectionModel
import Observability
import Primitives
import ProviderSDK
import Providers
import Synchronization
import Users

/// Sends runs and settles them.
package final class ActionRunner: Sendable {
    private struct Unsettled {
        let connectionID: String
        let userID: String
        var due: Timestamp
    }

    private struct State {
        /// The runs that this process has begun and that are under way.
        var begun: Set<String> = []
        var tasks: [String: Task<ActionRunRecord, Never>] = [:]
        /// The runs whose answers were lost.
        var unsettled: [String: Unsettled] = [:]
        var hasRecovered = false
    }

    /// The pause between two looks for runs to settle.
    package static let pause = Duration.milliseconds(500)

    private let store: ActionStore
    private let users: UserStore
    private let registry: ProviderRegistry
    private let credentials: any ConnectionCredentials
    private let gateway: ProviderGateway
    private let vault: CredentialVault
    private let audit: AuditTrail
    private let time: TimeSource
    private let log: Log
    private let state = Mutex(State())

    init(
        store: ActionStore, users: UserStore, registry: ProviderRegistry, credentials: any ConnectionCredentials,
        gateway: ProviderGateway, vault: CredentialVault, audit: AuditTrail, time: TimeSource, log: Log
    ) {
        self.store = store
        self.users = users
        self.registry = registry
        self.credentials = credentials
        self.gateway = gateway
        self.vault = vault
        self.audit = audit
        self.time = time
        self.log = log
    }

    /// The name under which the inputs of a run are sealed.
    static func field(of id: String) -> String { "action:\(id)" }

    func target(_ connection: Connection, _ userID: String) -> AuditTarget {
        AuditTarget(userID: userID, connectionID: connection.id, service: connection.service)
    }

    /// The task that carries a run out; nil when none does.
    func running(_ id: String) -> Task<ActionRunRecord, Never>? { state.withLock { $0.tasks[id] } }

    // MARK: The first request

    /// Stores a run and begins it; the intent is durable on return.
    func begin(
        _ record: ActionRunRecord, _ run: ActionRun, _ action: ActionSpec, _ connection: Connection, _ userID: String
    ) async throws(ServiceError) -> Task<ActionRunRecord, Never> {
        // Known before it is stored, so that no recovery takes it for a run of an earlier process.
        state.withLock { _ = $0.begun.insert(record.id) }
        do throws(ServiceError) { try await store.add(record, connection: connection.id, user: userID) } catch {
            state.withLock { _ = $0.begun.remove(record.id) }
            throw error
        }
        return state.withLock { state in
            let task = Task { await self.carryOut(record, run, action, connection, userID) }
            state.tasks[record.id] = task
            return task
        }
    }

    private func carryOut(
        _ record: ActionRunRecord, _ run: ActionRun, _ action: ActionSpec, _ connection: Connection, _ userID: String
    ) async -> ActionRunRecord {
        defer {
            state.withLock { state in
                state.tasks[record.id] = nil
                state.begun.remove(record.id)
            }
        }
        guard let provider = registry[connection.service] else { return record }
        let isSent = Mutex(false)
        let session = session(provider, connection, userID) { [store, time] () async throws(ProviderError) in
            guard !isSent.withLock({ $0 }) else { return }
            let stored: ActionRunRecord?
            do { stored = try await store.update(record.id, of: connection.id) { $0.willSend(at: time.now) } } catch {
                throw ProviderError(.transient, "The run could not be stored before its request.")
            }
            // A connection that was erased meanwhile runs nothing.
            guard stored?.phase == .sent else { throw ProviderError(.permanent, "The connection is gone.") }
            isSent.withLock { $0 = true }
        }
        var outcome = ActionOutcome.unknown(ProviderError(.transient, "Nothing was sent."))
        for attempt in 1...ActionLimits.limitedAttemptsMax {
            outcome = await session.perform(action, run, isRepeat: false)
            guard attempt < ActionLimits.limitedAttemptsMax, case .refused(let error) = outcome,
                case .rateLimited(let pause) = error.kind,
                (pause ?? provider.manifest.errors.defaultRetryAfter) < ProviderLimits.interactiveWaitMax
            else { break }
        }
        if !isSent.withLock({ $0 }) { outcome = outcome.unsent }
        return await note(outcome, of: record, action, connection, userID)
    }

    private func session(
        _ provider: ConfiguredProvider, _ connection: Connection, _ userID: String,
        beforeSending: (@Sendable () async throws(ProviderError) -> Void)? = nil
    ) -> ProviderSession {
        var wait = RateLimitWait(share: userID, waitMax: ProviderLimits.interactiveWaitMax)
        wait.beforeSending = beforeSending
        return ProviderSession(
            gateway, provider, account: connection.account,
            credentials: credentials.source(
                user: userID, connection: connection.id, provider: provider, grant: connection.grant.number),
            wait: wait)
    }

    /// Stores the outcome of a request, and retries while the store fails.
    private func note(
        _ outcome: ActionOutcome, of record: ActionRunRecord, _ action: ActionSpec, _ connection: Connection,
        _ userID: String
    ) async -> ActionRunRecord {
        var noted = record
        for attempt in 0..<5 {
            do {
                let stored = try await store.update(record.id, of: connection.id) { run in
                    run.note(outcome, canSettle: action.canSettle, at: time.now)
                }
                guard let stored else { return record }
                noted = stored
                break
            } catch {
                log.error(
                    "Could not store the outcome of an action.",
                    ["connectionId": .text(connection.id), "run": .text(record.id), "error": .text("\(error)")])
                guard attempt < 4, (try? await time.sleep(for: .seconds(1 << attempt))) != nil else { return record }
            }
        }
        await ended(noted, connection, userID)
        return noted
    }

    private func ended(_ run: ActionRunRecord, _ connection: Connection, _ userID: String) async {
        if run.phase.isEnd {
            try? await audit.record(.runAction, target(connection, userID), run.phase == .succeeded ? .done : .failed)
            log.info(
                "An action ended.",
                [
                    "connectionId": .text(connection.id), "action": .text(run.action), "run": .text(run.id),
                    "status": .text(run.phase.rawValue),
                ])
            state.withLock { $0.unsettled[run.id] = nil }
        } else if let due = run.settleAt {
            state.withLock {
                $0.unsettled[run.id] = Unsettled(connectionID: connection.id, userID: userID, due: due)
            }
        }
    }

    // MARK: Lost answers

    /// Settles what is due; the first call takes over the runs of the process before.
    package func settle() async {
        if !state.withLock(\.hasRecovered) {
            do throws(ServiceError) { try await recover() } catch {
                return log.warning("Could not look for interrupted actions.", ["error": .text("\(error)")])
            }
            state.withLock { $0.hasRecovered = true }
        }
        let now = time.now
        let due = state.withLock { state in
            Array(state.unsettled.filter { $0.value.due <= now }.prefix(ActionLimits.settlingMax))
        }
        await withTaskGroup(of: Void.self) { group in
            for (id, entry) in due { group.addTask { await self.settle(id, entry) } }
        }
    }

    private func recover() async throws(ServiceError) {
        let now = time.now
        try await store.forEachOpen { (connectionID, userID, runs) throws(ServiceError) in
            let connection = try await users.user(userID).connection(connectionID)
            for run in runs where !state.withLock({ $0.begun.contains(run.id) }) {
                let action = connection.flatMap { registry[$0.service]?.manifest.offeredAction(run.action) }
                let stored = try await store.update(run.id, of: connectionID) {
                    $0.recover(canSettle: action?.canSettle ?? false, at: now)
                }
                if let stored, let connection { await ended(stored, connection, userID) }
            }
        }
    }

    private func settle(_ id: String, _ entry: Unsettled) async {
        do throws(ServiceError) {
            guard let run = try await store.run(id, of: entry.connectionID), run.phase == .unsettled,
                let connection = try await users.user(entry.userID).connection(entry.connectionID)
            else {
                state.withLock { $0.unsettled[id] = nil }
                return
            }
            let outcome = await outcome(of: run, connection, entry.userID)
            let canSettle = registry[connection.service]?.manifest.offeredAction(run.action)?.canSettle ?? false
            let stored = try await store.update(id, of: connection.id) { run in
                if let outcome {
                    run.note(outcome, canSettle: canSettle, at: time.now)
                } else {
                    run.giveUp(at: time.now)
                }
            }
            if let stored { await ended(stored, connection, entry.userID) }
        } catch {
            state.withLock { $0.unsettled[id]?.due = time.now.advanced(by: .seconds(10)) }
            log.warning("Could not settle an action.", ["run": .text(id), "error": .text("\(error)")])
        }
    }

    /// What a further request finds out about a run; nil when nothing says more.
    private func outcome(
        of record: ActionRunRecord, _ connection: Connection, _ userID: String
    ) async -> ActionOutcome? {
        guard let provider = registry[connection.service],
            let action = provider.manifest.offeredAction(record.action), let sealed = record.sealedInputs,
            let opened = try? vault.open(
                sealed, user: userID, connection: connection.id, field: Self.field(of: record.id)),
            let inputs = try? JSONValue.parse(Array(opened.value.utf8))
        else { return nil }
        let run = ActionRun(inputs: inputs, key: record.id, startedAt: record.startedAt)
        let session = session(provider, connection, userID)
        switch SettleStep(action, record, at: time.now) {
        case .sendAgain: return await session.perform(action, run, isRepeat: true)
        case .lookUp:
            do throws(ProviderError) {
                if let output = try await session.find(action, run) { return .done(output) }
                return .unknown(ProviderError(.transient, "The provider does not show the result of the request."))
            } catch {
                // Without the permission to look, nothing says it.
                return error.isAboutGrant || error.kind == .permanent ? nil : .unknown(error)
            }
        case .giveUp: return nil
        }
    }

    /// Waits for the runs under way.
    package func stop() async {
        for task in state.withLock({ Array($0.tasks.values) }) { _ = await task.value }
    }
}

extension ActionSpec {
    /// Whether anything can show the outcome of a request whose answer was lost.
    var canSettle: Bool { repeatWindow != nil || lookUp != nil }
}

extension ActionOutcome {
    /// The outcome of a request that was not sent.
    fileprivate var unsent: ActionOutcome {
        switch self {
        case .refused(let error), .unknown(let error), .notSent(let error): .notSent(error)
        case .done: self
        @unknown default: self
        }
    }
}
