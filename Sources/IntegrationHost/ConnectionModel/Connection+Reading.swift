// What is read of a connection, facet by facet, under one name each. Pure.

import ProviderSDK

extension Connection {
    var id: String { identity.id }
    var number: Int { identity.number }
    var service: String { identity.service }
    var variant: String? { identity.variant }
    var accountID: String? { identity.accountID }
    var accountName: String? { identity.accountName }
    var mode: String? { identity.mode }
    /// The account as plugins see it.
    var account: ProviderContext.Account { identity.account }

    var status: ConnectionStatus { life.status }
    /// How it is being ended; nil while it is not.
    var disconnection: Disconnection? { life.disconnection }
    /// Whether the account is connected as the UserIntegration document counts it.
    var isConnected: Bool { status == .connected }

    var permissions: [String] { grant.permissions }
    var requestedScopes: [String] { grant.requestedScopes }
    var grantedScopes: [String] { grant.grantedScopes }
    var connectedAt: Timestamp? { grant.connectedAt }
    var expiresAt: Timestamp? { grant.expiresAt }
    var credentials: Credentials { grant.credentials }
    var authorizations: [PendingAuthorization] { grant.authorizations }
    var refresh: RefreshState { grant.refresh }
    var revocation: RevocationOutcome? { grant.revocation }

    var syncs: [SyncRun] { sync.runs }
    var syncStatus: SyncStatus? { sync.status }
    var lastSyncAt: Timestamp? { sync.lastSyncAt }
    var changes: [PendingChange] { sync.changes }
    /// The run that is under way, or was when the host stopped.
    var runningSync: SyncRun? { sync.running }

    var outbox: [ConnectionEvent] { notifications.outbox }
    var webhook: WebhookEndpoint { notifications.endpoint }

    /// Whether it leads to this account, compared byte for byte.
    func isOf(_ service: String, _ variant: String?, accountID: String) -> Bool {
        identity.leads(to: service, variant, accountID: accountID)
    }

    /// What is to be delivered next.
    func nextDelivery(at now: Timestamp) -> NextDelivery {
        settings.webhookURL == nil ? .none : notifications.next(at: now)
    }

    /// The data types that a sync is to read now; none while one runs.
    func dueChanges(at now: Timestamp) -> [String] {
        guard status == .connected, disconnection == nil, runningSync == nil else { return [] }
        return changes.filter { $0.notBefore.map { $0 <= now } ?? true }.map(\.dataType)
    }

    /// Whether one of `dataTypes` is to be read now.
    func isDue(_ dataTypes: [String], at now: Timestamp) -> Bool {
        dueChanges(at: now).contains { dataTypes.contains($0) }
    }

    /// - Throws: ``ServiceError/conflict(_:)`` for a connection that cannot be synced.
    func requireConnected() throws(ServiceError) {
        guard status != .connected else { return }
        throw .conflict("The connection \(status.obstacle)")
    }

    /// Whether it waits for its first authorization, with nothing in it that could be lost: one whose callback has come is at work.
    var isUnfinished: Bool {
        status == .pending && credentials.isEmpty && grant.unidentified == nil && connectedAt == nil
            && !authorizations.isEmpty
    }

    /// Whether nothing came of it: never connected, without a grant, and past its time.
    func isStale(at now: Timestamp) -> Bool {
        let lifetime: Duration
        switch status {
        case .pending: lifetime = HostLimits.pendingConnectionLifetime
        case .error: lifetime = HostLimits.failedConnectionLifetime
        default: return false
        }
        return connectedAt == nil && credentials.isEmpty && grant.unidentified == nil
            && !authorizations.contains { $0.expiresAt > now } && updatedAt.advanced(by: lifetime) < now
    }
}
