// The data types of Slack: the lists they are read from and the scopes they need. Slack's lists cannot be asked for changes;
// only messages have a beginning.

import ProviderSDK

enum SlackDataTypes {
    static let all: [DataType] = [
        DataType("messages", mapping: SlackMappings.message) { messages in
            messages.scopes = ["channels:read", "channels:history"]
            messages.optionalScopes = ["groups:read", "groups:history"]
            messages.incremental = Incremental()
        },
        DataType("channels", mapping: SlackMappings.channel) { channels in
            channels.scopes = ["channels:read"]
            channels.optionalScopes = ["groups:read"]
            // A private channel is listed only to its members.
            channels.window = .matching(.equals("visibility", "public"))
        },
        DataType("users", mapping: SlackMappings.user) { type in
            type.scopes = ["users:read"]
            type.optionalScopes = ["users:read.email"]
            type.list = users
        },
    ]

    private static let users = list("users.list", items: "members")

    /// The workspaces that an organisation installed the app into.
    static let teams = list("auth.teams.list", items: "teams")

    /// The channels of these types, archived ones included.
    static func channels(_ types: String) -> ListRequest {
        list(
            "conversations.list", [NamedValue("types", types), NamedValue("exclude_archived", "false")],
            items: "channels")
    }

    private static func list(_ method: String, _ query: [NamedValue] = [], items: ValuePath) -> ListRequest {
        let request = ProviderRequest(.get, "/\(method)") { request in
            request.query = query
            request.rateLimit = method
        }
        // An empty next_cursor is the end; a page may be short, even empty, without being the last.
        let paging = Paging.token(parameter: "cursor", token: "response_metadata.next_cursor", hasMore: nil)
        return ListRequest(request, items: items, paging: paging) { list in
            list.pageSizeParameter = "limit"
            list.pageSize = 200
            list.pageWhen = .equals("ok", true)
        }
    }
}
