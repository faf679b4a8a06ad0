// Ends connections: the grant at the provider, the credentials everywhere, the sync. What is being ended is noted in the connection
// first, so that a stop between the steps is gone on with.

import Primitives
import ProviderSDK

/// What becomes of a connection that is ended.
enum ConnectionEnding: String, Sendable {
    /// It is kept, with what was synced and without its credentials.
    case disconnect
    /// It is removed with everything of it.
    case delete
}

/// What became of a grant at its provider.
enum RevocationOutcome: String, Sendable, CaseIterable {
    case revoked
    /// There was no grant, or the provider offers no way.
    case notOffered
    /// Ending it would end the grants of other connections to the same account.
    case sharedAccount
    /// The provider refused, failed or could not be reached.
    case failed
}

/// Ends connections.
final class ConnectionEndings: Reconciler {
    private typealias Queue = KeyedWorkQueue<FairWorkLine<ConnectionWork>>

    /// Interrupted endings that are continued at the same time.
    static let concurrentMax = 4
    /// Connections that wait for that; the next walk finds those beyond it.
    static let waitingMax = 4096

    private let users: UserStore
    private let oauth: OAuthService
    private let refresher: RefreshService
    private let sync: SyncEngine
    private let erasures: Erasures
    /// Nil where nothing is delivered.
    private let notifications: WebhookDispatcher?
    private let time: TimeSource
    private let log: Log
    private let queue: Queue

    /// How long a refresh that is under way is waited for, so that the pair it brings is revoked and not the one before.
    static let refreshWaitMax = Duration.seconds(5)

    init(
        users: UserStore, oauth: OAuthService, refresher: RefreshService, sync: SyncEngine, erasures: Erasures,
        notifications: WebhookDispatcher? = nil, time: TimeSource, log: Log
    ) {
        self.users = users
        self.oauth = oauth
        self.refresher = refresher
        self.sync = sync
        self.erasures = erasures
        self.notifications = notifications
        self.time = time
        self.log = log
        queue = Queue(
            FairWorkLine(runningMax: Self.concurrentMax, waitingMax: Self.waitingMax, share: \.user), time: time)
        queue.start { [weak self] work in
            await self?.goOn(work)
            return .done
        }
    }

    /// Ends a connection; returns when nothing of its credentials is left in any file.
    ///
    /// That the provider cannot be told keeps nobody from it.
    func end(_ id: String, _ ending: ConnectionEnding, of userID: String) async throws(ServiceError) {
        guard let found = try await users.user(userID).connection(id) else { throw .notFound }
        let work = ConnectionWork(found, of: userID)
        let isClaimed = queue.claim(work)
        defer { if isClaimed { queue.release(work) } }
        await sync.cancel(connection: id)
        await refresher.settle(connection: id, longest: Self.refreshWaitMax)
        let now = time.now
        let connection = try await users.update(userID) { (user) throws(ServiceError) -> Connection in
            try user.update(id) { (connection) throws(ServiceError) -> Connection in
                let isFirst = connection.ending != .delete
                connection.ending = connection.ending == .delete ? .delete : ending
                // What is told of a disconnect is told when it is done; of a deleted connection nothing could be told then.
                if ending == .delete, isFirst { try connection.emit(.revoked, ["reason": "deleted"], at: now) }
                // Answers that are still on their way are for an older grant and will be discarded.
                connection.grant += 1
                return connection
            }
        }
        try await finish(connection, of: userID)
    }

    /// Goes on with what a stop or a failure interrupted.
    func reconcile(_ user: User, at now: Timestamp) async {
        for connection in user.connections where connection.ending != nil {
            queue.schedule(ConnectionWork(connection, of: user.id))
        }
    }

    /// Begins nothing further.
    func stop() async { await queue.stop() }

    private func goOn(_ work: ConnectionWork) async {
        do throws(ServiceError) {
            guard let connection = try await users.user(work.user).connection(work.connection),
                connection.ending != nil
            else { return }
            try await finish(connection, of: work.user)
        } catch {
            // The next walk finds it again.
            log.warning(
                "A connection could not be ended; it is tried again.",
                ["connectionId": .text(work.connection), "error": .text("\(error)")])
        }
    }

    private func finish(_ connection: Connection, of userID: String) async throws(ServiceError) {
        let id = connection.id
        let outcome = await oauth.revoke(connection, user: userID)
        Metrics.revocations[outcome]?.add()
        log.info(
            "A connection was ended.",
            ["connectionId": .text(id), "service": .text(connection.service), "revocation": .text(outcome.rawValue)])
        // An endpoint that takes nothing anyway is not waited for.
        if connection.ending == .delete, connection.webhook.failingSince == nil {
            await notifications?.settle(connection: id, longest: HostLimits.webhookFarewellMax)
        }
        let now = time.now
        let isDeleted = try await users.update(userID) { (user) throws(ServiceError) -> Bool in
            guard let index = user.index(of: id) else { return true }
            if user.connections[index].ending == .delete { return user.remove(id) }
            try user.connections[index].disconnect(outcome, at: now)
            return false
        }
        if isDeleted { try await erasures.finish([id], of: userID) }
        await sync.cancel(connection: id)
        // What was written before is in the journal until everything in it is in place.
        await users.flush()
    }
}

extension Connection {
    /// Forgets every secret of the grant; answers that are still on their way are for an older grant and will be discarded.
    mutating func disconnect(_ outcome: RevocationOutcome? = nil, at now: Timestamp) throws(ServiceError) {
        let wasConnected = !credentials.isEmpty || status == .connected
        status = .disconnected
        credentials = Credentials()
        authorizations = []
        held = nil
        ending = nil
        refresh = RefreshState()
        deadlineTold = nil
        expiresAt = nil
        connectedAt = nil
        grant += 1
        revocation = outcome
        updatedAt = now
        if wasConnected { try emit(.revoked, ["reason": "disconnected"], at: now) }
    }
}
