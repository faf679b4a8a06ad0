// Puts the program together: stores, services, routes, server. The only place that knows all parts; it decides nothing itself.

import Cryptography
import DocumentStore
import HTTPClient
import HTTPServer
import ProviderSDK

/// A host: everything between its configuration and its listening socket.
final class Host: Sendable {
    let log: Log
    let registry: ProviderRegistry
    /// The session that a demo shows; nil in a real installation.
    let demoSession: DemoSession?
    private let configuration: Configuration
    private let address: PublicAddress
    private let data: DataDirectory
    private let client: HTTPClient
    private let sync: SyncEngine
    private let refresher: RefreshService
    private let notifications: WebhookDispatcher
    private let webhooks: IncomingWebhooks
    private let sweep: UserSweep
    private let linkTokenSweep: LinkTokenSweep
    private let server: HTTPServer
    private let control: ControlServer
    private let readiness: Readiness

    /// How long running requests may take to finish when the host stops.
    static let grace = Duration.seconds(30)

    /// Opens the data directory, loads the plugins and builds the services.
    ///
    /// - Parameter isDemo: whether there is a session that a link gives to a browser.
    init(_ configuration: Configuration, isDemo: Bool = false) throws {
        let log = Log(level: configuration.logLevel)
        try configuration.checkListening()
        let keys = try KeyRings.keys(configuration)
        let registry = try Self.loadProviders(configuration, log)
        let data = try DataDirectory(path: configuration.dataDirectory)
        var clientConfiguration = HTTPClient.Configuration()
        clientConfiguration.userAgent = "integration-host/\(Version.text)"
        if configuration.allowPrivateAddresses { clientConfiguration.addressPolicy = .any }
        let client = try HTTPClient(clientConfiguration)
        let address = PublicAddress(configuration.publicURL)

        let users = UserStore(data.documents)
        let gateway = ProviderGateway(client: client, budget: RequestBudget(), log: log)
        let vault = CredentialVault(keys)
        let oauth = OAuthService(
            users: users, registry: registry, gateway: gateway, keys: keys, vault: vault,
            accountGrants: AccountGrants(users: users, documents: data.documents),
            redirects: RedirectURIs(address: address, registered: configuration.redirectURIs), log: log)
        let refresher = RefreshService(users: users, gateway: gateway, vault: vault, log: log)
        let sync = SyncEngine(
            users: users, registry: registry, refresher: refresher, gateway: gateway, vault: vault,
            records: data.records, retry: RetryPolicy(failingTimeMax: configuration.syncRetryTime), log: log)
        let webhookURLs = WebhookURLPolicy(allowsPrivateAddresses: configuration.allowPrivateAddresses)
        let notifications = WebhookDispatcher(
            users: users, sender: WebhookSender(client: client, policy: webhookURLs, vault: vault),
            schedule: WebhookSchedule(pauses: configuration.webhookPauses), sweepPause: configuration.sweepPause,
            log: log)
        let erasures = Erasures(users: users, sync: sync, records: data.records, log: log)
        let endings = ConnectionEndings(
            users: users, oauth: oauth, refresher: refresher, sync: sync, erasures: erasures,
            notifications: notifications, log: log)
        let connections = ConnectionService(
            users: users, registry: registry, oauth: oauth, vault: vault, endings: endings,
            webhookURLs: webhookURLs)
        let sessions = HostSessions(keys)
        let apiKeys = APIKeys(data.documents, log: log)
        let requiresHTTPS = !configuration.allowPrivateAddresses
        let authenticator = try configuration.placing { () throws(ConfigurationError) in
            Authenticator(
                hostSessions: sessions, apiKeys: apiKeys,
                schemes: try SessionSchemes.make(configuration.sessions, allowsPlainHTTP: !requiresHTTPS) { url in
                    RemoteKeySet(url: url, client: client, requiresHTTPS: requiresHTTPS, log: log)
                }, rdsEnvironment: configuration.sessions.rds?.environment)
        }
        let webhooks = IncomingWebhooks(
            users: users, registry: registry, data: data, engine: sync, refresher: refresher, gateway: gateway,
            log: log)
        // Duties of background work: each looks at every user about once a minute.
        let rotation = KeyRotation(users: users, keys: keys, records: data.records, log: log)
        let duties: [any UserDuty] = [
            endings, erasures, RecordUpkeep(records: data.records),
            GrantDuty(users: users, registry: registry, oauth: oauth, refresher: refresher, log: log),
            RefreshDuty(users: users, registry: registry, refresher: refresher, log: log),
            SyncDuty(engine: sync, registry: registry, log: log), webhooks.syncs, ResealDuty(rotation: rotation),
            notifications,
        ]
        let diagnoses = DiagnosisService(
            users: users, registry: registry, vault: vault, sync: sync, budget: gateway.budget)
        let deadLetters = DeadLetterService(users: users, registry: registry, records: data.records, vault: vault)
        let routes = IntegrationsRoutes(
            registry: registry, connections: connections, oauth: oauth, refresher: refresher, sync: sync,
            records: data.records,
            deadLetters: deadLetters,
            address: address, diagnoses: diagnoses, webhooks: WebhookService(users: users, vault: vault))
        let accounts = AccountConnections(
            users: users, registry: registry, refresher: refresher, endings: endings)
        let linkTokens = LinkTokenStore(data.documents)
        let readiness = Readiness(data)
        let metrics = RequestMetrics()
        let requestLog = RequestLog(level: configuration.logLevel)
        let demoSession = isDemo ? try DemoSession(sessions) : nil
        let demo = demoSession.map { session in
            DemoRoutes(session: session, registry: registry, connections: connections, address: address).family
        }
        let documents = [
            routes.family, StatusRoutes(accounts: accounts, connections: connections).family,
            UserIntegrationCRUDRoutes(
                integrations: UserIntegrationService(
                    users: users, registry: registry, connections: connections, accounts: accounts)
            ).family,
            UserIntegrationsRoutes(
                registry: registry, oauth: oauth,
                variants: VariantAccounts(users: users, registry: registry, erasures: erasures)
            ).family,
            ExternalAccountsRoutes(
                service: ExternalAccountService(
                    users: users, tokens: linkTokens, registry: registry, gateway: gateway,
                    log: log)
            ).family, WebhookRoutes(intake: webhooks.intake).family,
        ]
        let system = SystemRoutes(
            readiness: readiness, registry: registry,
            metrics: MetricsPage(requests: metrics, data: data, webhooks: webhooks) { notifications.waitingCount },
            documented: documents)
        let application = HostApplication(
            families: documents + [system.family] + (demo.map { [$0] } ?? []), authenticator: authenticator,
            limits: RequestLimits(configuration.rateLimits),
            origins: OriginPolicy(address: address, allowedOrigins: configuration.allowedOrigins), metrics: metrics,
            requestLog: requestLog, log: log)
        server = try HTTPServer(
            ServerConfiguration(address: SocketAddress(configuration.listen)), application: application)
        control = try ControlServer(
            directory: configuration.dataDirectory,
            commands: ControlCommands(
                data: data, apiKeys: apiKeys, rotation: { rotation }, diagnoses: { diagnoses },
                deadLetters: { deadLetters }), log: log)
        self.configuration = configuration
        self.log = log
        self.registry = registry
        self.data = data
        self.client = client
        self.sync = sync
        self.refresher = refresher
        self.notifications = notifications
        self.webhooks = webhooks
        sweep = UserSweep(users, duties: duties, pause: configuration.sweepPause, log: log)
        linkTokenSweep = LinkTokenSweep(linkTokens, log: log)
        self.address = address
        self.readiness = readiness
        self.demoSession = demoSession
    }

