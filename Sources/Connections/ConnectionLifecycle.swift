// The end of connections: the grant at the provider, the credentials everywhere, the sync and the records. Only this code combines
// these steps.
// The connection first records that it is being ended, so that the host continues after a stop between the steps.

import Background
package import ConnectionModel
package import Observability
package import Primitives
package import ProviderSDK
import Synchronization
package import Users

/// A service that disconnects and deletes connections.
package final class ConnectionLifecycle: Reconciler {
    private typealias Queue = KeyedWorkQueue<ProviderLine>

    /// Interrupted disconnects and deletions that continue at the same time.
    static let concurrentMax = 32
    /// Those of one provider.
    static let concurrentPerProviderMax = 4
    /// Those of one provider when others have taken all places.
    static let reservedPerProvider = 1
    /// Connections of one provider that may wait for a place; the others stay due and are found again.
    static let waitingPerProviderMax = 4096
    /// How long a deletion waits for the delivery of the connection's last events.
    static let farewellMax = Duration.seconds(5)
    /// How long a stop waits for disconnects and deletions under way; the next start continues the others.
    static let stopGrace = Duration.seconds(10)

    private let users: UserStore
    private let grants: any GrantRevoking
    private let refreshes: any GrantRefreshing
    private let sync: any SyncCanceling
    private let records: RecordErasure
    /// The delivery of events; nil when nothing is delivered.
    private let events: (any EventSink)?
    private let time: TimeSource
    private let log: Log
    private let queue: Queue

    /// How long a caller waits for the provider to end the grant; then the host continues with a ticket.
    static let revocationWaitMax = Duration.seconds(5)

    /// The connections that callers are ending.
    private let running = Mutex<[String: OneTimeEvent]>([:])

    /// How long to wait for a refresh in progress, so that the new token pair is revoked and not the previous one.
    static let refreshWaitMax = Duration.seconds(5)

    package init(
        users: UserStore, grants: any GrantRevoking, refreshes: any GrantRefreshing, sync: any SyncCanceling,
        records: RecordErasure, events: (any EventSink)? = nil, time: TimeSource, log: Log
    ) {
        self.users = users
        self.grants = grants
        self.refreshes = refreshes
        self.sync = sync
        self.records = records
        self.events = events
        self.time = time
        self.log = log
        queue = Queue(Self.line(), time: time)
        queue.start { [weak self] work in
            await self?.goOn(work)
            return .done
        }
    }

    /// Ends a connection; returns when no file contains its credentials any more, or only a ticket to end the grant does.
    ///
    /// A provider that cannot be reached does not keep the connection. When the task is cancelled, the host continues in
    /// the background.
    ///
    /// - Returns: what the provider answered to the end of the grant.
    /// - Throws: ``ServiceError/notFound`` also when another caller ends the connection at the same time: an ending happens once.
    @discardableResult
    package func end(
        _ id: String, _ disconnection: Disconnection, of userID: String
    ) async throws(ServiceError) -> RevocationOutcome {
        let ended = OneTimeEvent()
        while let other = join(id, ended) {
            await other.wait()
            guard !Task.isCancelled else { throw .canceled }
            try await checkIsLeft(id, for: disconnection, of: userID)
        }
        defer {
            running.withLock { $0[id] = nil }
            ended.signal()
        }
        return try await perform(id, disconnection, of: userID)
    }

    /// Registers a caller that ends a connection; returns the event of another caller that already does.
    private func join(_ id: String, _ ended: OneTimeEvent) -> OneTimeEvent? {
        running.withLock { running in
            if let other = running[id] { return other }
            running[id] = ended
            return nil
        }
    }

    /// - Throws: ``ServiceError/notFound`` when there is nothing left to end. A deletion removes what a disconnect keeps.
    private func checkIsLeft(
        _ id: String, for disconnection: Disconnection, of userID: String
    ) async throws(ServiceError) {
        guard let left = try await users.user(userID).connection(id),
            disconnection == .delete || left.status != .disconnected
        else { throw .notFound }
    }

    private func perform(
        _ id: String, _ disconnection: Disconnection, of userID: String
    ) async throws(ServiceError) -> RevocationOutcome {
        guard let found = try await users.user(userID).connection(id) else { throw .notFound }
        let work = ConnectionWork(found, of: userID)
        let isClaimed = queue.claim(work)
        defer { if isClaimed { queue.release(work) } }
        if !isClaimed {
            // The host is ending it in the background.
            await queue.settle(work.id, atMost: Self.stopGrace)
            try await checkIsLeft(id, for: disconnection, of: userID)
        }
        await sync.cancel(connection: id)
        let begun = time.instant
        await refreshes.settle(connection: id, longest: Self.refreshWaitMax)
        // One limit for all waiting for the provider.
        let rest = max(.zero, Self.revocationWaitMax - (time.instant - begun))
        let now = time.now
        let connection = try await users.update(userID) { (user) throws(ServiceError) -> Connection in
            try user.update(id) { (connection) throws(ServiceError) -> Connection in
                try connection.endRequested(disconnection, at: now)
                return connection
            }
        }
        do throws(ServiceError) { return try await finish(connection, of: userID, within: rest) } catch {
            if Task.isCancelled { queue.schedule(work) }
            throw error
        }
    }

    /// The disconnects and deletions under way, and those that wait for a place.
    static func line() -> ProviderLine {
        ProviderLine(
            .init(total: concurrentMax, perLane: concurrentPerProviderMax, reservedPerLane: reservedPerProvider),
            waitingPerProviderMax: waitingPerProviderMax)
    }

    /// Continues disconnects and deletions that a stop or a failure interrupted.
    package func reconcile(_ user: User, at now: Timestamp) async {
        for connection in user.connections where connection.disconnection != nil {
            queue.schedule(ConnectionWork(connection, of: user.id))
        }
    }

    package func addDue(of connection: Connection, to moments: inout DueMoments) {
        if connection.disconnection != nil { moments.addNow() }
    }

    /// Prevents further work from starting, and waits for work under way.
    package func stop() async { await queue.stop(grace: Self.stopGrace) }

    private func goOn(_ work: ConnectionWork) async {
        do throws(ServiceError) {
            guard let connection = try await users.user(work.user).connection(work.connection),
                connection.disconnection != nil
            else { return }
            try await finish(connection, of: work.user)
        } catch {
            // The next walk finds it again.
            log.warning(
                "A connection could not be ended; the host will retry.",
                ["connectionId": .text(work.connection), "error": .text("\(error)")])
        }
    }

    /// Ends the grant at the provider; an answer that does not come in time is pending.
    private func revoke(
        _ connection: Connection, of userID: String, within longest: Duration?
    ) async throws(ServiceError) -> RevocationOutcome {
        let answered = OneTimeEvent()
        let task = Task<RevocationOutcome?, Never> { [grants] in
            defer { answered.signal() }
            return try? await grants.revoke(connection, user: userID)
        }
        let outcome = await withTaskCancellationHandler { () async -> RevocationOutcome? in
            if let longest { await answered.wait(atMost: longest, time) }
            let isLate = longest != nil && !answered.hasHappened && !Task.isCancelled
            if isLate { task.cancel() }
            return await task.value ?? (isLate ? .pending : nil)
        } onCancel: {
            task.cancel()
        }
        guard let outcome else { throw .canceled }
        return outcome
    }

    @discardableResult
    private func finish(
        _ connection: Connection, of userID: String, within longest: Duration? = nil
    ) async throws(ServiceError) -> RevocationOutcome {
        let id = connection.id
        let outcome = try await revoke(connection, of: userID, within: longest)
        Metrics.revocations[outcome]?.add()
        log.info(
            "A connection was ended.",
            ["connectionId": .text(id), "service": .text(connection.service), "revocation": .text(outcome.rawValue)])
        // Do not wait for an endpoint that accepts nothing.
        if connection.disconnection == .delete, connection.webhook.failingSince == nil {
            await events?.settle(connection: id, longest: Self.farewellMax)
        }
        let now = time.now
        let consequences = try await users.update(userID) { (user) throws(ServiceError) -> [Consequence] in
            guard let connection = user.connection(id) else { return [.eraseRecords] }
            if outcome == .pending { user.revocationOwed(RevocationTicket(connection, at: now)) }
            if connection.disconnection == .delete { return try user.remove(id, at: now) }
            return try user.update(id) { (connection) throws(ServiceError) in
                try connection.disconnected(outcome, at: now)
            }
        }
        if consequences.contains(.eraseRecords) { try await records.erase([id], of: userID) }
        await sync.cancel(connection: id)
        // Erased secrets stay in the journal until all journaled changes are in their final files.
        await users.flush()
        return outcome
    }
}
