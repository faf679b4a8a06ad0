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
            Field("name", "name"),
            Field("icon", "icon"),
            Field("description", "description"),
            Field("ownerId", "owner_id", .text),
            Field("isOwner", "owner", .boolean),
            Field("permissions", "permissions", .text),
            Field("memberCount", "approximate_member_count", count),
            Field("onlineCount", "approximate_presence_count", count),
            Field("preferredLocale", "preferred_locale"),
            Field("premiumTier", "premium_tier", count),
            Field("verificationLevel", "verification_level", count),
            Field("features", "features", .each(.text)),
            Field("roles", "roles", .table([Field("id", "id", .text), Field("name", "name")], where: nil)),
            Field("createdAt", "id", creation),
        ])

    /// A member of the server `guild_id`.
    static let member = FieldMapping(
        "member", sourceID: ["guild_id", "user.id"],
        [
            Field("guildId", "guild_id", .text, isRequired: true),
            Field("userId", "user.id", .text, isRequired: true),
            Field("displayName", ["nick", "user.global_name", "user.username"], .text),
            Field("username", "user.username", .text),
            Field("discriminator", "user.discriminator", .text),
            Field("isBot", "user.bot", .boolean),
            Field("status", .when([.init(.equals("pending", true), .text("pending"))], other: .text("active"))),
            Field("roleIds", "roles", .each(.text)),
            Field("joinedAt", "joined_at", .iso8601),
            Field("boostingSince", "premium_since", .iso8601),
            // A time-out that is over is none.
            Field(
                "timedOutUntil",
                .when(
                    [.init(.isPast("communication_disabled_until"), .null)],
                    other: .source("communication_disabled_until", .iso8601))),
            Field("isDeafened", "deaf", .boolean),
            Field("isMuted", "mute", .boolean),
            Field("flags", "flags", .integer(0...Int64.max)),
            Field("accountCreatedAt", "user.id", creation),
        ])

    private static let count = Transform.integer(0...2_147_483_647)
}
