// The routes of the integrations document: /api/integrations. A table of routes; decoding and rendering have their
// own files.

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

    package init(
        registry: ProviderRegistry, connections: ConnectionService, oauth: OAuthService, refresher: RefreshService,
        sync: SyncEngine, records: RecordReader, deadLetters: DeadLetterService, address: PublicAddress,
        diagnoses: DiagnosisService, webhooks: NotificationService
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
    }

    package var family: RouteFamily {
        RouteFamily(
            name: "integrations", prefixes: ["/api/integrations"],
            routes: [
                RouteEntry(.get, "/api/integrations", list),
                RouteEntry(.get, "/api/integrations/connections", listConnections),
                RouteEntry(.post, "/api/integrations/connections", limit: .connectionCreation, createConnection),
                RouteEntry(.get, "/api/integrations/connections/{id}", getConnection),
                RouteEntry(.patch, "/api/integrations/connections/{id}", updateConnection),
                RouteEntry(.delete, "/api/integrations/connections/{id}", deleteConnection),
                RouteEntry(
                    .post, "/api/integrations/connections/{id}/sync", scope: .records, limit: .sync, triggerSync),
                RouteEntry(.get, "/api/integrations/connections/{id}/sync", scope: .records, syncStatus),
                RouteEntry(.get, "/api/integrations/connections/{id}/syncs", scope: .records, listSyncs),
                RouteEntry(.get, "/api/integrations/connections/{id}/records", scope: .records, readRecords),
                RouteEntry(.get, "/api/integrations/connections/{id}/dead-letters", scope: .records, listDeadLetters),
                RouteEntry(
                    .post, "/api/integrations/connections/{id}/dead-letters/replay", scope: .records, limit: .sync,
                    replayDeadLetters),
                RouteEntry(.get, "/api/integrations/connections/{id}/explain", explain),
                RouteEntry(.get, "/api/integrations/connections/{id}/webhook-secret", showWebhookSecret),
                RouteEntry(
                    .post, "/api/integrations/connections/{id}/webhook-secret/rotate", limit: .sync, rotateWebhookSecret
                ),
                RouteEntry(.get, "/api/integrations/connections/{id}/webhook-deliveries", listDeliveries),
                RouteEntry(
                    .post, "/api/integrations/connections/{id}/webhook-deliveries/test", limit: .sync, testDelivery),
                RouteEntry(
                    .post, "/api/integrations/connections/{id}/webhook-deliveries/{eventId}/redeliver", limit: .sync,
                    redeliver),
                RouteEntry(
                    .get, "/api/integrations/oauth/{service}/authorize", limit: .oauth, effect: .begins, authorize),
                RouteEntry(
                    .get, "/api/integrations/oauth/{service}/callback", effect: .completes,
                    headers: [("Referrer-Policy", "no-referrer")], callback),
                RouteEntry(.post, "/api/integrations/oauth/{service}/refresh", limit: .oauth, refresh),
            ].map { $0.with(.users(refusal: "Only users have integrations")).opened(by: .connections) },
            errors: IntegrationsErrors.document)
    }

    @Sendable private func list(_ context: RouteContext) async throws(ServiceError) -> Reply {
        let connected = Set(
            try await connections.list(for: context.authenticated()).filter(\.isConnected).map(\.service))
        return .json { writer in
            writer.member("success", true)
            writer.key("integrations")
            writer.array { writer in
                for provider in registry.providers {
                    IntegrationsRendering.integration(
                        provider, isConnected: connected.contains(provider.id), publicURL: address.url, to: &writer)
                }
            }
        }
    }

    @Sendable private func listConnections(_ context: RouteContext) async throws(ServiceError) -> Reply {
        let principal = try context.authenticated()
        // An empty filter counts as no filter.
        let service = try context.queryValue("service").flatMap { $0.isEmpty ? nil : $0 }
        var status: ConnectionStatus?
        if let text = try context.queryValue("status"), !text.isEmpty {
            guard let known = ConnectionStatus(rawValue: text) else {
                let names = ConnectionStatus.allCases.map(\.rawValue).joined(separator: ", ")
                throw .invalid(field: "status", message: "“status” must be one of \(names)")
            }
            status = known
        }
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
        let body = try context.body(["service", "permissions", "variant", "redirectUri", "accountId", "apiKey"])
        var new = ConnectionService.NewConnection(
            service: try body.requiredText("service", bytesMax: RequestBounds.serviceBytesMax))
        new.permissions = try permissions(in: body) ?? []
        new.variant = try body.text("variant", bytesMax: RequestBounds.serviceBytesMax)
        new.redirectURI = try body.text("redirectUri", bytesMax: RequestBounds.urlBytesMax)
        new.accountID = try body.text("accountId", bytesMax: RequestBounds.urlBytesMax)
        new.apiKey = try body.text("apiKey", bytesMax: ConnectionLimits.tokenBytesMax).map(Secret.init)
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
        let change = try IntegrationsDecoding.change(try context.body(["settings", "permissions"]))
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
        let connection = try await connections.connection(
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

    @Sendable private func callback(_ context: RouteContext) async throws(ServiceError) -> Reply {
        let principal = try context.authenticated()
        let query = (0..<context.query.count).map { index in
            let (name, value) = context.query.parameter(at: index)
            return NamedValue(name, value)
        }
        let completion: OAuthService.Completion
        do {
            completion = try await oauth.complete(
                service: try context.parameter("service"), query: query, for: principal)
        } catch {
            // A good state was counted when the flow began.
            if OAuthService.refusesState(error) { try context.countRefused(against: .oauth) }
            throw error
        }
        return .json { writer in
            writer.member("success", true)
            writer.member("connectionId", completion.connectionID)
            writer.member("message", "Integration connected successfully")
            if let state = completion.callerState { writer.member("state", state) }
        }
    }

    @Sendable private func refresh(_ context: RouteContext) async throws(ServiceError) -> Reply {
        let principal = try context.authenticated()
        let service = try context.parameter("service")
        let body = try context.body(["connectionId"])
        let id = try body.requiredText("connectionId", bytesMax: RequestBounds.serviceBytesMax)
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

    private func permissions(in body: JSONValue) throws(ServiceError) -> [String]? {
        try body.texts(
            "permissions", countMax: RequestBounds.permissionsMax, bytesMax: RequestBounds.permissionBytesMax)
    }
}