    /// The URL under which browsers reach it.
    var publicURL: String { address.url }

    /// Begins to listen, and goes on with what the last stop interrupted.
    ///
    /// - Returns: the URL of the address it listens on.
    func start() throws -> String {
        let url = "http://\(try server.start())"
        if !configuration.isPublicURLGiven { address.set(url) }
        webhooks.start()
        sweep.start()
        linkTokenSweep.start()
        return url
    }

    /// Finishes what runs and closes everything; syncs go on at the next start.
    func stop() async {
        readiness.drain()
        await control.stop()
        await server.shutdown(grace: Self.grace)
        await sweep.stop()
        await webhooks.stop()
        await linkTokenSweep.stop()
        await sync.stop()
        await refresher.settle()
        await notifications.stop()
        await client.shutdown()
        data.close()
    }

    /// The providers of the plugin folders, with refusals in the log.
    private static func loadProviders(_ configuration: Configuration, _ log: Log) throws -> ProviderRegistry {
        let loader = try PluginFolders.load(configuration)
        for rejection in loader.rejections { log.error("Plugin refused.", ["reason": .text("\(rejection)")]) }
        let registry = try ProviderRegistry(
            loader.plugins, rejections: loader.rejections, configuration: configuration)
        for warning in registry.warnings { log.warning("Settings are not used.", ["reason": .text(warning)]) }
        return registry
    }
}

/// The version of the program.
enum Version {
    static let text = "0.1.0"
}
