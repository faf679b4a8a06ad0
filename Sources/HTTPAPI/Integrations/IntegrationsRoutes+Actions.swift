// The routes of actions: list, run, and read the outcome of runs.

import Actions
import ConnectionModel
import Connections
import HTTPServer
import ProviderSDK
import Providers
import Requests
import Users

extension IntegrationsRoutes {
    @Sendable func listActions(_ context: RouteContext) async throws(ServiceError) -> Reply {
        let (principal, id) = (try context.authenticated(), try context.parameter("id"))
        let (provider, found) = try await actions.actions(of: id, for: principal)
        let connection = try await connections.connection(id, of: principal)
        let scopes = provider.scopes(connection.variant)
        return .json { writer in
            writer.member("success", true)
            writer.key("actions")
            writer.array { writer in
                for action in found {
                    let isAvailable =
                        action.usesOperatorCredential
                        || scopes.missing(action.scopes, granted: connection.grantedScopes).isEmpty
                    ActionRendering.action(action, isAvailable: isAvailable, to: &writer)
                }
            }
        }
    }

    @Sendable func runAction(_ context: RouteContext) async throws(ServiceError) -> Reply {
        let (principal, id) = (try context.authenticated(), try context.parameter("id"))
        let name = try context.parameter("name")
        let action = try await actions.action(name, of: id, for: principal)
        let key = try context[IntegrationsDeclarations.actionKey]
        let inputs = JSONValue.object(try context.body(named: Set(action.inputs.map(\.name))))
        return Self.reply(try await actions.run(name, inputs: inputs, key: key, connection: id, for: principal))
    }

    @Sendable func listRuns(_ context: RouteContext) async throws(ServiceError) -> Reply {
        let limit = try context[IntegrationsDeclarations.runLimit]
        let runs = try await actions.runs(
            of: try context.parameter("id"), limit: limit, for: try context.authenticated())
        return .json { writer in
            writer.member("success", true)
            writer.key("runs")
            writer.array { writer in for run in runs { ActionRendering.run(run, to: &writer) } }
        }
    }

    @Sendable func readRun(_ context: RouteContext) async throws(ServiceError) -> Reply {
        Self.reply(
            try await actions.run(
                try context.parameter("runId"), of: try context.parameter("id"), for: try context.authenticated()))
    }

    private static func reply(_ run: ActionRunRecord) -> Reply {
        .json { writer in
            writer.member("success", true)
            writer.key("run")
            ActionRendering.run(run, to: &writer)
        }
    }
}
