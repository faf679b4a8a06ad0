// The bodies of the external-accounts document: a message, with numbers beside it.

import Connections
import HTTPServer
import ProviderSDK
import Requests

enum ExternalAccountsRendering {
    static func message(_ message: String, status: Int = 200) -> Reply {
        .json(status) { writer in writer.member("message", message) }
    }

    static func sync(_ result: ExternalAccountService.MemberSync) -> Reply {
        .json { writer in
            writer.member("message", "Data Sync Complete")
            writer.member("usersArchivedCount", result.archived)
            writer.member("usersUnArchivedCount", result.unarchived)
            writer.member("totalUsersProcessed", result.users)
            writer.member("rdsDiscordServerUsers", result.members)
        }
    }

    static func deprecatedSync(_ result: ExternalAccountService.MemberSync) -> Reply {
        .json { writer in
            writer.member("rdsUsers", result.users)
            writer.member("discordUsers", result.members)
            writer.member("userUpdatedWithInDiscordFalse", result.archived)
            writer.member("usersMarkedUnArchived", result.unarchived)
            writer.member("message", "Data Sync Complete")
        }
    }

    /// The header fields that say when the route was deprecated (RFC 9745) and what replaces it.
    static let deprecation: [(name: String, value: String)] = [
        ("Deprecation", "@1705276800"), ("Link", "</external-accounts/users>; rel=\"successor-version\""),
    ]

    static func actionFailed(_ action: String) -> Reply {
        ExternalAccountsErrors.reply(500, "User details updated but \(action) failed. Please contact admin")
    }

    /// The document's answer for a token that is no longer valid.
    static var expired: Reply { ExternalAccountsErrors.reply(401, "Token Expired. Please generate it again") }
}
