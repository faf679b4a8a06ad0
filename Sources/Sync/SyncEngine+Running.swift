// Carries out one sync as its state machine decides, and stores the outcome. A sync holds a permit while it works and
// none while it waits.

import Background
import ConnectionModel
import DocumentStore
import Observability
import Primitives
import ProviderSDK
import Providers
import RecordStore
import StoreFiles
import Users

extension SyncEngine {
    /// The connection and grant that one run works with.
    private struct RunContext {
        /// The connection as the run read it; nil when the run must read it again.
        var connection: Connection?
        /// Whether the token was refreshed before the run.
        var isRefreshed = false
        /// The grant that the run used last.
        ///
        /// Its failures say nothing about a later grant.
        var grant: Int?
    }

    /// Carries out the sync of a connection until it ends or is canceled.
    package func perform(_ id: String) async {
        guard let entry = running(id) else { return }
        let started = time.instant
        func now() -> Duration { time.instant - started }
        var context = RunContext()
        context.connection = await inOwnTask { [users] in try? await users.user(entry.userID).connection(id) }
        let service = context.connection?.service ?? ""
        var policy = retry
        // The longest pause that the connection's provider allows.
        policy.pauseMax =
            context.connection.flatMap { registry[$0.service] }?.manifest.errors.pauseMax ?? policy.pauseMax
        var state = SyncRunState(entry.run.dataTypes, policy: policy, deadline: SyncLimits.timeMax)
        while true {
            if Task.isCancelled { state.cancel(running(id)?.cancellation ?? .hostStops) }
            switch state.next(at: now()) {
            case .sync(let name):
                entry.progress.waits(for: .turn)
                guard await limiter.acquire(for: entry.userID, of: service) else { continue }
                let permit = SyncPermit(in: limiter, of: service, progress: entry.progress)
                entry.progress.works(on: name)
                let pages = entry.progress.counts(of: name).pages
                let (result, after) = await inOwnTask { [context] in
                    await self.sync(name, of: id, entry, permit, context)
                }
                context = after
                do throws(PageSync.Failure) {
                    let done = try result.get()
                    state.complete(name, note: done.note, hasOnlyErrors: done.hasOnlyErrors)
                } catch {
                    // Another grant may be current now.
                    context.connection = nil
                    let progressed = entry.progress.counts(of: name).pages > pages
                    record(error, of: name, id, in: &state, progressed: progressed, at: now())
                }
                permit.close()
            case .wait(let until, let reason):
                let pause = until - now()
                entry.progress.waits(for: reason, until: time.now.advanced(by: pause))
                try? await time.sleep(for: pause)
            case .finish(let outcome):
                // Records that never become visible do not count as synced, however the run ended.
                let done = Set(state.dataTypesDone)
                for name in entry.run.dataTypes where !done.contains(name) { entry.progress.discardStaged(name) }
                return await finish(id, entry, outcome, grant: context.grant, took: now())
            case .suspend: return
            }
        }
    }

    /// Reports a failure to the state of the run.
    private func record(
        _ failure: PageSync.Failure, of name: String, _ id: String, in state: inout SyncRunState, progressed: Bool,
        at now: Duration
    ) {
        let chance = Double.random(in: 0..<1)
        switch failure {
        case .interrupted: break  // The loop asks for the reason.
        case .provider(let error): state.fail(name, error, progressed: progressed, at: now, chance: chance)
        case .store(let error):
            log.error(
                "Could not store the records of a sync.", ["connectionId": .text(id), "error": .text("\(error)")])
            switch error {
            case .closed, .readOnly: state.cancel(.hostStops)
            case .noSpace, .busy, .io:
                state.fail(
                    name, ProviderError(.transient, "The host could not store the records."), progressed: progressed,
                    at: now, chance: chance)
            default:
                state.fail(
                    name, ProviderError(.permanent, "The host could not store the records."), progressed: progressed,
                    at: now, chance: chance)
            }
        }
    }

    /// Syncs one data type from its checkpoint; returns the context with what became known.
    private func sync(
        _ name: String, of id: String, _ entry: OccupyingSync, _ permit: SyncPermit, _ context: RunContext
    ) async -> (Result<SyncCheckpoint, PageSync.Failure>, RunContext) {
        var context = context
        do throws(PageSync.Failure) {
            return (.success(try await sync(name, of: id, entry, permit, &context)), context)
        } catch {
            return (.failure(error), context)
        }
    }

    private func sync(
        _ name: String, of id: String, _ entry: OccupyingSync, _ permit: SyncPermit, _ context: inout RunContext
    ) async throws(PageSync.Failure) -> SyncCheckpoint {
        let connection = try await connection(id, entry, &context)
        guard let provider = registry[connection.service] else {
            throw .provider(
                ProviderError(.misconfigured, "The provider “\(connection.service)” is not installed any more."))
        }
        guard let dataType = provider.manifest.dataType(name) else {
            throw .provider(
                ProviderError(.misconfigured, "\(provider.manifest.name) has no data type “\(name)” any more."))
        }
        context.grant = connection.grant.number
        if provider.manifest.refreshesBeforeSync, !context.isRefreshed {
            context.isRefreshed = true
            await refresh(connection, provider, entry)
        }
        return try await pageSync(dataType, connection, provider, entry, permit).run(entry.run.type)
    }

