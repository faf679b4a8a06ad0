// The mapping tables of Slack. A message's `ts` is both its id in the channel and its time. It stays a text, because its six
// decimals do not fit a binary number.

import ProviderSDK

enum SlackMappings {
    static let message = FieldMapping(
        "message", sourceID: ["channel", "ts"],
        [
            Field("channelId", from: "channel", as: .text, isRequired: true),
            Field("date", from: "ts", as: .epochText, isRequired: true),
            Field("text", from: "text"),
            Field("blocks", from: "blocks"),
            // A message is by a user or by a bot; messages of Slack itself may be by neither.
            Field("authorId", from: ["user", "bot_id"], as: .text),
            Field("authorName", from: ["bot_profile.name", "username"], as: .text),
            Field("kind", as: .when(messageKinds, other: .source("subtype", .oneOf(subtypes, other: "other")))),
            Field("sourceKind", from: "subtype", as: .text),
            Field("threadId", from: "thread_ts", as: .text),
            Field("replyCount", from: "reply_count"),
            Field("editedAt", from: "edited.ts", as: .epochText),
            Field(
                "reactions", from: "reactions",
                as: .table([Field("name", from: "name"), Field("count", from: "count")], where: nil)),
            Field("fileIds", from: "files", as: .each(.reference(id: "id"))),
            Field("files", from: "files", as: .table(files, where: nil)),
            Field("attachments", from: "attachments", as: .table(attachments, where: nil)),
        ])

    /// Of a file that was deleted, only its id is left.
    private static let files = [
        Field("id", from: "id", as: .text), Field("name", from: "name"), Field("title", from: "title"),
        Field("type", from: "mimetype"), Field("size", from: "size"), Field("url", from: ["permalink", "url_private"]),
    ]

    /// What a message shows besides its text: previews of links, and parts that an app made in any form it liked.
    private static let attachments = [
        Field("id", from: "id"), Field("title", from: "title"), Field("text", from: "text"),
        Field("pretext", from: "pretext"), Field("fallback", from: "fallback"),
        Field("authorName", from: "author_name"),
        Field("serviceName", from: "service_name"), Field("url", from: ["from_url", "original_url", "title_link"]),
        Field("imageUrl", from: ["image_url", "thumb_url"]), Field("footer", from: "footer"),
        Field("fields", from: "fields"),
    ]

    /// A message without subtype is a reply when it is later than the one that began its thread.
    private static let messageKinds: [Transform.Rule] = [
        .init(.all([.not(.isSet("subtype")), .lessThan("thread_ts", "ts")]), .text("reply")),
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
            Field("name", from: ["name", "user"], as: .text),
            Field(
                "visibility",
                as: .when(
                    [
                        .init(.equals("is_im", true), .text("direct")),
                        .init(.equals("is_mpim", true), .text("group_direct")),
                        .init(.equals("is_private", true), .text("private")),
                    ], other: .text("public"))),
            Field(
                "status", as: .when([.init(.equals("is_archived", true), .text("archived"))], other: .text("active"))),
            Field("topic", from: "topic.value", as: .text),
            Field("purpose", from: "purpose.value", as: .text),
            Field("memberCount", from: "num_members"),
            Field("isGeneral", from: "is_general"),
            Field("isMember", from: "is_member"),
            Field("creatorId", from: "creator", as: .text),
            Field("createdAt", from: "created", as: .epoch),
            // In milliseconds here, while `created` is in seconds.
            Field("updatedAt", from: "updated", as: .epoch),
        ])

    static let user = FieldMapping(
        "user", sourceID: ["id"],
        [
            Field("username", from: "name", as: .text),
            Field("displayName", from: ["profile.display_name", "real_name", "profile.real_name", "name"], as: .text),
            Field("realName", from: ["real_name", "profile.real_name"], as: .text),
            // Only with the scope users:read.email.
            Field("email", from: "profile.email", as: .text),
            Field("status", as: .when([.init(.equals("deleted", true), .text("deactivated"))], other: .text("active"))),
            Field("role", as: .when(roles, other: .text("member"))),
            Field("timezone", from: "tz", as: .text),
            Field("updatedAt", from: "updated", as: .epoch),
        ])

    private static let roles: [Transform.Rule] = [
        // Slack's own helper does not call itself a bot.
        .init(.any([.equals("is_bot", true), .equals("id", "USLACKBOT")]), .text("bot")),
        .init(.any([.equals("is_restricted", true), .equals("is_ultra_restricted", true)]), .text("guest")),
        .init(.any([.equals("is_owner", true), .equals("is_primary_owner", true)]), .text("owner")),
        .init(.equals("is_admin", true), .text("admin")),
    ]
}
