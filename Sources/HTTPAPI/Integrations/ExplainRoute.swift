// The route that explains the state of a connection.

import ConnectionModel
import Connections
import ProviderSDK
import Requests
import Users

extension IntegrationsRoutes {
    @Sendable func explain(_ context: RouteContext) async throws(ServiceError) -> Reply {
        let (connection, explanation) = try await diagnoses.explain(
            try context.parameter("id"), of: context.authenticated().userID)
        return .json { writer in
            writer.member("success", true)
            writer.key("explanation")
            ExplanationRendering.write(
                explanation, of: connection, named: diagnoses.name(of: connection), to: &writer)
        }
    }
}