    /// The connection that the run knows, or the stored one when the run must read it again.
    private func connection(
        _ id: String, _ entry: OccupyingSync, _ context: inout RunContext
    ) async throws(PageSync.Failure) -> Connection {
        if context.connection == nil {
            do { context.connection = try await users.user(entry.userID).connection(id) } catch {
                guard case .unavailable = error else {
                    throw .provider(ProviderError(.permanent, "The user's document cannot be read."))
                }
                throw .provider(ProviderError(.transient, "The store cannot be reached for now."))
            }
        }
        guard let connection = context.connection else {
            throw .provider(ProviderError(.authRevoked, "The connection is gone."))
        }
        guard connection.status == .connected else {
            throw .provider(ProviderError(.authRevoked, "The connection \(connection.status.obstacle)."))
        }
        return connection
    }

    private func pageSync(
        _ dataType: DataType, _ connection: Connection, _ provider: ConfiguredProvider, _ entry: OccupyingSync,
        _ permit: SyncPermit
    ) -> PageSync {
        // A sync continues with its own grant only. After another authorization it begins again, from the stored
        // records.
        let stored = credentials.source(
            user: entry.userID, connection: connection.id, provider: provider, grant: connection.grant.number)
        let clock = ProviderClock()
        let session = ProviderSession(
            gateway, provider, account: connection.account,
            credentials: provider.manifest.refreshesPerSyncMax.map { BoundedCredential(stored, replacementsMax: $0) }
                ?? stored,
            wait: RateLimitWait(
                share: entry.userID, waitMax: provider.manifest.errors.pauseMax, onWait: { permit.wait(until: $0) },
                onResume: { permit.resume(dataType.name) }),
            clock: clock)
        return PageSync(
            session: session, dataType: dataType, stream: StreamID(connection.id), records: records,
            syncID: entry.run.id, source: SyncSource.digest(provider, connection), startedAt: entry.run.startedAt,
            clock: clock, time: time, progress: entry.progress,
            letters: DeadLetterOrigin(
                vault: vault, userID: entry.userID, connectionID: connection.id, pluginID: provider.id,
                pluginVersion: provider.manifest.version, syncID: entry.run.id))
    }

    /// Refreshes the token before a sync, for providers whose tokens may expire without notice.
    ///
    /// A failure is only logged, because the sync itself finds out whether the token is valid.
    private func refresh(_ connection: Connection, _ provider: ConfiguredProvider, _ entry: OccupyingSync) async {
        do {
            _ = try await credentials.refresh(
                user: entry.userID, connection: connection.id, provider: provider, replacing: nil)
        } catch {
            log.info(
                "Could not refresh a token before a sync.",
                ["connectionId": .text(connection.id), "error": .text(error.message)])
        }
    }

    // MARK: The end

    /// Writes the outcome into the user's document, and retries as long as that takes.
    ///
    /// Without the outcome, the next start would resume the sync and find that it is complete.
    private func finish(
        _ id: String, _ entry: OccupyingSync, _ outcome: SyncOutcome, grant: Int?, took: Duration
    ) async {
        await abandonGenerations(of: entry.run, id)
        var failures = 0
        while true {
            do {
                try await store(outcome, of: id, entry, grant: grant)
                break
            } catch {
                log.error(
                    "Could not store the outcome of a sync.",
                    ["connectionId": .text(id), "error": .text("\(error)")])
                guard case .unavailable = error, running(id)?.cancellation != .hostStops else { return }
                failures += 1
                let pause = retry.pause(
                    after: ProviderError(.transient, ""), failures: failures, failingFor: .zero, chance: 0.5)
                do { try await time.sleep(for: pause ?? retry.backoffMax) } catch { return }
            }
        }
        let counts = entry.progress.counts
        Metrics.recordsSynced.add(counts.synced)
        (outcome.status == .completed ? Metrics.syncsCompleted : Metrics.syncsFailed).add()
        log.info(
            "Sync finished.",
            [
                "connectionId": .text(id), "syncId": .text(entry.run.id), "status": .text(outcome.status.rawValue),
                "records": .integer(counts.processed), "errors": .integer(counts.errors),
                "failedDataTypes": .integer(outcome.failures.count),
                "durationMs": .integer(Int(took / .milliseconds(1))),
            ])
    }

    /// Abandons the unfinished generations of a run, which no other sync can use.
    ///
    /// When that fails, the next sync of the data type abandons them.
    private func abandonGenerations(of run: SyncRun, _ id: String) async {
        let state = try? await records.state(of: StreamID(id))
        for name in run.dataTypes {
            guard let generation = state?[name]?.generation else { continue }
            try? await records.abandon(generation)
        }
    }

    private func store(
        _ outcome: SyncOutcome, of id: String, _ entry: OccupyingSync, grant: Int?
    ) async throws(ServiceError) {
        let counts = entry.progress.counts
        let now = time.now
        let read = try await dataTypesRead(by: entry.run, of: id, user: entry.userID)
        try await users.update(entry.userID) { (user) throws(ServiceError) in
            try user.update(id, where: { _ in true }) { (connection) throws(ServiceError) in
                try connection.syncEnded(
                    entry.run.id, outcome,
                    counts: (processed: counts.processed, synced: counts.synced, errors: counts.errors), read: read,
                    grant: grant, at: now)
            }
        }
    }

    /// The data types with pending changes that were read completely since the run began.
    private func dataTypesRead(
        by run: SyncRun, of id: String, user: String
    ) async throws(ServiceError) -> Set<String> {
        guard let changes = try await users.user(user).connection(id)?.changes, !changes.isEmpty else { return [] }
        // A data type that cannot be looked up counts as not read, so it is read once more.
        let state = try? await records.state(of: StreamID(id))
        var read: Set<String> = []
        for change in changes {
            guard let begun = SyncCheckpoint(state?[change.dataType]?.checkpoint)?.readSince, begun >= run.startedAt
            else { continue }
            read.insert(change.dataType)
        }
        return read
    }
}
