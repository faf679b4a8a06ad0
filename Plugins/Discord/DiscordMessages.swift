// What applications can do in the operator's Discord server, as data. The operator's bot does it, so only applications may.

import ProviderSDK

enum DiscordMessages {
    static let all: [ActionSpec] = [
        ActionSpec(
            "sendMessage", "Send a message",
            .post(
                "/channels/{input.channelId}/messages",
                .json([
                    .input("text", as: "content"), ActionMember("nonce", .key),
                    // A message with a known nonce is answered with the one that was sent before.
                    ActionMember("enforce_nonce", .constant(true)),
                    ActionMember("allowed_mentions", .object([ActionMember("parse", .list([]))])),
                ])
            ) { $0.authorization = DiscordDataTypes.bot }
        ) { action in
            action.description = "Sends a message to a channel of the server, as the bot."
            action.inputs = [
                .required("channelId", .text(bytesMax: 20), "The id of the channel.", example: "1180000000000000200"),
                .required(
                    "text", .text(bytesMax: 2000, hasLines: true), "The text, in Discord's Markdown.",
                    example: "Welcome!"),
            ]
            action.outputs = [
                ActionOutput("messageId", "id", "The id of the message."),
                ActionOutput("channelId", "channel_id", "The id of the channel."),
            ]
            // Discord says “the past few minutes”.
            action.idempotency = ActionIdempotency(.body, window: .seconds(150))
        },
        role(.put, "addRole", "Give a role", "Gives a role to a member of the server.", doneCodes: []),
        role(
            .delete, "removeRole", "Take a role", "Takes a role from a member of the server.",
            doneCodes: DiscordErrors.goneMember),
    ]

    private static func role(
        _ method: ProviderRequest.Method, _ name: String, _ title: String, _ description: String, doneCodes: [String]
    ) -> ActionSpec {
        let request = ActionRequest(
            method, "/guilds/{setting.guildId}/members/{input.userId}/roles/{input.roleId}"
        ) { $0.authorization = DiscordDataTypes.bot }
        return ActionSpec(name, title, request) { action in
            action.description = description
            action.inputs = [
                .required("userId", .text(bytesMax: 20), "The id of the member.", example: "1180000000000000100"),
                .required("roleId", .text(bytesMax: 20), "The id of the role.", example: "1180000000000000300"),
            ]
            action.idempotency = .repeatable(doneCodes: doneCodes)
        }
    }
}
