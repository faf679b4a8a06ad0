// Runs syncs: one at a time per connection, a bounded number in all, resumed after a restart. This file knows which
// syncs run. SyncEngine+Running carries out a sync, and SyncRunState decides its next step.

package import Background
package import ConnectionModel
import Cryptography
package import Observability
package import Primitives
import ProviderSDK
package import Providers
package import RecordStore
package import Users

/// Starts, watches and resumes syncs.
package final class SyncEngine: SyncCanceling {
    package let users: UserStore
    package let registry: ProviderRegistry
    package let credentials: any ConnectionCredentials
    package let gateway: ProviderGateway
    package let vault: CredentialVault
    package let records: Records
    /// How failures are retried; each provider sets the longest pause that it may ask for.
    package let retry: RetryPolicy
    package let time: TimeSource
    package let log: Log
    package let limiter = LaneLimiter(
        SyncLimits.concurrentMax, perProvider: SyncLimits.concurrentPerProviderMax,
        reserved: SyncLimits.reservedPerProvider)
    let occupancy = SyncOccupancy()

    package init(
        users: UserStore, registry: ProviderRegistry, credentials: any ConnectionCredentials, gateway: ProviderGateway,
        vault: CredentialVault, records: Records, retry: RetryPolicy, time: TimeSource, log: Log
    ) {
        self.users = users
        self.registry = registry
        self.credentials = credentials
        self.gateway = gateway
        self.vault = vault
        self.records = records
        self.retry = retry
        self.time = time
        self.log = log
    }

    // MARK: Asking

    /// Starts a sync, or returns the running sync when it does what is asked for.
    ///
    /// - Throws: ``ServiceError`` when the connection is not connected, a data type does not exist, or its scope was
    ///   not granted. It also throws when a different sync runs.
    package func start(
        user userID: String, connection id: String, _ request: SyncRequest
    ) async throws(ServiceError) -> SyncRun {
        guard let connection = try await users.user(userID).connection(id) else { throw .notFound }
        let idempotency = request.idempotency
        if let earlier = try connection.sync.run(repeatedBy: idempotency) { return earlier }
        guard let provider = registry[connection.service] else {
            throw .conflict("This integration is not managed by the host, so there is nothing to sync")
        }
        try connection.requireConnected()
        let wanted = try provider.syncedDataTypes(request.dataTypes, of: connection)
        // A sync that the last stop interrupted counts as running, even when it has not been resumed yet.
        if connection.runningSync != nil { try await resume(connection: id, user: userID) }
        let run: SyncRun
        do {
            run = SyncRun(
                id: "sync-" + (try SecureRandom.base62(22)), type: request.type, dataTypes: wanted,
                startedAt: time.now, trigger: request.trigger, idempotency: idempotency)
        } catch { throw .internalFault("\(error)") }
        while let occupant = try occupancy.occupy(id, with: OccupyingSync(run: run, userID: userID)) {
            guard let earlier = try await stored(occupant, of: id, user: userID) else { continue }
            if try earlier.run.isRepeated(by: idempotency) { return earlier.run }
            let joined = try earlier.run.joined(by: request.type, wanted)
            if let idempotency { try await remember(idempotency, with: joined, of: id, user: userID) }
            return joined
        }
        let begun: SyncRun
        do {
            begun = try await begin(run, of: id, user: userID)
        } catch {
            occupancy.release(id)
            throw error
        }
        guard begun.id == run.id else {
            occupancy.release(id)
            if let idempotency { try await remember(idempotency, with: begun, of: id, user: userID) }
            return begun
        }
        launch(id)
        return run
    }

    /// The sync that occupies a connection, when its document lists it as running.
    ///
    /// A run that is about to be stored may fail to begin, and a run that is ending cannot answer a request. In both
    /// cases this method waits for the run and returns nil.
    private func stored(
        _ occupant: SyncOccupancy.Occupant, of id: String, user: String
    ) async throws(ServiceError) -> OccupyingSync? {
        switch occupant {
        case .exclusive(let isDone): await isDone.wait()
        case .sync(let sync):
            guard let connection = try await users.user(user).connection(id) else { throw .notFound }
            let stored = connection.sync.run(sync.run.id)
            if stored?.status == .running { return sync }
            if stored != nil, let task = sync.task { await task.value } else { await sync.isDecided.wait() }
        }
        guard !Task.isCancelled else { throw .canceled }
        return nil
    }

    /// Records that a request was answered with a run that another request began.
    private func remember(
        _ request: SyncIdempotency, with run: SyncRun, of id: String, user: String
    ) async throws(ServiceError) {
        try await users.update(user) { (user) throws(ServiceError) in
            try user.update(id) { (connection) throws(ServiceError) in
                connection.syncJoined(run, by: request)
            }
        }
    }

    /// Writes a new run into the user's document.
    ///
    /// - Returns: the run, the earlier one that the request repeats, or the running one that does what is asked for.
    func begin(_ run: SyncRun, of id: String, user: String) async throws(ServiceError) -> SyncRun {
        try await users.update(user) { (user) throws(ServiceError) in
            try user.update(id) { (connection) throws(ServiceError) in
                if let earlier = try connection.sync.run(repeatedBy: run.idempotency) { return earlier }
                try connection.requireConnected()
                // The document decides: a sync that it lists as running has begun, wherever it runs.
                if let running = connection.runningSync { return try running.joined(by: run.type, run.dataTypes) }
                if run.trigger == .schedule {
                    guard SyncSchedule.isDue(connection, at: run.startedAt) else { throw .conflict("It is not due") }
                }
                if run.trigger == .webhook {
                    guard connection.isDue(run.dataTypes, at: run.startedAt) else { throw .conflict("It is not due") }
                }
                connection.syncBegan(run)
                return run
            }
        }
    }

    /// The newest sync of a connection with its current counts; nil when there was none.
    package func latest(_ connection: Connection) async -> (run: SyncRun, progress: SyncProgress.Snapshot?)? {
        guard var run = connection.syncs.first else { return nil }
        guard run.status == .running else { return (run, nil) }
        // A sync that the last stop interrupted may not be resumed yet.
        let progress = activeProgress(of: run, connection.id)
        let known = if let progress { progress } else { await storedProgress(of: run, connection.id) }
        run.count(known.counts)
        return (run, known.snapshot)
    }

    /// The syncs that run or are about to run, with the ids of their connections.
    package var running: [(connectionID: String, sync: OccupyingSync)] { occupancy.syncs }

    /// The progress of a connection's sync; nil when none runs here.
    package func progress(of connection: Connection) -> SyncProgress.Snapshot? {
        guard let run = connection.syncs.first, run.status == .running else { return nil }
        return activeProgress(of: run, connection.id)?.snapshot
    }

    private func activeProgress(of run: SyncRun, _ id: String) -> SyncProgress? {
        guard let active = running(id), active.run.id == run.id else { return nil }
        return active.progress
    }

    /// The counts of a run from its checkpoints.
    private func storedProgress(of run: SyncRun, _ id: String) async -> SyncProgress {
        let progress = SyncProgress()
        // When a read fails here, the sync reports the error once it reads the stream.
        let state = try? await records.state(of: StreamID(id))
        for name in run.dataTypes {
            let stored = SyncCheckpoint(state?[name]?.checkpoint)
            let staged = SyncCheckpoint(state?[name]?.generationCheckpoint)
            if let staged, staged.syncID == run.id {
                progress.set(staged.counts, of: name, isStaged: true)
            } else if let stored, stored.syncID == run.id {
                progress.set(stored.counts, of: name, isStaged: false)
            }
        }
        return progress
    }

    /// Runs `body` while no sync of the connection runs and none can begin.
    ///
    /// - Returns: false when a sync runs or must be resumed; `body` was then not run.
    func whileIdle(
        connection id: String, user userID: String, _ body: () async throws(ServiceError) -> Void
    ) async throws(ServiceError) -> Bool {
        guard try occupancy.occupyExclusively(id) else { return false }
        defer { occupancy.release(id) }
        guard try await users.user(userID).connection(id)?.runningSync == nil else { return false }
        try await body()
        return true
    }

    /// Whether so many syncs of a provider wait for a permit that only requested syncs should begin.
    package func isCrowded(_ provider: String) -> Bool {
        limiter.waitingCount(of: provider) >= SyncLimits.scheduledWaitingMax
    }

    /// Stops the sync of a connection that is being removed or disconnected, and waits until it has stopped.
    package func cancel(connection id: String) async {
        await cancel([id], .removed)
    }

    // MARK: Start and stop of the host

    /// Resumes a sync that the last stop interrupted.
    ///
    /// Does nothing when there is no such sync, or it runs.
    package func resume(connection id: String, user userID: String) async throws(ServiceError) {
        guard running(id) == nil, let run = try await users.user(userID).connection(id)?.runningSync else { return }
        let sync = OccupyingSync(run: run, userID: userID, progress: await storedProgress(of: run, id))
        guard try occupancy.occupy(id, with: sync) == nil else { return }
        // The run may have ended between the first check and the reservation; from here on it cannot.
        let isRunning: Bool
        do {
            isRunning = try await users.user(userID).connection(id)?.runningSync?.id == run.id
        } catch {
            occupancy.release(id)
            throw error
        }
        guard isRunning else { return occupancy.release(id) }
        if let connection = try? await users.user(userID).connection(id), let provider = registry[connection.service] {
            gateway.limiter.resume(provider, account: connection.account.id)
        }
        log.info("Sync resumed after a restart.", ["connectionId": .text(id), "syncId": .text(run.id)])
        launch(id)
    }

    /// Stops all syncs at their next checkpoint; they resume at the next start.
    package func stop() async {
        await cancel(occupancy.close(), .hostStops)
    }

    // MARK: What runs

    package func running(_ id: String) -> OccupyingSync? { occupancy.sync(id) }

    private func launch(_ id: String) { occupancy.launch(id) { await self.perform(id) } }

    private func cancel(_ ids: [String], _ reason: SyncRunState.Cancellation) async {
        let tasks = ids.compactMap { occupancy.cancel($0, reason) }
        for task in tasks { await task.value }
    }

    /// Cancels the syncs of connections that were removed or no longer work.
    package func userDidChange(_ user: User) {
        for id in occupancy.connections(of: user.id) {
            switch user.connection(id)?.status {
            case .connected: break
            case .disconnected, nil: occupancy.cancel(id, .removed)
            case .some(let status): occupancy.cancel(id, .ended(status))
            }
        }
    }
}

extension SyncRun {
    /// Copies the counts of a progress.
    package mutating func count(_ counts: SyncProgress.Counts) {
        count(processed: counts.processed, synced: counts.synced, errors: counts.errors)
    }
}

extension SyncEngine {
    /// Whether a sync of a connection runs, or has ended and is about to release the connection.
    func isRunning(connection id: String) -> Bool { running(id) != nil }

    /// Starts an incremental sync of `dataTypes`.
    ///
    /// - Throws: ``ServiceError`` when the connection is not connected, or when another sync runs.
    func startChanges(user userID: String, connection id: String, dataTypes: [String])
        async throws(ServiceError)
    {
        _ = try await start(
            user: userID, connection: id, SyncRequest(type: .incremental, dataTypes: dataTypes, trigger: .webhook))
    }
}
