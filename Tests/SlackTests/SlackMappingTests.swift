// Slack's mapping tables on self-made payloads in Slack's real shapes: every field, every kind, every role.

import ProviderSDK
import ProviderSDKTesting
import Testing

@testable import Slack

@Suite("Slack mappings", .timeLimit(.minutes(2)))
struct SlackMappingTests {
    static let now = Timestamp(iso8601: "2024-06-01") ?? .epoch

    /// The normalised record of `dataType` made of `fields` merged over a plain record.
    static func map(_ dataType: String, _ fields: JSONValue) throws -> JSONValue {
        let base = plain[dataType] ?? [:]
        let names = Set((fields.members ?? []).map(\.key))
        let merged = JSONValue.object((base.members ?? []).filter { !names.contains($0.key) } + (fields.members ?? []))
        let mapping = try #require(SlackProvider().manifest.dataType(dataType)?.mapping)
        return try JSONValue.parse(mapping.map(try JSONValue.parse(merged.serialized), now: now).json)
    }

    static let plain: [String: JSONValue] = [
        "messages": [
            "type": "message", "channel": "C024BE91L", "user": "U012AB3CDE", "text": "Hello <@U1>!",
            "ts": "1704067200.000247", "team": "T1",
            "blocks": [["type": "rich_text", "block_id": "b1", "elements": []]],
        ],
        "channels": [
            "id": "C012AB3CD", "name": "general", "is_channel": true, "is_group": false, "is_im": false,
            "is_mpim": false, "is_private": false, "is_archived": false, "is_general": true, "is_member": true,
            "created": 1_704_067_200, "creator": "U1", "updated": 1_704_067_201_261,
            "topic": ["value": "All hands", "creator": "U1", "last_set": 1],
            "purpose": ["value": "", "creator": "", "last_set": 0], "num_members": 4,
        ],
        "users": [
            "id": "U012AB3CDE", "team_id": "T1", "name": "ada", "deleted": false, "real_name": "Ada Lovelace",
            "tz": "Europe/London", "is_admin": false, "is_owner": false, "is_primary_owner": false,
            "is_restricted": false, "is_ultra_restricted": false, "is_bot": false, "updated": 1_704_067_200,
            "profile": ["display_name": "countess", "real_name": "Ada Lovelace", "email": "ada@example.com"],
        ],
    ]

    @Test(
        "Each field of a message",
        arguments: [
            ([:], "id", "message-C024BE91L-1704067200.000247"), ([:], "sourceId", "C024BE91L-1704067200.000247"),
            ([:], "channelId", "C024BE91L"), ([:], "date", "2024-01-01T00:00:00Z"), ([:], "text", "Hello <@U1>!"),
            (["text": ""], "text", .null),
            ([:], "blocks", [["type": "rich_text", "block_id": "b1", "elements": []]]),
            (["blocks": .null], "blocks", .null),
            ([:], "authorId", "U012AB3CDE"), (["user": .null, "bot_id": "B1"], "authorId", "B1"),
            (["user": .null], "authorId", .null), ([:], "authorName", .null),
            (["bot_profile": ["id": "B1", "name": "Deploys"]], "authorName", "Deploys"),
            (["username": "hook"], "authorName", "hook"), ([:], "sourceKind", .null), ([:], "threadId", .null),
            (["thread_ts": "1704067200.000247"], "threadId", "1704067200.000247"), ([:], "replyCount", .null),
            (["reply_count": 3], "replyCount", 3), ([:], "editedAt", .null),
            (["edited": ["user": "U1", "ts": "1704067260.000000"]], "editedAt", "2024-01-01T00:01:00Z"),
            ([:], "reactions", .null),
            (
                ["reactions": [["name": "+1", "users": ["U1", "U2"], "count": 2]]], "reactions",
                [["name": "+1", "count": 2]]
            ),
            (["files": [["id": "F1", "name": "a.txt"], ["id": "F2"]]], "fileIds", ["F1", "F2"]),
            ([:], "fileIds", .null),
        ] as [(JSONValue, String, JSONValue)])
    func messageFields(change: JSONValue, field: String, expected: JSONValue) throws {
        #expect(try Self.map("messages", change)[field] == expected)
    }

