// Discord's actions for features of the host. They read one member of the operator's server, and remove the role that marks a
// member as not linked yet.

import ProviderSDK

enum DiscordActions {
    static let all: [ProviderAction] = [
        ProviderAction(
            "removeUnverifiedRole", "Takes the unverified role from a member.",
            request(.delete, "/guilds/{setting.guildId}/members/{input.userId}/roles/{setting.unverifiedRoleId}")
        ) { action in
            action.toleratedCodes = DiscordErrors.goneMember
            action.idleWithout = ["unverifiedRoleId"]
        },
        ProviderAction(
            "getMember", "Reads one member.", request(.get, "/guilds/{setting.guildId}/members/{input.userId}")
        ) { action in
            action.toleratedCodes = DiscordErrors.goneMember
            action.additions = DiscordDataTypes.guild
            action.output = DiscordMappings.member
        },
    ]

    static let linking = AccountLinking(accountIDAttribute: "discordId") { linking in
        linking.actionsOnLink = ["removeUnverifiedRole"]
        linking.accountIDParameter = "userId"
        linking.memberDataType = "members"
        linking.memberAccountID = "userId"
        linking.memberJoinedAt = "joinedAt"
    }

    private static func request(_ method: ProviderRequest.Method, _ path: String) -> ProviderRequest {
        ProviderRequest(method, path) { $0.authorization = DiscordDataTypes.bot }
    }
}
