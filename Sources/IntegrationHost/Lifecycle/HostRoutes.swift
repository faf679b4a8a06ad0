// The tables of routes, each with the services it uses. Their order is that of the documents. Knows no route's work.

package import Configuration
import Connections
import Dashboard
import DocumentStore
import Events
import HTTPAPI
import HTTPServer
import Notifications
import Observability
import Pages
package import Primitives
import ProviderSDK
import Requests
import Storage
import Sync
import SystemAPI
import Users
import Webhooks

/// The route families of a host.
struct HostRoutes: Sendable {
    let parts: HostResources
    let services: HostServices
    /// The server that the routes are for; the metrics show what it counts.
    var server = ServerProbe()
    /// What is known of the disk; nil where it is not watched.
    var disk: DiskMonitor?
    /// How long the loops of the server take for a turn; nil where they are not watched.
    var loops: LoopWatch?
    /// The backups that the host makes by itself; nil where it makes none.
    var backups: ScheduledBackups?

    /// The path of every request to the host, with a demo's routes where there is a demo.
    func requestPath(readiness: Readiness, demo session: DemoSession? = nil) throws -> RequestPath {
        let (configuration, metrics) = (parts.configuration, RequestMetrics())
        let pages = try pages
        let system = system(try described(), readiness: readiness, metrics: metrics)
        let families =
            documents + [pages.family, try dashboard.family, try reference(of: system.openAPI).family, system.family]
        return RequestPath(
            families: families + (session.map { [demo($0)] } ?? []),
            authenticator: try services.makeAuthenticator(),
            limits: RequestLimits(configuration.rateLimits, time: parts.time),
            origins: OriginPolicy(address: parts.address, allowedOrigins: configuration.allowedOrigins),
            clients: ClientAddresses(trusted: try configuration.trustedProxyRanges),
            metrics: metrics, requestLog: RequestLog(parts.log, time: parts.time),
            pages: pages, time: parts.time, log: parts.log)
    }

    /// The families that the OpenAPI document describes besides the system's: those of the documents, and the pages.
    func described() throws -> [RouteFamily] {
        documents + [try pages.family, try dashboard.family, try reference(of: []).family]
    }

    /// The pages that show an OpenAPI document; for an empty one, their routes alone.
    private func reference(of document: [UInt8]) throws -> ReferencePages {
        ReferencePages(
            document: document.isEmpty ? .null : try JSONValue.parse(document),
            branding: try Branding(parts.configuration, log: parts.log))
    }

    /// The families of the documents and of the webhooks of providers.
    var documents: [RouteFamily] {
        let (users, registry) = (parts.users, parts.registry)
        return [
            integrations,
            StatusRoutes(
                statuses: StatusService(users: users, registry: registry, time: parts.time),
                accounts: services.accounts,
                connections: services.connections
            ).family,
            UserIntegrationRoutes(
                integrations: UserIntegrationService(
                    users: users, registry: registry, connections: services.connections, accounts: services.accounts,
                    time: parts.time)
            ).family,
            V1UsersRoutes(
                registry: registry, oauth: services.oauth,
                variants: VariantLinks(
                    users: users, registry: registry, records: services.recordErasure, time: parts.time)
            ).family,
            ExternalAccountsRoutes(
                service: ExternalAccountService(
                    users: users, tokens: services.linkTokens, registry: registry, gateway: parts.gateway,
                    time: parts.time, log: parts.log)
            ).family, WebhookRoutes(intake: services.webhooks.intake).family,
            ApplicationKeyRoutes(keys: services.applicationKeys, time: parts.time).family,
            ConnectSessionRoutes(sessions: services.connectSessions, address: parts.address).family,
            UserRoutes(directory: services.directory, erasure: services.erasure).family,
            AuditRoutes(trail: parts.audit).family, EventRoutes(hub: services.events).family,
        ]
    }

    /// The pages on which people connect accounts.
    private var pages: ConnectPages {
        get throws {
            ConnectPages(
                flow: services.connectFlow, branding: try Branding(parts.configuration, log: parts.log),
                address: parts.address, returnTo: parts.configuration.connect.returnTo,
                ancestors: parts.configuration.connect.frameAncestors, keys: parts.keys)
        }
    }

