// A Discord server's members and a user's servers as they are generated. Ids are snowflakes: 64 bits, the time in the
// upper ones.

import ProviderSDK

enum DiscordObjects {
    /// The places of the types in the data set.
    static let members = 0
    static let guilds = 1

    static let unverifiedRole = "1180000000000000101"
    static let developerRole = "1180000000000000102"
    static let newRole = "1180000000000000103"

    static let types: [ObjectType] = [
        ObjectType(
            "members", count: 1200,
            make: { context, number, created in
                var random = context.draw("discord-member", number)
                var object = SandboxObject(
                    number: number, id: userID(number), created: created, updated: created * 1000)
                object.status = random.chance(10) ? "pending" : "active"
                return object
            }, render: { member($0, $1, roles: roles($0, $1)) },
            change: { $1.status = $1.status == "active" ? "pending" : "active" }),
        ObjectType(
            "guilds", count: 5,
            make: { _, number, created in
                SandboxObject(number: number, id: guildID(number), created: created, updated: created * 1000)
            }, render: { partialGuild($0, $1, hasCounts: false) }, change: { _, _ in }),
    ]

    /// Users joined Discord one a minute from September 2020 on, so that ids ascend with numbers.
    static func userID(_ number: Int) -> String { snowflake(1_600_000_000 + Int64(number) * 60, number) }

    static func guildID(_ number: Int) -> String { snowflake(1_500_000_000 + Int64(number) * 86_400, number) }

    private static func snowflake(_ seconds: Int64, _ number: Int) -> String {
        let milliseconds = UInt64(max(0, seconds * 1000 - 1_420_070_400_000))
        return String(milliseconds << 22 | UInt64(number & 0x3F_FFFF))
    }

    static func user(_ context: DataContext, _ object: SandboxObject) -> [(key: String, value: JSONValue)] {
        var random = context.draw("discord-user", object.number)
        let (given, _) = People.name(&random)
        let isMigrated = random.chance(85)
        let isBot = object.number > 3 && random.chance(3)
        var members: [(key: String, value: JSONValue)] = [
            ("id", .string(object.id)), ("username", .string("person\(object.number)")),
            ("discriminator", .string(isMigrated ? "0" : String(1000 + random.below(9000)))),
            ("global_name", random.chance(70) ? .string(given) : .null),
            ("avatar", random.chance(50) ? .string(random.hex(32)) : .null), ("public_flags", 0), ("flags", 0),
        ]
        if isBot { members.append(("bot", true)) }
        return members
    }

    static func roles(_ context: DataContext, _ object: SandboxObject) -> [String] {
        var random = context.draw("discord-roles", object.number)
        return random.chance(30) ? [unverifiedRole] : random.chance(60) ? [developerRole, newRole] : []
    }

    /// A moment with microseconds and an offset.
    private static func moment(_ seconds: Int64, _ number: Int) -> String {
        let text = Timestamp(seconds: seconds)?.description ?? ""
        let fraction = String(1_000_000 + number * 37 % 1_000_000).dropFirst()
        return text.dropLast() + "." + fraction + "+00:00"
    }

    static func member(_ context: DataContext, _ object: SandboxObject, roles: [String]) -> [UInt8] {
        var random = context.draw("discord-member-text", object.number)
        let members: [(key: String, value: JSONValue)] = [
            ("avatar", .null), ("banner", .null),
            (
                "communication_disabled_until",
                random.chance(4) ? .string(moment(object.created + 86_400, object.number)) : .null
            ),
            ("flags", 0), ("joined_at", random.chance(1) ? .null : .string(moment(object.created, object.number))),
            ("nick", random.chance(25) ? .string("nick \(object.number) ✨") : .null),
            ("pending", .boolean(object.status == "pending")),
            ("premium_since", random.chance(5) ? .string(moment(object.created + 3600, object.number)) : .null),
            ("roles", .array(roles.map { .string($0) })), ("unusual_dm_activity_until", .null),
            ("user", .object(user(context, object))), ("mute", false), ("deaf", false),
        ]
        return JSONValue.object(members).serialized
    }

    static func guildName(_ context: DataContext, _ number: Int) -> String {
        var random = context.draw("discord-guild", number)
        return People.company(&random)
    }

    /// A server as its member's list has it.
    static func partialGuild(_ context: DataContext, _ object: SandboxObject, hasCounts: Bool) -> [UInt8] {
        var members: [(key: String, value: JSONValue)] = [
            ("id", .string(object.id)), ("name", .string(guildName(context, object.number))), ("icon", .null),
            ("banner", .null), ("owner", .boolean(object.number == 2)), ("permissions", "2222085186637376"),
            ("features", ["COMMUNITY", "NEWS"]),
        ]
        if hasCounts {
            members += [("approximate_member_count", 1200), ("approximate_presence_count", 187)]
        }
        return JSONValue.object(members).serialized
    }
}
