// The tables of routes, each given the services that it asks. The order is that of the documents; what a route does is its own.

import DocumentStore
import HTTPServer
import ProviderSDK
import Storage

/// The route families of a host.
struct HostRoutes: Sendable {
    let parts: HostResources
    let services: HostServices

    /// The families of the documents and of the webhooks of providers.
    var documents: [RouteFamily] {
        let (users, registry) = (parts.users, parts.registry)
        return [
            integrations, StatusRoutes(accounts: services.accounts, connections: services.connections).family,
            UserIntegrationCRUDRoutes(
                integrations: UserIntegrationService(
                    users: users, registry: registry, connections: services.connections, accounts: services.accounts,
                    time: parts.time)
            ).family,
            UserIntegrationsRoutes(
                registry: registry, oauth: services.oauth,
                variants: VariantLinks(
                    users: users, registry: registry, records: services.recordErasure, time: parts.time)
            ).family,
            ExternalAccountsRoutes(
                service: ExternalAccountService(
                    users: users, tokens: services.linkTokens, registry: registry, gateway: parts.gateway,
                    time: parts.time, log: parts.log)
            ).family, WebhookRoutes(intake: services.webhooks.intake).family,
        ]
    }

    private var integrations: RouteFamily {
        IntegrationsRoutes(
            registry: parts.registry, connections: services.connections, oauth: services.oauth,
            refresher: services.refresher, sync: services.sync, records: parts.data.records,
            deadLetters: services.deadLetters, address: parts.address, diagnoses: services.diagnoses,
            webhooks: WebhookService(users: parts.users, vault: parts.vault, time: parts.time),
            damage: DamageLog(parts.log, time: parts.time)
        ).family
    }

    /// The routes that belong to no document; they tell about those that do.
    func system(_ documents: [RouteFamily], readiness: Readiness, metrics: RequestMetrics) -> SystemRoutes {
        let notifications = services.notifications
        return SystemRoutes(
            readiness: readiness, registry: parts.registry,
            metrics: MetricsPage(requests: metrics, data: parts.data, webhooks: services.webhooks) {
                notifications.waitingCount
            }, documented: documents)
    }

    /// The routes of a demo.
    func demo(_ session: DemoSession) -> RouteFamily {
        DemoRoutes(
            session: session, registry: parts.registry, connections: services.connections, address: parts.address
        ).family
    }
}
