// The errors of the system routes and of /webhooks, which have no API document: `success` and an error.

import ProviderSDK
package import Requests

package enum SystemErrors {
    package static let document = ErrorDocument(schema: SystemDeclarations.error, shape: body)

    @Sendable package static func body(_ error: ErrorAnswer, _ exchange: Exchange) -> Reply {
        .json(error.status) { writer in
            writer.member("success", false)
            writer.member("error", error.message)
        }
    }
}
