// Runs syncs: one at a time per connection, a bounded number in all, resumed after a restart. What a sync does with a data type
// is PageSync's.

import Cryptography
import DocumentStore
import ProviderSDK
import Synchronization

/// Starts, watches and resumes syncs.
final class SyncEngine: Sendable {
    private struct Running {
        let run: SyncRun
        let userID: String
        let progress: SyncProgress
        var task: Task<Void, Never>?
    }

    private let users: UserStore
    private let registry: ProviderRegistry
    private let refresher: RefreshService
    private let gateway: ProviderGateway
    private let documents: Documents
    private let records: Records
    private let log: Log
    private let slots = Slots(HostLimits.concurrentSyncsMax)
    private let running = Mutex<[String: Running]>([:])

    init(
        users: UserStore, registry: ProviderRegistry, refresher: RefreshService, gateway: ProviderGateway,
        data: DataDirectory, log: Log
    ) {
        self.users = users
        self.registry = registry
        self.refresher = refresher
        self.gateway = gateway
        documents = data.documents
        records = data.records
        self.log = log
    }

    // MARK: Asking

    /// Starts a sync, or returns the one that runs already.
    ///
    /// - Parameter dataTypes: empty means all that the provider has.
    /// - Throws: ``ServiceError`` when the connection is not connected, a data type does not exist, or its scope was not granted.
    func start(
        user userID: String, connection id: String, type: SyncType, dataTypes: [String]
    ) async throws(ServiceError) -> SyncRun {
        guard let connection = try await users.user(userID).connection(id) else { throw .notFound }
        guard let provider = registry[connection.service] else {
            throw .conflict("This integration is not managed by the host, so there is nothing to sync")
        }
        guard connection.status == .connected else {
            throw .conflict("The connection is \(connection.status.rawValue): connect it before it can be synced")
        }
        let wanted = try validated(dataTypes, connection, provider)
        let runID: String
        do { runID = "sync-" + (try SecureRandom.base62(22)) } catch { throw .internalFault("\(error)") }
        let run = SyncRun(id: runID, type: type, dataTypes: wanted, status: .running, startedAt: WallClock.now)
        if let earlier = reserve(id, Running(run: run, userID: userID, progress: SyncProgress())) { return earlier }
        do throws(ServiceError) {
            try await mark(id, user: userID)
            try await users.update(userID) { (user) throws(ServiceError) in
                try user.update(id) { (connection) throws(ServiceError) in
                    connection.syncs.insert(run, at: 0)
                    connection.syncs.removeLast(max(0, connection.syncs.count - HostLimits.syncHistoryMax))
                    connection.syncStatus = "running"
                }
            }
        } catch {
            running.withLock { $0[id] = nil }
            throw error
        }
        launch(id)
        return run
    }

    /// The newest sync of a connection with its present counts; nil when there was none.
    func latest(_ connection: Connection) -> SyncRun? {
        guard var run = connection.syncs.first else { return nil }
        if let active = running.withLock({ $0[connection.id] }), active.run.id == run.id {
            let counts = active.progress.counts
            run.recordsProcessed = counts.processed
            run.recordsSynced = counts.synced
            run.errors = counts.errors
        }
        return run
    }

    /// Stops the sync of a connection that is being removed, and waits until it has stopped.
    func cancel(connection id: String) async {
        let task = running.withLock { $0[id]?.task }
        task?.cancel()
        await task?.value
    }

    // MARK: Start and stop of the host

    /// Goes on with the syncs that the last stop interrupted.
    func resume() async {
        do throws(StoreError) {
            var position: Documents.ListPosition?
            repeat {
                let page = try await documents.list(Self.collection, after: position)
                for key in page.keys { await resume(key) }
                position = page.next
            } while position != nil
        } catch {
            log.error("Interrupted syncs could not be found.", ["error": .text("\(error)")])
        }
    }

    /// Stops all syncs at their next checkpoint; they go on at the next start.
    func stop() async {
        let tasks = running.withLock { $0.values.compactMap(\.task) }
        for task in tasks { task.cancel() }
        for task in tasks { await task.value }
    }

    private static let collection = "running-syncs"

