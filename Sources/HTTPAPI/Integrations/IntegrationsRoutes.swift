// The routes of the integrations document: /api/integrations. A table of routes; decoding and rendering have their
// own files.

package import Actions
package import Configuration
import ConnectionModel
package import Connections
import HTTPServer
package import Notifications
package import OAuth
import ProviderSDK
package import Providers
package import Requests
package import Sync
import Users

/// The integrations document.
package struct IntegrationsRoutes: Sendable {
    package let registry: ProviderRegistry
    package let connections: ConnectionService
    package let oauth: OAuthService
    package let refresher: RefreshService
    package let sync: SyncEngine
    package let records: RecordReader
    package let deadLetters: DeadLetterService
    package let address: PublicAddress
    package let diagnoses: DiagnosisService
    package let webhooks: NotificationService
    package let connect: ConnectFlow
    package let actions: ActionService

    package init(
        registry: ProviderRegistry, connections: ConnectionService, oauth: OAuthService, refresher: RefreshService,
        sync: SyncEngine, records: RecordReader, deadLetters: DeadLetterService, address: PublicAddress,
        diagnoses: DiagnosisService, webhooks: NotificationService, connect: ConnectFlow,
        actions: ActionService
    ) {
        self.registry = registry
        self.connections = connections
        self.oauth = oauth
        self.refresher = refresher
        self.sync = sync
        self.records = records
        self.deadLetters = deadLetters
        self.address = address
        self.diagnoses = diagnoses
        self.webhooks = webhooks
        self.connect = connect
        self.actions = actions
    }

    private typealias Declared = IntegrationsDeclarations

    private static let refusal = "Only users have integrations"
    private static let one = "/api/integrations/connections/{id}"

    package var family: RouteFamily {
        RouteFamily(
            name: "integrations", prefixes: ["/api/integrations"],
            routes: [
                RouteEntry(.get, "/api/integrations", scope: .connections, isLarge: true, Declared.list, list)
            ]
                + ([
                    RouteEntry(.get, "/api/integrations/connections", Declared.listConnections, listConnections),
                    RouteEntry(
                        .post, "/api/integrations/connections", limit: .connectionCreation, Declared.createConnection,
                        createConnection),
                    RouteEntry(.get, Self.one, Declared.getConnection, getConnection),
                    RouteEntry(.patch, Self.one, Declared.updateConnection, updateConnection),
                    RouteEntry(.delete, Self.one, Declared.deleteConnection, deleteConnection),
                    RouteEntry(.get, Self.one + "/explain", Declared.explain, explain),
                ] + dataRoutes + notificationRoutes + actionRoutes
                + [
                    RouteEntry(
                        .get, "/api/integrations/oauth/{service}/authorize", limit: .oauth, effect: .begins,
                        Declared.authorize, authorize),
                    RouteEntry(
                        .get, "/api/integrations/oauth/{service}/callback", effect: .completes,
                        headers: [("Referrer-Policy", "no-referrer")], Declared.callback, callback
                    ).knowing(connectSession),
                    RouteEntry(
                        .post, "/api/integrations/oauth/{service}/refresh", limit: .oauth, Declared.refresh, refresh),
                ]).map { $0.with(.users(refusal: Self.refusal)).opened(by: .connections) },
            errors: IntegrationsErrors.document)
    }

    /// The routes of a connection's synced data.
    private var dataRoutes: [RouteEntry] {
        let record = RecordSchemas(providers: registry.providers).change
        return [
            RouteEntry(.post, Self.one + "/sync", limit: .sync, Declared.triggerSync, triggerSync),
            RouteEntry(.get, Self.one + "/sync", Declared.syncStatus, syncStatus),
            RouteEntry(.get, Self.one + "/syncs", Declared.listSyncs, listSyncs),
            RouteEntry(.get, Self.one + "/records", isLarge: true, Declared.readRecords(record), readRecords),
            RouteEntry(.get, Self.one + "/dead-letters", isLarge: true, Declared.listDeadLetters, listDeadLetters),
            RouteEntry(
                .post, Self.one + "/dead-letters/replay", limit: .sync, Declared.replayDeadLetters, replayDeadLetters),
        ].map { $0.opened(by: .records) }
    }

    /// The routes of what an application does at the provider of a connection.
    private var actionRoutes: [RouteEntry] {
        [
            RouteEntry(.get, Self.one + "/actions", Declared.listActions, listActions),
            RouteEntry(.get, Self.one + "/actions/runs", Declared.listRuns, listRuns),
            RouteEntry(.get, Self.one + "/actions/runs/{runId}", Declared.readRun, readRun),
            RouteEntry(.post, Self.one + "/actions/{name}", Declared.runAction, runAction),
        ].map { $0.opened(by: .actions) }
    }

    /// The routes of a connection's notifications.
    private var notificationRoutes: [RouteEntry] {
        [
            RouteEntry(.get, Self.one + "/webhook-secret", limit: .sync, Declared.showWebhookSecret, showWebhookSecret),
            RouteEntry(
                .post, Self.one + "/webhook-secret/rotate", limit: .sync, Declared.rotateWebhookSecret,
                rotateWebhookSecret),
            RouteEntry(.get, Self.one + "/webhook-deliveries", Declared.listDeliveries, listDeliveries),
            RouteEntry(
                .post, Self.one + "/webhook-deliveries/test", limit: .sync, Declared.testDelivery, testDelivery),
            RouteEntry(
                .post, Self.one + "/webhook-deliveries/{eventId}/redeliver", limit: .sync, Declared.redeliver,
                redeliver),
        ]
    }

    @Sendable private func list(_ context: RouteContext) async throws(ServiceError) -> Reply {
        let principal = try context.authenticated()
        // An application itself has no connections.
        let isApplication = principal.kind == .application
        guard principal.isUser || isApplication else { throw .forbidden(Self.refusal) }
        let withDetails = try context[Declared.include] || principal.scopes != nil
        let own = isApplication ? [] : try await connections.list(for: principal)
        let connected = Set(own.filter(\.isConnected).map(\.service))
        return .json { writer in
            writer.member("success", true)
            writer.key("integrations")
            writer.array { writer in
                for provider in registry.providers {
                    IntegrationsRendering.integration(
                        provider, isConnected: connected.contains(provider.id), publicURL: address.url,
                        withDetails: withDetails, to: &writer)
                }
            }
        }
    }

    @Sendable private func listConnections(_ context: RouteContext) async throws(ServiceError) -> Reply {
        let principal = try context.authenticated()
        // An empty filter counts as no filter.
        let service = try context[Declared.service].flatMap { $0.isEmpty ? nil : $0 }
        let status = try context[Declared.status]
        let found = try await connections.list(for: principal).filter { connection in
            (service.map { $0.utf8.elementsEqual(connection.service.utf8) } ?? true)
                && (status.map { $0 == connection.status } ?? true)
        }
        return .json { writer in
            writer.member("success", true)
            writer.key("connections")
            writer.array { writer in
                for connection in found {
                    IntegrationsRendering.connection(
                        connection, registry[connection.service], withSettings: false, at: connections.time.now,
                        to: &writer)
                }
            }
        }
    }

    @Sendable private func createConnection(_ context: RouteContext) async throws(ServiceError) -> Reply {
        let principal = try context.authenticated()
        let body = try context.body()
        var new = ConnectionService.NewConnection(service: try body[ConnectionFields.service])
        try IntegrationsDecoding.fill(&new, from: body)
        let created = try await connections.create(new, for: principal)
        return .json { writer in
            writer.member("success", true)
            writer.member("connectionId", created.connectionID)
            writer.member("authUrl", created.authorizationURL)
            writer.member("state", created.state)
        }
    }

    @Sendable private func getConnection(_ context: RouteContext) async throws(ServiceError) -> Reply {
        let connection = try await connections.connection(
            try context.parameter("id"), of: context.authenticated())
        return .json { writer in
            writer.member("success", true)
            writer.key("connection")
            IntegrationsRendering.connection(
                connection, registry[connection.service], withSettings: true, at: connections.time.now, to: &writer)
        }
    }

    @Sendable private func updateConnection(_ context: RouteContext) async throws(ServiceError) -> Reply {
        let principal = try context.authenticated()
        let change = try IntegrationsDecoding.change(try context.body())
        let connection = try await connections.update(try context.parameter("id"), change, for: principal)
        return .json { writer in
            writer.member("success", true)
            writer.key("connection")
            writer.object { writer in
                writer.member("id", connection.id)
                IntegrationsRendering.settings(connection, frequencyFirst: true, to: &writer)
                writer.member("permissions", connection.permissions)
                writer.member("updatedAt", connection.updatedAt.description)
            }
        }
    }

    @Sendable private func deleteConnection(_ context: RouteContext) async throws(ServiceError) -> Reply {
        try await connections.delete(try context.parameter("id"), for: context.authenticated())
        return .json { writer in
            writer.member("success", true)
            writer.member("message", "Connection deleted successfully")
        }
    }

    @Sendable private func triggerSync(_ context: RouteContext) async throws(ServiceError) -> Reply {
        let principal = try context.authenticated()
        let id = try context.parameter("id")
        // Look up the connection before the body, so that another user's connection always looks missing.
        _ = try await connections.connection(id, of: principal)
        let request = try IntegrationsDecoding.syncRequest(context)
        let run = try await sync.start(user: principal.userID, connection: id, request)
        return .json { writer in
            writer.member("success", true)
            writer.member("syncId", run.id)
            writer.member("status", run.status.rawValue)
            writer.member("startedAt", run.startedAt.description)
        }
    }

    @Sendable private func syncStatus(_ context: RouteContext) async throws(ServiceError) -> Reply {
        let connection = try await connections.withHistory(
            try context.parameter("id"), of: context.authenticated())
        guard let latest = await sync.latest(connection) else { throw .notFound }
        return .json { writer in
            writer.member("success", true)
            writer.key("sync")
            IntegrationsRendering.sync(latest.run, latest.progress, connectionID: connection.id, to: &writer)
        }
    }

    @Sendable private func authorize(_ context: RouteContext) async throws(ServiceError) -> Reply {
        let principal = try context.authenticated()
        let request = try IntegrationsDecoding.authorization(context)
        let authorization = try await oauth.authorize(request, for: principal)
        return .json { writer in
            writer.member("success", true)
            writer.member("authUrl", authorization.url)
            writer.member("state", authorization.state)
        }
    }

    @Sendable private func refresh(_ context: RouteContext) async throws(ServiceError) -> Reply {
        let principal = try context.authenticated()
        let service = try context.parameter("service")
        let id = try context.body()[ConnectionFields.connectionID]
        guard let provider = registry[service] else {
            throw .invalid(field: "service", message: "Service not supported")
        }
        guard try await connections.connection(id, of: principal).service == service else { throw .notFound }
        try await refresher.refreshAtOnce(user: principal.userID, connection: id, provider: provider)
        let connection = try await connections.connection(id, of: principal)
        return .json { writer in
            writer.member("success", true)
            writer.key("connection")
            writer.object { writer in
                writer.member("id", connection.id)
                writer.member("status", connection.status.rawValue)
                writer.member("expiresAt", connection.expiresAt?.description)
            }
        }
    }
}
