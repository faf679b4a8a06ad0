// Read access to a connection, facet by facet, with one name for each value. Pure.

package import ProviderSDK

extension Connection {
    package var id: String { identity.id }
    package var number: Int { identity.number }
    package var service: String { identity.service }
    package var variant: String? { identity.variant }
    package var accountID: String? { identity.accountID }
    package var accountName: String? { identity.accountName }
    package var mode: String? { identity.mode }
    /// The account as plugins see it.
    package var account: ProviderContext.Account { identity.account }

    package var status: ConnectionStatus { life.status }
    /// How the connection is being ended; nil while it is not.
    package var disconnection: Disconnection? { life.disconnection }
    /// Whether the account is connected in the sense of the UserIntegration document.
    package var isConnected: Bool { status == .connected }

    package var permissions: [String] { grant.permissions }
    package var requestedScopes: [String] { grant.requestedScopes }
    package var grantedScopes: [String] { grant.grantedScopes }
    package var connectedAt: Timestamp? { grant.connectedAt }
    package var expiresAt: Timestamp? { grant.expiresAt }
    package var credentials: Credentials { grant.credentials }
    package var authorizations: [PendingAuthorization] { grant.authorizations }
    package var refresh: RefreshState { grant.refresh }
    package var revocation: RevocationOutcome? { grant.revocation }

    package var syncs: [SyncRun] { sync.runs }
    package var syncStatus: SyncStatus? { sync.status }
    package var lastSyncAt: Timestamp? { sync.lastSyncAt }
    package var changes: [PendingChange] { sync.changes }
    /// The run that is in progress, or was in progress when the host stopped.
    package var runningSync: SyncRun? { sync.running }

    /// Whether ended syncs or deliveries have moved to the connection's history.
    package var hasHistory: Bool { shared.facets.hasHistory }
    package var outbox: [ConnectionEvent] { notifications.outbox }
    package var webhook: NotificationEndpoint { notifications.endpoint }

    /// When the access token ends, if nothing can renew it then; nil when it does not end, or can be renewed.
    package var lapsesAt: Timestamp? {
        guard status == .connected, disconnection == nil, credentials.accessToken != nil else { return nil }
        guard credentials.refreshToken != nil else { return expiresAt }
        return credentials.grantExpiresAt.map { end in expiresAt.map { max($0, end) } ?? end }
    }

    /// Whether the access token has ended and nothing can renew it.
    package func isLapsed(at now: Timestamp) -> Bool { extract.lapsesAt.map { $0 <= now } ?? false }

    /// Whether the connection is to this account, compared byte for byte.
    package func isOf(_ service: String, _ variant: String?, accountID: String) -> Bool {
        identity.leads(to: service, variant, accountID: accountID)
    }

    /// The next delivery that is due.
    package func nextDelivery(at now: Timestamp) -> NextDelivery {
        settings.webhookURL == nil ? .none : notifications.next(at: now)
    }

    /// The data types that a sync should read now; empty while a sync runs.
    package func dueChanges(at now: Timestamp) -> [String] {
        readableChanges.filter { $0.dueFrom(at: now) == .epoch }.map(\.dataType)
    }

    /// The changes that a sync should read, now or later; empty while a sync runs.
    package var readableChanges: [PendingChange] {
        status == .connected && disconnection == nil && runningSync == nil ? changes : []
    }

    /// Whether one of `dataTypes` should be read now.
    package func isDue(_ dataTypes: [String], at now: Timestamp) -> Bool {
        dueChanges(at: now).contains { dataTypes.contains($0) }
    }

    /// - Throws: ``ServiceError/conflict(_:)`` for a connection that cannot be synced.
    package func requireConnected() throws(ServiceError) {
        guard status != .connected else { return }
        throw .conflict("The connection \(status.obstacle)")
    }

    /// Whether the connection is only what the application reports: nothing here leads to an account.
    package var isReported: Bool {
        (status == .connected || status == .disconnected) && accountID == nil && credentials.isEmpty
            && grant.unidentified == nil && authorizations.isEmpty
    }

    /// Whether the connection waits for its first authorization and holds nothing that could be lost.
    ///
    /// A connection whose callback has arrived is already in use.
    package var isUnfinished: Bool {
        status == .pending && credentials.isEmpty && grant.unidentified == nil && connectedAt == nil
            && !authorizations.isEmpty
    }

    /// Whether the connection was abandoned: never connected, without a grant, and older than the limit.
    package func isStale(at now: Timestamp) -> Bool { staleAt.map { $0 <= now } ?? false }

    /// The moment from which the connection counts as abandoned unless it changes; nil when it never does.
    package var staleAt: Timestamp? {
        let lifetime: Duration
        switch status {
        case .pending: lifetime = ConnectionLimits.pendingConnectionLifetime
        case .error: lifetime = ConnectionLimits.failedConnectionLifetime
        default: return nil
        }
        guard connectedAt == nil && credentials.isEmpty && grant.unidentified == nil else { return nil }
        let end = updatedAt.advanced(by: lifetime + .milliseconds(1))
        return authorizations.reduce(end) { max($0, $1.expiresAt) }
    }
}