    private func resume(_ key: DocumentKey) async {
        let id = String(decoding: key.id, as: UTF8.self)
        guard let document = try? await documents.load(key),
            let userID = (try? JSONValue.parse(document.bytes))?["userId"]?.string,
            let connection = try? await users.user(userID).connection(id),
            let run = connection.syncs.first(where: { $0.status == .running })
        else {
            _ = try? await documents.delete(key, expecting: .any)
            return
        }
        guard reserve(id, Running(run: run, userID: userID, progress: SyncProgress())) == nil else { return }
        log.info("Sync resumed after a restart.", ["connectionId": .text(id), "syncId": .text(run.id)])
        launch(id)
    }

    /// Notes durably that a sync of this connection runs, so that a restart finds it.
    private func mark(_ id: String, user: String) async throws(ServiceError) {
        var writer = JSONWriter()
        writer.object { $0.member("userId", user) }
        do throws(StoreError) {
            try await documents.save(
                DocumentKey(collection: Self.collection, id: Array(id.utf8)), writer.bytes, expecting: .any)
        } catch {
            throw ServiceError(error)
        }
    }

    /// Takes the note away: the sync has ended.
    private func unmark(_ id: String) async {
        _ = try? await documents.delete(DocumentKey(collection: Self.collection, id: Array(id.utf8)), expecting: .any)
    }

    /// Takes the connection's place; the run that has it already, if there is one.
    private func reserve(_ id: String, _ entry: Running) -> SyncRun? {
        running.withLock { running in
            if let earlier = running[id] { return earlier.run }
            running[id] = entry
            return nil
        }
    }

    private func validated(
        _ names: [String], _ connection: Connection, _ provider: ConfiguredProvider
    ) throws(ServiceError) -> [String] {
        let available = provider.dataTypes(connection.variant)
        var seen: Set<String> = []
        let wanted = names.isEmpty ? available.map(\.name) : names.filter { seen.insert($0).inserted }
        for name in wanted {
            guard let dataType = available.first(where: { $0.name == name }) else {
                throw .invalid(field: "dataTypes", message: "\(provider.manifest.name) has no data type “\(name)”")
            }
            let missing = provider.manifest.scopes.missing(dataType.scopes, granted: connection.grantedScopes)
            guard missing.isEmpty else {
                throw .forbidden(
                    "Syncing \(name) needs the scope \(missing.joined(separator: ", ")), which was not granted")
            }
        }
        guard !wanted.isEmpty else {
            throw .invalid(field: "dataTypes", message: "\(provider.manifest.name) has nothing to sync")
        }
        return wanted
    }

    // MARK: Running

    private func launch(_ id: String) {
        let task = Task {
            await self.slots.acquire()
            await self.perform(id)
            self.slots.release()
        }
        running.withLock { $0[id]?.task = task }
    }

    private func perform(_ id: String) async {
        guard let entry = running.withLock({ $0[id] }) else { return }
        defer { running.withLock { $0[id] = nil } }
        let started = MonotonicClock.nanoseconds
        var failures: [(dataType: String, error: ProviderError)] = []
        var completed = 0
        do throws(PageSync.Failure) {
            guard let connection = try await connection(id, entry.userID),
                let provider = registry[connection.service]
            else { return await unmark(id) }
            if provider.manifest.refreshesBeforeSync { await refresh(connection, provider, entry) }
            for name in entry.run.dataTypes {
                do throws(PageSync.Failure) {
                    try await sync(name, connection, provider, entry)
                    completed += 1
                } catch {
                    guard case .provider(let problem) = error else { throw error }
                    failures.append((name, problem))
                    // Nothing else will succeed without a good grant.
                    if problem.kind == .authRevoked { break }
                }
            }
        } catch {
            switch error {
            case .interrupted: return
            case .store(let problem): failures.append(("", ProviderError(.transient, "\(problem)")))
            case .provider(let problem): failures.append(("", problem))
            }
        }
        await finish(id, entry, completed: completed, failures)
        let counts = entry.progress.counts
        Metrics.recordsSynced.add(counts.synced)
        (failures.isEmpty ? Metrics.syncsCompleted : Metrics.syncsFailed).add()
        log.info(
            "Sync finished.",
            [
                "connectionId": .text(id), "syncId": .text(entry.run.id), "records": .integer(counts.processed),
                "errors": .integer(counts.errors), "failedDataTypes": .integer(failures.count),
                "durationMs": .integer(Int((MonotonicClock.nanoseconds - started) / 1_000_000)),
            ])
    }