    /// The pages on which operators look after the host.
    private var dashboard: DashboardPages {
        get throws {
            let address = parts.address
            return try DashboardPages(
                services: DashboardServices(
                    registry: parts.registry, directory: services.directory, diagnoses: services.diagnoses,
                    connections: services.connections, lifecycle: services.lifecycle, refresher: services.refresher,
                    sync: services.sync, records: recordReader, deadLetters: services.deadLetters,
                    notifications: notificationService, keys: services.applicationKeys, audit: parts.audit,
                    events: services.events, activity: services.activity),
                sessions: services.dashboardSessions, branding: try Branding(parts.configuration, log: parts.log),
                version: Version.text, isSecure: { address.url.hasPrefix("https:") })
        }
    }

    private var recordReader: RecordReader {
        RecordReader(
            records: parts.data.records, registry: parts.registry, damage: DamageLog(parts.log, time: parts.time))
    }

    private var notificationService: NotificationService {
        NotificationService(users: parts.users, vault: parts.vault, audit: parts.audit, time: parts.time)
    }

    private var integrations: RouteFamily {
        IntegrationsRoutes(
            registry: parts.registry, connections: services.connections, oauth: services.oauth,
            refresher: services.refresher, sync: services.sync,
            records: recordReader,
            deadLetters: services.deadLetters, address: parts.address, diagnoses: services.diagnoses,
            webhooks: notificationService,
            connect: services.connectFlow, actions: services.actions
        ).family
    }

    /// The routes that belong to no document; they describe those that do.
    func system(_ documents: [RouteFamily], readiness: Readiness, metrics: RequestMetrics) -> SystemRoutes {
        let (data, notifications, webhooks, server) = (parts.data, services.notifications, services.webhooks, server)
        let (disk, statuses, events) = (disk, parts.users.statuses, services.events)
        return SystemRoutes(
            unreadyReason: { await readiness.currentReason },
            pauseReason: { [background = parts.background] in background.pauseReason },
            registry: parts.registry,
            metrics: MetricsPage(
                requests: metrics, store: { MetricsPage.StoreFigures(data, statuses, disk?.state) },
                inbox: { webhooks.statistics },
                server: { server.figures }, version: Version.text, loopLag: { [loops] in loops?.longest ?? .zero },
                time: parts.time,
                notificationsWaiting: { notifications.waitingCount }, eventReaders: { events.readerCount },
                backups: { [backups] in backups?.figures }),
            version: Version.text, documented: documents)
    }

    /// The routes of a demo.
    func demo(_ session: DemoSession) -> RouteFamily {
        DemoRoutes(
            session: session, registry: parts.registry, connections: services.connections, address: parts.address
        ).family
    }
}

extension MetricsPage.StoreFigures {
    fileprivate init(_ data: DataDirectory, _ statuses: RenderedStatusCache, _ disk: DiskState?) {
        let (documents, statuses) = (data.documentStatistics, statuses.size)
        self.init(
            cachedDocuments: documents.cachedDocuments, cachedBytes: documents.cachedBytes,
            cachedStatuses: statuses.reports, cachedStatusBytes: statuses.bytes,
            waitingDocuments: documents.waitingDocuments, isReadOnly: data.readOnlyReason != nil,
            hasDiskProblem: disk?.problem != nil, freeBytes: disk?.freeBytes ?? 0)
    }
}

extension RequestLimits {
    package init(_ configuration: RateLimitsConfiguration, time: TimeSource) {
        self.init(Rates(configuration), time: time)
    }
}

extension RequestLimits.Rates {
    init(_ configuration: RateLimitsConfiguration) {
        var rates = RequestLimits.Rates()
        rates.connectionCreation = configuration.connectionCreation
        rates.sync = configuration.sync
        rates.oauth = configuration.oauth
        rates.status = configuration.status
        rates.write =
            configuration.write ?? (rates.connectionCreation == 0 ? 0 : RateLimitsConfiguration.writeDefault)
        rates.address = configuration.address ?? (rates.status == 0 ? 0 : RateLimitsConfiguration.addressDefault)
        self = rates
    }
}
