// The host's services, wired to each other. Knows no route and none of a service's work.

import Actions
import Background
import Configuration
import ConnectionModel
import Connections
import Credentials
import Cryptography
import Dashboard
import Events
import HostControl
import Notifications
import OAuth
import ProviderSDK
import Providers
import Sessions
import Storage
import Sync
import Users
import Webhooks

/// The services of a host.
struct HostServices: Sendable {
    let oauth: OAuthService
    let refresher: RefreshService
    let refreshes: RefreshReconciler
    let unidentifiedGrants: UnidentifiedGrantReconciler
    let revocations: RevocationReconciler
    let histories: HistoryReconciler
    let sync: SyncEngine
    let notifications: NotificationDispatcher
    let changes: ChangeSyncs
    let webhooks: IncomingWebhooks
    let actions: ActionService
    let recordErasure: RecordErasure
    let lifecycle: ConnectionLifecycle
    let connections: ConnectionService
    let accounts: ConnectionLookup
    let linkTokens: LinkTokenStore
    let directory: UserDirectory
    let erasure: UserErasure
    let diagnoses: DiagnosisService
    let deadLetters: DeadLetterService
    let rotation: KeyRotation
    let sessions: HostSessions
    let apiKeys: APIKeys
    let applicationKeys: ApplicationKeys
    let connectSessions: ConnectSessions
    let connectFlow: ConnectFlow
    let events: EventHub
    let activity: Activity
    let dashboardSessions: DashboardSessions
    private let parts: HostResources

    init(_ parts: HostResources) {
        let (configuration, log, users, time) = (parts.configuration, parts.log, parts.users, parts.time)
        let (registry, gateway, vault) = (parts.registry, parts.gateway, parts.vault)
        self.parts = parts
        let accountUsers = AccountUsers(
            users: users, documents: parts.data.documents, indexing: IncomingWebhooks.services(in: registry),
            time: time,
            log: log)
        oauth = OAuthService(
            users: users, registry: registry, gateway: gateway, keys: parts.keys, vault: vault,
            accounts: accountUsers,
            redirects: RedirectURIs(address: parts.address, registered: configuration.redirectURIs),
            time: time, log: log)
        refresher = RefreshService(users: users, gateway: gateway, vault: vault, time: time, log: log) {
            [oauth] orphan, user in try await oauth.revoke(orphan, user: user)
        }
        sync = SyncEngine(
            users: users, registry: registry, credentials: refresher, gateway: gateway, vault: vault,
            records: parts.data.records, retry: RetryPolicy(failingTimeMax: configuration.syncRetryTime),
            time: time, log: log)
        let webhookURLs = NotificationURLPolicy(allowsPrivateAddresses: configuration.allowPrivateAddresses)
        notifications = NotificationDispatcher(
            users: users,
            sender: NotificationSender(
                client: parts.client, policy: webhookURLs, vault: vault, time: time,
                usesProxies: configuration.outgoingProxy.notifications),
            schedule: DeliverySchedule(pauses: configuration.webhookPauses), time: time, log: log)
        let quietTime = configuration.webhookQuietTime
        changes = ChangeSyncs(
            users: users, registry: registry, engine: sync,
            debouncer: Debouncer(quietTime: quietTime, quietTimeMax: max(SyncLimits.changesQuietTimeMax, quietTime)),
            time: time, log: log)
        webhooks = IncomingWebhooks(
            users: users, registry: registry, documents: parts.data.documents, accounts: accountUsers, changes: changes,
            deletions: RecordDeletions(
                users: users, registry: registry, engine: sync, records: parts.data.records, vault: vault, time: time),
            credentials: refresher, gateway: gateway, time: time, log: log)
        actions = ActionService(
            parts.data.documents, users: users, registry: registry, credentials: refresher, gateway: gateway,
            vault: vault, audit: parts.audit, allowsSessions: configuration.actionsForSessions, time: time, log: log)
        recordErasure = RecordErasure(
            users: users, sync: sync, records: parts.data.records, others: [actions], log: log)
        lifecycle = ConnectionLifecycle(
            users: users, grants: oauth, refreshes: refresher, sync: sync, records: recordErasure,
            events: notifications, time: time, log: log)
        connections = ConnectionService(
            users: users, registry: registry, oauth: oauth, gateway: gateway, vault: vault, lifecycle: lifecycle,
            webhookURLs: webhookURLs, time: time)
        accounts = ConnectionLookup(
            users: users, registry: registry, refresher: refresher, lifecycle: lifecycle, time: time)
        linkTokens = LinkTokenStore(parts.data.documents)
        diagnoses = DiagnosisService(
            users: users, registry: registry, vault: vault, records: parts.data.records, sync: sync,
            limiter: gateway.limiter, time: time,
            pauseReason: { [background = parts.background] in background.pauseReason })
        deadLetters = DeadLetterService(
            users: users, registry: registry, records: parts.data.records, vault: vault, time: time)
        rotation = KeyRotation(
            users: users, keys: parts.keys, letters: SealedLetters(records: parts.data.records, vault: vault),
            audit: parts.audit, time: time,
            log: log)
        sessions = HostSessions(parts.keys)
        apiKeys = APIKeys(parts.data.documents, audit: parts.audit, time: time, log: log)
        applicationKeys = ApplicationKeys(parts.data.documents, audit: parts.audit, time: time, log: log)
        connectSessions = ConnectSessions(
            parts.data.documents, users: users, registry: registry, returnTo: configuration.connect.returnTo,
            time: time,
            log: log)
        connectFlow = ConnectFlow(
            sessions: connectSessions, registry: registry, oauth: oauth, connections: connections)
        events = EventHub(budget: parts.memory, time: time)
        activity = Activity(time: time)
        dashboardSessions = DashboardSessions(time: time)
        directory = UserDirectory(users: users, diagnoses: diagnoses, time: time)
        erasure = UserErasure(
            users: users, documents: parts.data.documents, lifecycle: lifecycle, records: recordErasure, grants: oauth,
            keys: apiKeys, linkTokens: linkTokens, connectSessions: connectSessions, accounts: accountUsers,
            audit: parts.audit, time: time, log: log)
        refreshes = RefreshReconciler(users: users, registry: registry, refresher: refresher, time: time, log: log)
        unidentifiedGrants = UnidentifiedGrantReconciler(
            users: users, registry: registry, oauth: oauth, refresher: refresher, time: time, log: log)
        histories = HistoryReconciler(users: users, time: time, log: log)
        revocations = RevocationReconciler(users: users, oauth: oauth, time: time, log: log)
    }

