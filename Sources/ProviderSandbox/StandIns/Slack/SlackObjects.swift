// A Slack workspace's objects as they are generated and changed: channels, users, messages and their threads.

import ProviderSDK

enum SlackObjects {
    /// The places of the types in the data set.
    static let channels = 0
    static let users = 1
    static let messages = 2

    static let types: [ObjectType] = [
        ObjectType(
            "channels", count: 14, make: channel, render: { SlackText.channel($0, $1) },
            change: { $1.status = $1.status == "archived" ? "active" : "archived" },
            retire: { $0.status = "archived" }),
        ObjectType(
            "users", count: 60, make: user, render: { SlackText.user($0, $1, hasEmail: true) },
            change: { $1.status = $1.status == "active" ? "deactivated" : "active" },
            retire: { $0.status = "deactivated" }),
        ObjectType(
            "messages", count: 1500, make: message, render: { SlackText.message($0, $1, thread: nil) },
            change: { _, _ in }),
    ]

    /// The channels that messages are in: the first eight, which the bot is a member of.
    static let channelsWithMessages = 8
    /// How far a reply is from the message it answers, counted in messages.
    static let threadReach = 100

    static func channelID(_ context: DataContext, _ number: Int) -> String {
        var random = context.draw("slack-channel-id", number)
        return (kind(context, number) == "im" ? "D0" : "C0") + random.base36(9)
    }

    static func userID(_ context: DataContext, _ number: Int) -> String {
        if number == 0 { return "USLACKBOT" }
        var random = context.draw("slack-user-id", number)
        return "U0" + random.base36(9)
    }

    /// The kind of a channel, as `types` has it.
    static func kind(_ context: DataContext, _ number: Int) -> String {
        if number < channelsWithMessages { return number == 6 ? "private_channel" : "public_channel" }
        var random = context.draw("slack-channel", number)
        return random.weighted([(50, "public_channel"), (25, "private_channel"), (10, "mpim"), (15, "im")])
    }

    static func isMember(_ context: DataContext, _ number: Int) -> Bool {
        if number < channelsWithMessages { return true }
        var random = context.draw("slack-membership", number)
        return kind(context, number) != "public_channel" || random.chance(30)
    }

    private static func channel(_ context: DataContext, _ number: Int, _ created: Int64) -> SandboxObject {
        var random = context.draw("slack-channel-state", number)
        var object = SandboxObject(
            number: number, id: channelID(context, number), created: created, updated: created * 1000 + 261)
        object.kind = kind(context, number)
        object.status = number == 7 || number > 8 && object.kind != "im" && random.chance(10) ? "archived" : "active"
        return object
    }

    private static func user(_ context: DataContext, _ number: Int, _ created: Int64) -> SandboxObject {
        var random = context.draw("slack-user", number)
        var object = SandboxObject(
            number: number, id: userID(context, number), created: created, updated: number == 0 ? 0 : created * 1000)
        object.kind =
            number == 0
            ? "bot" : random.weighted([(70, "member"), (8, "admin"), (3, "owner"), (9, "guest"), (10, "bot")])
        object.status = number > 0 && random.chance(8) ? "deactivated" : "active"
        return object
    }

    /// The channel of a generated message, whether it would rather be a reply, and whether others would answer it.
    ///
    /// Threads are few, because each costs its reader a separate request, under a narrow limit.
    private static func place(
        _ context: DataContext, _ number: Int
    ) -> (channel: Int, wantsReply: Bool, opensThread: Bool) {
        var random = context.draw("slack-message-place", number)
        let channel = random.weighted([(30, 0), (20, 1), (12, 2), (10, 3), (8, 4), (8, 5), (8, 6), (4, 7)])
        let wantsReply = random.chance(25)
        return (channel, wantsReply, !wantsReply && random.chance(4))
    }

    private static func message(_ context: DataContext, _ number: Int, _ created: Int64) -> SandboxObject {
        let (channel, wantsReply, _) = place(context, number)
        var object = SandboxObject(
            number: number, id: "\(channelID(context, channel))-\(timestamp(created, number))", created: created,
            updated: created * 1000)
        object.owner = channel
        object.kind = kind(context, channel)
        // A reply goes to the nearest message before it that opens a thread.
        if wantsReply, created < context.start {
            object.parent = (1...threadReach).lazy.map { number - $0 }.first { candidate in
                guard candidate >= 0 else { return false }
                let other = place(context, candidate)
                return other.channel == channel && other.opensThread
            }
        }
        return object
    }

    /// Seconds and six decimals: unique inside a channel, in the order of the messages.
    static func timestamp(_ seconds: Int64, _ number: Int) -> String {
        let decimals = String(100 + number % 999_900)
        return "\(seconds)." + String(repeating: "0", count: 6 - decimals.utf8.count) + decimals
    }

    /// A moment as Slack writes it, in microseconds.
    static func microseconds(_ text: String) -> Int64? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count <= 2, let seconds = Decimal.parse(String(parts[0])) else { return nil }
        guard parts.count == 2 else { return Int64(seconds) * 1_000_000 }
        let decimals = String(parts[1].prefix(6))
        guard let fraction = Decimal.parse(decimals) else { return nil }
        return (0..<(6 - decimals.utf8.count)).reduce(Int64(fraction)) { value, _ in value * 10 } + Int64(seconds)
            * 1_000_000
    }

    static func microseconds(of message: SandboxObject) -> Int64 {
        message.created * 1_000_000 + Int64(100 + message.number % 999_900)
    }
}
