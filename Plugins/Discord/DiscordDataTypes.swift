// The data types of Discord: the servers that a user is in, and the members of the operator's own server.

import ProviderSDK

enum DiscordDataTypes {
    static let all: [DataType] = [
        DataType("guilds", mapping: DiscordMappings.guild) { dataType in
            dataType.scopes = ["guilds"]
            // One page holds as many servers as a user can be in.
            dataType.list = ListRequest(
                .get("/users/@me/guilds", [NamedValue("with_counts", "true")]), items: "",
                paging: .lastRecord(parameter: "after", id: "id", hasMore: nil)
            ) { list in
                list.pageSizeParameter = "limit"
                list.pageSize = 200
            }
        },
        // Read by the bot, which needs the privileged intent for members; not a record of any connection.
        DataType("members", mapping: DiscordMappings.member) { dataType in
            let request = ProviderRequest(.get, "/guilds/{setting.guildId}/members") { $0.authorization = bot }
            dataType.list = ListRequest(
                request, items: "", paging: .lastRecord(parameter: "after", id: "user.id", hasMore: nil)
            ) { list in
                list.pageSizeParameter = "limit"
                list.pageSize = 1000
                list.additions = guild
            }
        },
    ]

    /// The credential of the operator's bot.
    static let bot = ProviderRequest.Authorization.setting("botToken", scheme: "Bot")

    /// What a member does not contain: which server it is a member of.
    static let guild = [NamedValue("guild_id", "{setting.guildId}")]
}
