// The mapping tables of Discord. Ids are 64-bit numbers written as text, and hold their own moment of creation.

import ProviderSDK

enum DiscordMappings {
    /// Milliseconds from the epoch to the first moment of 2015, from which ids count.
    private static let creation = Transform.snowflakeTime(epochMilliseconds: 1_420_070_400_000)

    /// A server.
    ///
    /// A user's own list has only a part of these; the rest is null there.
    static let guild = FieldMapping(
        "guild", sourceID: ["id"],
        [
            Field("name", from: "name"),
            Field("icon", from: "icon"),
            Field("description", from: "description"),
            Field("ownerId", from: "owner_id", as: .text),
            Field("isOwner", from: "owner", as: .boolean),
            Field("permissions", from: "permissions", as: .text),
            // Discord estimates both each time.
            Field("memberCount", from: "approximate_member_count", as: count).volatile,
            Field("onlineCount", from: "approximate_presence_count", as: count).volatile,
            Field("preferredLocale", from: "preferred_locale"),
            Field("premiumTier", from: "premium_tier", as: count),
            Field("verificationLevel", from: "verification_level", as: count),
            Field("features", from: "features", as: .each(.text)),
            Field(
                "roles", from: "roles",
                as: .table([Field("id", from: "id", as: .text), Field("name", from: "name")], where: nil)),
            Field("createdAt", from: "id", as: creation),
        ])

    /// A member of the server `guild_id`.
    static let member = FieldMapping(
        "member", sourceID: ["guild_id", "user.id"],
        [
            Field("guildId", from: "guild_id", as: .text, isRequired: true),
            Field("userId", from: "user.id", as: .text, isRequired: true),
            Field("displayName", from: ["nick", "user.global_name", "user.username"], as: .text),
            Field("username", from: "user.username", as: .text),
            Field("discriminator", from: "user.discriminator", as: .text),
            Field("isBot", from: "user.bot", as: .boolean),
            Field("status", as: .when([.init(.equals("pending", true), .text("pending"))], other: .text("active"))),
            Field("roleIds", from: "roles", as: .each(.text)),
            Field("joinedAt", from: "joined_at", as: .iso8601),
            Field("boostingSince", from: "premium_since", as: .iso8601),
            // A time-out that is over is none.
            Field(
                "timedOutUntil",
                as: .when(
                    [.init(.isPast("communication_disabled_until"), .null)],
                    other: .source("communication_disabled_until", .iso8601))),
            Field("isDeafened", from: "deaf", as: .boolean),
            Field("isMuted", from: "mute", as: .boolean),
            Field("flags", from: "flags", as: .integer(0...Int64.max)),
            Field("accountCreatedAt", from: "user.id", as: creation),
        ])

    private static let count = Transform.integer(0...2_147_483_647)
}
