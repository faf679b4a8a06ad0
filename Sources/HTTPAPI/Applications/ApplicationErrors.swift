// The errors of the routes for applications: those of the integrations document in shape, with the failure's own words.

import ProviderSDK
import Requests

enum ApplicationErrors {
    static let document = ErrorDocument(schema: CommonSchemas.error, shape: body) { facts in
        switch facts.kind {
        case .invalid: ErrorWords(.reason, hasDetails: true)
        case .damaged, .internalFault: "Internal error"
        default: nil
        }
    }

    @Sendable private static func body(_ error: ErrorAnswer, _ exchange: Exchange) -> Reply {
        IntegrationsErrors.body(error, exchange)
    }
}
