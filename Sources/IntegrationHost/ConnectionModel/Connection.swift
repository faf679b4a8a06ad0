// A user's connection to one account of one provider: the model behind all five API documents. Knows no HTTP and no storage.

import ProviderSDK

/// The states of a connection.
enum ConnectionStatus: String, Sendable, CaseIterable {
    /// Being connected: no credential yet.
    case pending
    /// Working.
    case connected
    /// The grant ran out or was ended by the provider: the user must connect again.
    case expired
    /// The user ended the grant at the provider.
    case revoked
    /// The last attempt to connect failed.
    case error
    /// Disconnected by the user.
    case disconnected
}

/// How often a connection is synced without being asked to.
enum SyncFrequency: String, Sendable, CaseIterable {
    case manual, hourly, daily, weekly
}

/// What the user can set.
struct ConnectionSettings: Sendable, Equatable {
    /// Where finished syncs and state changes are told; nil for nowhere.
    var webhookURL: String?
    /// How often the connection is synced.
    var syncFrequency = SyncFrequency.manual
}

/// A connection of a user.
struct Connection: Sendable {
    /// `conn-`, the 3 hex digits of the user's shard, 22 random base62 characters.
    let id: String
    /// A small number of the user's own, for documents with numeric ids.
    let number: Int
    /// The provider's id, or any other id for an integration that the host does not manage.
    let service: String
    /// The provider's variant; nil for providers that are one.
    var variant: String?
    /// The provider's id of the account, once it is known.
    var accountID: String?
    /// The account's name for people.
    var accountName: String?
    /// Which side of the provider the grant is for; nil where there is one, or it was not told.
    var mode: String?
    var status: ConnectionStatus
    /// What the application asked for, in its own words.
    var permissions: [String] = []
    /// The provider's scopes that were asked for.
    var requestedScopes: [String] = []
    /// The provider's scopes that were granted.
    var grantedScopes: [String] = []
    var settings = ConnectionSettings()
    let createdAt: Timestamp
    var updatedAt: Timestamp
    var connectedAt: Timestamp?
    /// When the access token expires; nil when it does not or there is none.
    var expiresAt: Timestamp?
    var lastSyncAt: Timestamp?
    /// `success`, `partial`, `failed`, `canceled` or `running`; nil before the first sync.
    var syncStatus: String?
    /// The parameters of the OAuth callback that the provider needs later.
    var callback: JSONValue = [:]
    var credentials = Credentials()
    /// Authorizations under way.
    var authorizations: [PendingAuthorization] = []
    /// How renewing the token stands.
    var refresh = RefreshState()
    /// The end of the grant that the application was told of; nil while none is near.
    var deadlineTold: GrantDeadline?
    /// A grant whose account is not known yet.
    var held: HeldGrant?
    /// What is being done to end it; nil while it is not being ended.
    var ending: ConnectionEnding?
    /// What became of its last grant at the provider; nil while there is one.
    var revocation: RevocationOutcome?
    /// Counts grants: an answer that belongs to an older one is discarded.
    var grant = 0
    /// What went wrong last, for the people who ask why.
    var failure: ConnectionFailure?
    /// The syncs of this connection, newest first.
    var syncs: [SyncRun] = []
    /// When the last sync by schedule was begun; nil when there was none.
    var scheduledSyncAt: Timestamp?
    /// What changed at the provider and was not read since.
    var changes: [PendingChange] = []
    /// Events that the application has not been told of yet, oldest first.
    var outbox: [ConnectionEvent] = []
    /// Events that were dropped because too many waited, or because nobody wanted them any more.
    var eventsDropped = 0
    /// Where the events go, and what came of those that went.
    var webhook = WebhookEndpoint()
    /// Members of the stored document that this version does not know; kept as they are.
    var unknown: [(key: String, value: JSONValue)] = []

    init(id: String, number: Int, service: String, variant: String? = nil, status: ConnectionStatus, at now: Timestamp)
    {
        self.id = id
        self.number = number
        self.service = service
        self.variant = variant
        self.status = status
        createdAt = now
        updatedAt = now
    }

    /// The account as plugins see it.
    var account: ProviderContext.Account {
        var account = ProviderContext.Account()
        account.id = accountID
        account.name = accountName
        account.variant = variant
        account.callback = callback
        return account
    }

    /// Whether the account is connected as the UserIntegration document counts it.
    var isConnected: Bool { status == .connected }
}

/// The sealed secrets of a connection, and when they end.
struct Credentials: Sendable, Equatable {
    /// The sealed access token, or the sealed API key.
    var accessToken: String?
    /// The sealed refresh token.
    var refreshToken: String?
    /// When the access token was issued.
    var issuedAt: Timestamp?
    /// When the refresh token dies if it is not used.
    var refreshExpiresAt: Timestamp?
    /// When the grant ends however often it is refreshed.
    var grantExpiresAt: Timestamp?

    var isEmpty: Bool { accessToken == nil && refreshToken == nil }
}

/// An authorization that was begun and not completed.
struct PendingAuthorization: Sendable, Equatable {
    /// The random part of its state.
    let nonce: String
    let redirectURI: String
    /// The sealed PKCE verifier; nil when the provider takes none.
    let verifier: String?
    /// The caller's own state, sealed, given back to the caller.
    let callerState: String?
    /// The session that began it.
    let sessionBinding: String
    let requestedScopes: [String]
    let expiresAt: Timestamp
}

/// Why a connection is not as it should be.
struct ConnectionFailure: Sendable, Equatable {
    /// What was being done: `authorize`, `exchange`, `refresh`, `sync`, `revoke`.
    let operation: String
    /// The class of the failure.
    let kind: String
    /// The provider's code, if it gave one.
    let code: String?
    /// One sentence for people.
    let message: String
    let at: Timestamp
    /// Before when the provider does not want to be asked again.
    var retryAt: Timestamp?
    /// The permissions that the provider says are missing.
    var scopes: [String] = []
}

/// The states of a sync.
enum SyncRunStatus: String, Sendable {
    case running, completed, partial, failed, canceled
}

/// One sync of a connection, running or past.
struct SyncRun: Sendable, Equatable {
    /// `sync-` and 22 random base62 characters.
    let id: String
    /// `full` or `incremental`.
    let type: SyncType
    let dataTypes: [String]
    var status: SyncRunStatus
    let startedAt: Timestamp
    var completedAt: Timestamp?
    var recordsProcessed = 0
    var recordsSynced = 0
    var errors = 0
    /// Why it failed, in one sentence.
    var message: String?
    /// Who asked for it.
    var trigger = SyncTrigger.manual
    /// What is kept of the idempotency key that it was asked for with.
    var idempotency: SyncIdempotency?
    /// The same of the last requests that were answered with it while it ran; the newest comes last.
    var joined: [SyncIdempotency] = []

    init(id: String, type: SyncType, dataTypes: [String], status: SyncRunStatus, startedAt: Timestamp) {
        self.id = id
        self.type = type
        self.dataTypes = dataTypes
        self.status = status
        self.startedAt = startedAt
    }
}

/// Whether a sync reads everything or changes.
enum SyncType: String, Sendable {
    case full, incremental
}
