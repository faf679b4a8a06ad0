// The bodies of /api/userIntegration. Messages keep the document's spelling, because clients match on it.

import Connections
import ProviderSDK
import Requests

enum UserIntegrationRendering {
    typealias UserIntegration = UserIntegrationService.UserIntegration

    static func one(_ integration: UserIntegration, message: String?) -> Reply {
        .json { writer in
            writer.member("status", 200)
            if let message { writer.member("message", message) }
            writer.key("data")
            write(integration, to: &writer)
        }
    }

    static func list(_ page: UserIntegrationService.Page) -> Reply {
        .json { writer in
            writer.member("status", 200)
            writer.key("data")
            writer.array { writer in for integration in page.integrations { write(integration, to: &writer) } }
            if let next = page.next { writer.member("nextCursor", UserIntegrationCursor.text(next)) }
        }
    }

    private static func write(_ integration: UserIntegration, to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("id", integration.id)
            writer.member("isconnected", integration.isConnected)
            writer.member("userId", integration.userID)
            writer.member("integrationId", integration.integrationID)
        }
    }
}
