// The mapping tables of Slack. A message's `ts` is both its id in the channel and its time; it stays a text, because its six
// decimals do not fit a binary number.

import ProviderSDK

enum SlackMappings {
    static let message = FieldMapping(
        "message", sourceID: ["channel", "ts"],
        [
            Field("channelId", "channel", .text, isRequired: true),
            Field("date", "ts", .epochText, isRequired: true),
            Field("text", "text"),
            Field("blocks", "blocks"),
            // A message is by a user or by a bot; messages of Slack itself may be by neither.
            Field("authorId", ["user", "bot_id"], .text),
            Field("authorName", ["bot_profile.name", "username"], .text),
            Field("kind", .when(messageKinds, other: .source("subtype", .oneOf(subtypes, other: "other")))),
            Field("sourceKind", "subtype", .text),
            Field("threadId", "thread_ts", .text),
            Field("replyCount", "reply_count"),
            Field("editedAt", "edited.ts", .epochText),
            Field("reactions", "reactions", .table([Field("name", "name"), Field("count", "count")], where: nil)),
            Field("fileIds", "files", .each(.reference(id: "id"))),
        ])

    /// A message without subtype is a reply when it is later than the one that began its thread.
    private static let messageKinds: [Transform.Rule] = [
        .init(.all([.not(.isSet("subtype")), .isLess("thread_ts", than: "ts")]), .text("reply")),
        .init(.not(.isSet("subtype")), .text("message")),
    ]

    private static let subtypes = [
        "bot_message": "bot", "thread_broadcast": "reply", "channel_join": "system", "channel_leave": "system",
        "channel_topic": "system", "channel_purpose": "system", "channel_name": "system", "channel_archive": "system",
        "channel_unarchive": "system", "group_join": "system", "group_leave": "system", "group_topic": "system",
        "group_purpose": "system", "group_name": "system", "group_archive": "system", "group_unarchive": "system",
    ]

    static let channel = FieldMapping(
        "channel", sourceID: ["id"],
        [
            // A direct message has no name but a partner.
            Field("name", ["name", "user"], .text),
            Field(
                "visibility",
                .when(
                    [
                        .init(.equals("is_im", true), .text("direct")),
                        .init(.equals("is_mpim", true), .text("group_direct")),
                        .init(.equals("is_private", true), .text("private")),
                    ], other: .text("public"))),
            Field("status", .when([.init(.equals("is_archived", true), .text("archived"))], other: .text("active"))),
            Field("topic", "topic.value", .text),
            Field("purpose", "purpose.value", .text),
            Field("memberCount", "num_members"),
            Field("isGeneral", "is_general"),
            Field("isMember", "is_member"),
            Field("creatorId", "creator", .text),
            Field("createdAt", "created", .epoch),
            // In milliseconds here, while `created` is in seconds.
            Field("updatedAt", "updated", .epoch),
        ])

    static let user = FieldMapping(
        "user", sourceID: ["id"],
        [
            Field("username", "name", .text),
            Field("displayName", ["profile.display_name", "real_name", "profile.real_name", "name"], .text),
            Field("realName", ["real_name", "profile.real_name"], .text),
            // Only with the scope users:read.email.
            Field("email", "profile.email", .text),
            Field("status", .when([.init(.equals("deleted", true), .text("deactivated"))], other: .text("active"))),
            Field("role", .when(roles, other: .text("member"))),
            Field("timezone", "tz", .text),
            Field("updatedAt", "updated", .epoch),
        ])

    private static let roles: [Transform.Rule] = [
        // Slack's own helper does not call itself a bot.
        .init(.any([.equals("is_bot", true), .equals("id", "USLACKBOT")]), .text("bot")),
        .init(.any([.equals("is_restricted", true), .equals("is_ultra_restricted", true)]), .text("guest")),
        .init(.any([.equals("is_owner", true), .equals("is_primary_owner", true)]), .text("owner")),
        .init(.equals("is_admin", true), .text("admin")),
    ]
}