    @Test(
        "Each kind of message",
        arguments: [
            ([:], "message"), (["thread_ts": "1704067200.000247", "reply_count": 1], "message"),
            (["thread_ts": "1704067100.000100"], "reply"),
            (["subtype": "thread_broadcast", "thread_ts": "1704067100.000100"], "reply"),
            (["subtype": "bot_message"], "bot"), (["subtype": "channel_join"], "system"),
            (["subtype": "channel_leave"], "system"), (["subtype": "channel_topic"], "system"),
            (["subtype": "channel_purpose"], "system"), (["subtype": "channel_name"], "system"),
            (["subtype": "channel_archive"], "system"), (["subtype": "channel_unarchive"], "system"),
            (["subtype": "group_join"], "system"), (["subtype": "group_leave"], "system"),
            (["subtype": "group_topic"], "system"), (["subtype": "group_purpose"], "system"),
            (["subtype": "group_name"], "system"), (["subtype": "group_archive"], "system"),
            (["subtype": "group_unarchive"], "system"), (["subtype": "me_message"], "other"),
            (["subtype": "brand_new"], "other"),
        ] as [(JSONValue, String)])
    func messageKinds(change: JSONValue, expected: String) throws {
        let message = try Self.map("messages", change)
        #expect(message["kind"]?.string == expected)
        #expect(message["sourceKind"] == change["subtype"] ?? .null)
    }

    @Test("A message without channel or time is a dead letter", arguments: ["channel", "ts"])
    func requires(field: String) {
        let failure = #expect(throws: MappingFailure.self) { try Self.map("messages", .object([(field, .null)])) }
        #expect(failure?.field == "sourceId")
    }

    @Test(
        "Each field of a channel",
        arguments: [
            ([:], "id", "channel-C012AB3CD"), ([:], "name", "general"),
            (["name": .null, "user": "U5", "is_im": true], "name", "U5"), ([:], "topic", "All hands"),
            ([:], "purpose", .null), ([:], "memberCount", 4), ([:], "isGeneral", true),
            (["is_member": .null], "isMember", .null),
            ([:], "isMember", true), ([:], "creatorId", "U1"), ([:], "createdAt", "2024-01-01T00:00:00Z"),
            ([:], "updatedAt", "2024-01-01T00:00:01Z"), (["updated": .null], "updatedAt", .null),
            (["updated": 1_704_067_200], "updatedAt", "2024-01-01T00:00:00Z"),
        ] as [(JSONValue, String, JSONValue)])
    func channelFields(change: JSONValue, field: String, expected: JSONValue) throws {
        #expect(try Self.map("channels", change)[field] == expected)
    }

    @Test(
        "Each visibility and status of a channel",
        arguments: [
            ([:], "public", "active"), (["is_private": true], "private", "active"),
            (["is_mpim": true, "is_private": true], "group_direct", "active"),
            (["is_im": true, "is_private": true], "direct", "active"), (["is_archived": true], "public", "archived"),
        ] as [(JSONValue, String, String)])
    func channelStatuses(change: JSONValue, visibility: String, status: String) throws {
        let channel = try Self.map("channels", change)
        #expect(channel["visibility"]?.string == visibility)
        #expect(channel["status"]?.string == status)
    }

    @Test(
        "Each field of a user",
        arguments: [
            ([:], "id", "user-U012AB3CDE"), ([:], "sourceId", "U012AB3CDE"), ([:], "username", "ada"),
            ([:], "displayName", "countess"), (["profile": ["display_name": ""]], "displayName", "Ada Lovelace"),
            (["profile": ["display_name": ""], "real_name": ""], "displayName", "ada"),
            ([:], "realName", "Ada Lovelace"), ([:], "email", "ada@example.com"), (["profile": [:]], "email", .null),
            ([:], "timezone", "Europe/London"), (["tz": .null], "timezone", .null),
            ([:], "updatedAt", "2024-01-01T00:00:00Z"), (["updated": 0], "updatedAt", .null),
        ] as [(JSONValue, String, JSONValue)])
    func userFields(change: JSONValue, field: String, expected: JSONValue) throws {
        #expect(try Self.map("users", change)[field] == expected)
    }

    @Test(
        "Each role and status of a user",
        arguments: [
            ([:], "member", "active"), (["is_admin": true], "admin", "active"),
            (["is_admin": true, "is_owner": true], "owner", "active"),
            (["is_primary_owner": true], "owner", "active"), (["is_restricted": true], "guest", "active"),
            (["is_ultra_restricted": true], "guest", "active"), (["is_bot": true], "bot", "active"),
            (["id": "USLACKBOT"], "bot", "active"), (["deleted": true], "member", "deactivated"),
        ] as [(JSONValue, String, String)])
    func userRoles(change: JSONValue, role: String, status: String) throws {
        let user = try Self.map("users", change)
        #expect(user["role"]?.string == role)
        #expect(user["status"]?.string == status)
    }
}
