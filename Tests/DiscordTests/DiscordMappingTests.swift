// Discord's mapping tables on self-made payloads in Discord's real shapes: every field, both statuses, times that are over.

import ProviderSDK
import ProviderSDKTesting
import Testing

@testable import Discord

@Suite("Discord mappings", .timeLimit(.minutes(2)))
struct DiscordMappingTests {
    static let now = Timestamp(iso8601: "2026-06-01") ?? .epoch

    /// The normalised record of `dataType` made of `fields` merged over a plain record.
    static func map(_ dataType: String, _ fields: JSONValue) throws -> JSONValue {
        let base = plain[dataType] ?? [:]
        let names = Set((fields.members ?? []).map(\.key))
        let merged = JSONValue.object((base.members ?? []).filter { !names.contains($0.key) } + (fields.members ?? []))
        let mapping = try #require(DiscordProvider().manifest.dataType(dataType)?.mapping)
        return try JSONValue.parse(mapping.map(try JSONValue.parse(merged.serialized), now: now).json)
    }

    static let plain: [String: JSONValue] = [
        "guilds": [
            "id": "197038439483310086", "name": "Testers", "icon": "f64c482b", "banner": .null, "owner": true,
            "permissions": "2251799813685247", "features": ["COMMUNITY", "NEWS"], "approximate_member_count": 60_814,
            "approximate_presence_count": 20_034,
        ],
        "members": [
            "guild_id": "197038439483310086",
            "user": [
                "id": "175928847299117063", "username": "ada", "global_name": "Ada L.", "discriminator": "0",
                "avatar": .null, "bot": false,
            ],
            "nick": "Countess", "avatar": .null, "roles": ["41771983423143936", "41771983423143937"],
            "joined_at": "2026-05-14T06:06:28.058000+00:00", "premium_since": .null, "deaf": false, "mute": true,
            "flags": 2, "pending": false, "communication_disabled_until": .null,
        ],
    ]

    @Test(
        "Each field of a guild",
        arguments: [
            ([:], "id", "guild-197038439483310086"), ([:], "sourceId", "197038439483310086"), ([:], "name", "Testers"),
            ([:], "icon", "f64c482b"), (["icon": .null], "icon", .null), ([:], "description", .null),
            (["description": "A place"], "description", "A place"), ([:], "ownerId", .null),
            (["owner_id": "5"], "ownerId", "5"), ([:], "isOwner", true), ([:], "permissions", "2251799813685247"),
            ([:], "memberCount", 60_814), ([:], "onlineCount", 20_034), ([:], "preferredLocale", .null),
            (["preferred_locale": "en-US"], "preferredLocale", "en-US"), (["premium_tier": 3], "premiumTier", 3),
            (["verification_level": 4], "verificationLevel", 4), ([:], "features", ["COMMUNITY", "NEWS"]),
            (["features": []], "features", []), ([:], "roles", .null),
            (
                ["roles": [["id": "1", "name": "@everyone", "color": 0], ["id": "2", "name": "New"]]], "roles",
                [["id": "1", "name": "@everyone"], ["id": "2", "name": "New"]]
            ),
            ([:], "createdAt", "2016-06-27T17:20:24Z"),
        ] as [(JSONValue, String, JSONValue)])
    func guildFields(change: JSONValue, field: String, expected: JSONValue) throws {
        let record = try Self.map("guilds", change)
        #expect(record[field] == expected)
    }

    @Test(
        "Each field of a member",
        arguments: [
            ([:], "id", "member-197038439483310086-175928847299117063"),
            ([:], "sourceId", "197038439483310086-175928847299117063"), ([:], "guildId", "197038439483310086"),
            ([:], "userId", "175928847299117063"), ([:], "displayName", "Countess"),
            (["nick": .null], "displayName", "Ada L."), (["nick": ""], "displayName", "Ada L."),
            (["nick": .null, "user": ["id": "1", "username": "ada", "global_name": .null]], "displayName", "ada"),
            ([:], "username", "ada"), ([:], "discriminator", "0"), ([:], "isBot", false),
            (["user": ["id": "1", "username": "ada"]], "isBot", .null),
            (["user": ["id": "1", "bot": true]], "isBot", true),
            ([:], "roleIds", ["41771983423143936", "41771983423143937"]), (["roles": []], "roleIds", []),
            ([:], "joinedAt", "2026-05-14T06:06:28Z"), (["joined_at": .null], "joinedAt", .null),
            ([:], "boostingSince", .null),
            (["premium_since": "2026-01-02T03:04:05+02:00"], "boostingSince", "2026-01-02T01:04:05Z"),
            ([:], "timedOutUntil", .null),
            (["communication_disabled_until": "2026-05-31T23:59:59.000000+00:00"], "timedOutUntil", .null),
            (
                ["communication_disabled_until": "2026-06-01T00:00:01.000000+00:00"], "timedOutUntil",
                "2026-06-01T00:00:01Z"
            ), ([:], "isDeafened", false), ([:], "isMuted", true), ([:], "flags", 2),
            ([:], "accountCreatedAt", "2016-04-30T11:18:25Z"),
        ] as [(JSONValue, String, JSONValue)])
    func memberFields(change: JSONValue, field: String, expected: JSONValue) throws {
        let record = try Self.map("members", change)
        #expect(record[field] == expected)
    }

    @Test(
        "Each status of a member",
        arguments: [([:], "active"), (["pending": true], "pending"), (["pending": .null], "active")]
            as [(JSONValue, String)])
    func memberStatuses(change: JSONValue, expected: String) throws {
        #expect(try Self.map("members", change)["status"]?.string == expected)
    }

    @Test(
        "A record without what names it is a dead letter",
        arguments: [
            ("members", ["user": .null], "sourceId"), ("members", ["guild_id": .null], "sourceId"),
            ("members", ["joined_at": "once"], "joinedAt"), ("members", ["roles": "all"], "roleIds"),
            ("members", ["flags": -1], "flags"), ("guilds", ["id": .null], "sourceId"),
            ("guilds", ["id": "abc"], "createdAt"), ("guilds", ["approximate_member_count": -1], "memberCount"),
        ] as [(String, JSONValue, String)])
    func deadLetters(dataType: String, change: JSONValue, field: String) {
        let failure = #expect(throws: MappingFailure.self) { try Self.map(dataType, change) }
        #expect(failure?.field == field)
    }
}