    /// Refreshes ahead of a sync, where the provider's tokens may end without telling when.
    ///
    /// Whatever comes of it, the sync itself finds out whether the token is good.
    private func refresh(_ connection: Connection, _ provider: ConfiguredProvider, _ entry: Running) async {
        do throws(ProviderError) {
            _ = try await refresher.refresh(
                user: entry.userID, connection: connection.id, provider: provider, replacing: nil)
        } catch {
            log.info(
                "A token could not be refreshed ahead of a sync.",
                ["connectionId": .text(connection.id), "error": .text(error.message)])
        }
    }

    private func connection(_ id: String, _ userID: String) async throws(PageSync.Failure) -> Connection? {
        do throws(ServiceError) { return try await users.user(userID).connection(id) } catch {
            throw .provider(ProviderError(.transient, "The store cannot be reached for now."))
        }
    }

    private func sync(
        _ name: String, _ connection: Connection, _ provider: ConfiguredProvider, _ entry: Running
    ) async throws(PageSync.Failure) {
        guard let dataType = provider.manifest.dataType(name) else { return }
        let account = connection.account
        let stored = refresher.source(user: entry.userID, connection: connection.id, provider: provider)
        let http = ConnectionHTTP(
            gateway: gateway, provider: provider,
            template: RequestTemplate(account: account, settings: provider.publicSettings),
            credentials: provider.manifest.refreshesPerSyncMax.map { BoundedCredential(stored, replacementsMax: $0) }
                ?? stored)
        let settings = provider.publicSettings
        let page = PageSync(
            provider: provider, dataType: dataType, stream: StreamID(connection.id), records: records,
            syncID: entry.run.id, startedAt: entry.run.startedAt, progress: entry.progress,
            context: { ProviderContext(http: http, account: account, settings: settings, now: WallClock.now) })
        try await page.run(entry.run.type)
    }

    /// Writes the outcome into the user's document; then the restart marker may go.
    private func finish(
        _ id: String, _ entry: Running, completed: Int, _ failures: [(dataType: String, error: ProviderError)]
    ) async {
        let counts = entry.progress.counts
        let now = WallClock.now
        let outcome: SyncRunStatus =
            failures.isEmpty ? .completed : completed > 0 ? .partial : .failed
        let message = failures.first.map { failure in
            failure.dataType.isEmpty ? "\(failure.error)" : "\(failure.dataType): \(failure.error)"
        }
        do throws(ServiceError) {
            try await users.update(entry.userID) { (user) throws(ServiceError) in
                guard let index = user.index(of: id) else { return }
                if let at = user.connections[index].syncs.firstIndex(where: { $0.id == entry.run.id }) {
                    user.connections[index].syncs[at].status = outcome
                    user.connections[index].syncs[at].completedAt = now
                    user.connections[index].syncs[at].recordsProcessed = counts.processed
                    user.connections[index].syncs[at].recordsSynced = counts.synced
                    user.connections[index].syncs[at].errors = counts.errors
                    user.connections[index].syncs[at].message = message
                }
                user.connections[index].syncStatus =
                    outcome == .completed ? "success" : outcome == .partial ? "partial" : "failed"
                if outcome != .failed { user.connections[index].lastSyncAt = now }
                user.connections[index].updatedAt = now
                if let failure = failures.first {
                    user.connections[index].failure = ConnectionFailure(operation: "sync", failure.error, at: now)
                    if failures.contains(where: { $0.error.kind == .authRevoked }),
                        user.connections[index].status == .connected
                    {
                        user.connections[index].status = .expired
                    }
                }
            }
            await unmark(id)
        } catch {
            log.error(
                "The outcome of a sync could not be stored.", ["connectionId": .text(id), "error": .text("\(error)")])
        }
    }
}

/// A bounded number of places; whoever finds none waits in line.
final class Slots: Sendable {
    private struct State {
        var free: Int
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let state: Mutex<State>

    init(_ count: Int) { state = Mutex(State(free: count)) }

    func acquire() async {
        await withCheckedContinuation { continuation in
            let isFree = state.withLock { state in
                guard state.free == 0 else {
                    state.free -= 1
                    return true
                }
                state.waiting.append(continuation)
                return false
            }
            if isFree { continuation.resume() }
        }
    }

    func release() {
        let next = state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard state.waiting.isEmpty else { return state.waiting.removeFirst() }
            state.free += 1
            return nil
        }
        next?.resume()
    }
}