    /// The background work; each reconciler sees a user when there is something to do, and every user once a day.
    var reconcilers: [any Reconciler] {
        [
            lifecycle, recordErasure, CompactionReconciler(records: parts.data.records), unidentifiedGrants, refreshes,
            revocations, histories,
            SyncReconciler(engine: sync, registry: parts.registry, log: parts.log), changes,
            ResealReconciler(rotation: rotation), notifications,
        ]
    }

    /// When the reconcilers have something to do for a user.
    var agenda: ReconcilerAgenda {
        let providers = parts.registry.providers.map { provider in
            let names = provider.manifest.dataTypes.map(\.name).joined(separator: " ")
            return "\(provider.id) \(provider.manifest.version) \(names)"
        }
        return ReconcilerAgenda(
            reconcilers, accountServices: IncomingWebhooks.services(in: parts.registry),
            parts: [Version.text] + providers
        ) { [keys = parts.keys] in keys.ring.primaryID }
    }

    /// Returns the authenticator of requests.
    ///
    /// - Throws: ``ConfigurationError`` with the place of the setting that is wrong.
    func makeAuthenticator() throws(ConfigurationError) -> Authenticator {
        let configuration = parts.configuration
        let requiresHTTPS = !configuration.allowPrivateAddresses
        return try configuration.placing { () throws(ConfigurationError) in
            Authenticator(
                hostSessions: sessions, apiKeys: apiKeys, applicationKeys: applicationKeys,
                schemes: try SessionSchemes.make(configuration.sessions, allowsPlainHTTP: !requiresHTTPS) { url in
                    RemoteKeySet(
                        url: url, client: parts.client, requiresHTTPS: requiresHTTPS, time: parts.time,
                        log: parts.log)
                }, rdsCookie: configuration.sessions.rds.map(SessionSchemes.cookieName), time: parts.time)
        }
    }

    /// The services behind the operator's commands of a running host.
    var controlCommands: ControlCommands {
        ControlCommands(
            data: parts.data, apiKeys: apiKeys, applicationKeys: applicationKeys, audit: parts.audit, time: parts.time,
            rotation: { [rotation] in rotation },
            diagnoses: { [diagnoses] in diagnoses }, deadLetters: { [deadLetters] in deadLetters },
            users: parts.users, erasure: erasure,
            pauseReason: { [background = parts.background] in background.pauseReason },
            resume: { [background = parts.background] in try background.resume() })
    }
}
