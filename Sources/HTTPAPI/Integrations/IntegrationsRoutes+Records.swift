// The routes of a connection's synced data: the record stream, past syncs, dead letters. Each looks up the connection
// before it checks the request, so that another user's connection always looks missing.

import ConnectionModel
import Connections
import HTTPServer
import ProviderSDK
import Requests
import Sync
import Users

extension IntegrationsRoutes {
    @Sendable func readRecords(_ context: RouteContext) async throws(ServiceError) -> Reply {
        let connection = try await connections.connection(
            try context.parameter("id"), of: context.authenticated())
        let request = try IntegrationsDecoding.recordsRequest(context)
        return RecordsRendering.page(try await records.read(connection, request))
    }

    @Sendable func listSyncs(_ context: RouteContext) async throws(ServiceError) -> Reply {
        let connection = try await connections.withHistory(
            try context.parameter("id"), of: context.authenticated())
        let limit = try context[IntegrationsDeclarations.syncLimit]
        // The newest sync may be running; the answer has its present counts.
        let latest = await sync.latest(connection)
        return .json { writer in
            writer.member("success", true)
            writer.key("syncs")
            writer.array { writer in
                for (place, run) in connection.syncs.prefix(limit).enumerated() {
                    let now = place == 0 ? latest : nil
                    IntegrationsRendering.sync(
                        now?.run ?? run, now?.progress, connectionID: connection.id, to: &writer)
                }
            }
        }
    }

    @Sendable func listDeadLetters(_ context: RouteContext) async throws(ServiceError) -> Reply {
        let principal = try context.authenticated()
        let connection = try await connections.connection(try context.parameter("id"), of: principal)
        let (selection, position, limit) = try IntegrationsDecoding.deadLettersRequest(
            context, connection: connection.id)
        let page = try await deadLetters.list(
            connection.id, of: principal.userID, selection, after: position, limit: limit)
        return RecordsRendering.deadLetters(page, connection: connection.id)
    }

    @Sendable func replayDeadLetters(_ context: RouteContext) async throws(ServiceError) -> Reply {
        let principal = try context.authenticated()
        let connection = try await connections.connection(try context.parameter("id"), of: principal)
        let selection = try IntegrationsDecoding.replayRequest(context)
        let outcome = try await deadLetters.replay(connection.id, of: principal.userID, selection)
        return .json { writer in
            writer.member("success", true)
            writer.member("replayed", outcome.replayed)
            writer.member("failed", outcome.failed)
        }
    }
}
