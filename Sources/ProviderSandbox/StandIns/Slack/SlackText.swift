// Slack's objects as JSON. What has no value is left out, times are seconds here and milliseconds there, as in Slack.

import ProviderSDK

/// What a channel's history contains about a message that began a thread.
struct SlackThread: Sendable {
    var replies = 0
    var users: [String] = []
    var latest = ""
}

enum SlackText {
    private static let channelNames = [
        "general", "random", "engineering", "design", "support", "sales", "leadership", "old-website",
    ]

    static func channel(_ context: DataContext, _ object: SandboxObject) -> [UInt8] {
        var random = context.draw("slack-channel-text", object.number)
        let creator = SlackObjects.userID(context, 1 + random.below(40))
        var members: [(key: String, value: JSONValue)] = [
            ("id", .string(object.id)), ("created", .integer(object.created)), ("updated", .integer(object.updated)),
            ("is_archived", .boolean(object.status == "archived")), ("is_im", .boolean(object.kind == "im")),
            ("is_org_shared", false), ("context_team_id", .string(context.accountID)),
        ]
        if object.kind == "im" {
            members += [("user", .string(creator)), ("is_user_deleted", false), ("priority", 0)]
            return JSONValue.object(members).serialized
        }
        let known = channelNames.indices.contains(object.number)
        let name = known ? channelNames[object.number] : "project-\(object.number)"
        func note(_ text: String) -> JSONValue {
            [
                "value": .string(text), "creator": .string(text.isEmpty ? "" : creator),
                "last_set": .integer(text.isEmpty ? 0 : object.created),
            ]
        }
        members += [
            ("name", .string(name)), ("name_normalized", .string(name)), ("is_channel", true), ("is_group", false),
            ("is_mpim", .boolean(object.kind == "mpim")), ("is_private", .boolean(object.kind != "public_channel")),
            ("is_general", .boolean(object.number == 0)), ("unlinked", 0), ("is_shared", false),
            ("is_ext_shared", false), ("is_pending_ext_shared", false), ("pending_shared", []),
            ("creator", .string(creator)), ("is_member", .boolean(SlackObjects.isMember(context, object.number))),
            ("topic", note(random.chance(50) ? "Plans & problems" : "")), ("purpose", note("All about \(name)")),
            ("previous_names", []), ("num_members", .integer(random.within(2...60))),
        ]
        return JSONValue.object(members).serialized
    }

    static func user(_ context: DataContext, _ object: SandboxObject, hasEmail: Bool) -> [UInt8] {
        var random = context.draw("slack-user-text", object.number)
        let (given, family) = People.name(&random)
        let isSlackbot = object.number == 0
        let real = isSlackbot ? "Slackbot" : "\(given) \(family)"
        let name = isSlackbot ? "slackbot" : "person\(object.number)"
        var profile: [(key: String, value: JSONValue)] = [
            ("real_name", .string(real)), ("real_name_normalized", .string(real)),
            ("display_name", .string(isSlackbot ? "Slackbot" : random.chance(50) ? given : "")),
            ("status_text", .string(random.chance(20) ? "On <holiday> & away" : "")),
            ("team", .string(context.accountID)),
        ]
        if hasEmail, !isSlackbot, object.kind != "bot" {
            profile.append(("email", .string(People.email(object.number))))
        }
        var members: [(key: String, value: JSONValue)] = [
            ("id", .string(object.id)), ("team_id", .string(context.accountID)), ("name", .string(name)),
            ("deleted", .boolean(object.status == "deactivated")), ("profile", .object(profile)),
            // Slackbot says that it is none.
            ("is_bot", .boolean(object.kind == "bot" && !isSlackbot)), ("is_app_user", false),
            ("updated", .integer(object.updated / 1000)),
        ]
        if object.status != "deactivated" {
            members += [
                ("real_name", .string(real)), ("tz", "Europe/Lisbon"), ("tz_label", "Western European Time"),
                ("tz_offset", 0), ("is_admin", .boolean(object.kind == "admin" || object.kind == "owner")),
                ("is_owner", .boolean(object.kind == "owner")), ("is_primary_owner", false),
                ("is_restricted", .boolean(object.kind == "guest")), ("is_ultra_restricted", false),
            ]
        }
        return JSONValue.object(members).serialized
    }

    static func message(_ context: DataContext, _ object: SandboxObject, thread: SlackThread?) -> [UInt8] {
        var random = context.draw("slack-message-text", object.number)
        let timestamp = SlackObjects.timestamp(object.created, object.number)
        let author = SlackObjects.userID(context, 1 + random.below(59))
        let sentence = random.pick([
            "Deployed :tada:", "See <https://example.com/a?b=1&amp;c=2|the document>", "Who has *five* minutes?",
            "Merci, à demain", "了解です", "The \"quote\" & the <@\(author)>", "1 &lt; 2",
        ])
        let text = object.revision > 0 ? "\(sentence) (edited \(object.revision))" : sentence
        var members: [(key: String, value: JSONValue)] = [
            ("type", "message"), ("ts", .string(timestamp)), ("text", .string(text)),
            ("team", .string(context.accountID)),
        ]
        let isReply = object.parent != nil
        switch isReply
            ? "message"
            : random.weighted([(84, "message"), (8, "bot_message"), (4, "channel_join"), (4, "channel_topic")])
        {
        case "bot_message":
            members += [
                ("subtype", "bot_message"), ("bot_id", "B0SANDBOX01"), ("username", "deploy-bot"),
                (
                    "bot_profile",
                    [
                        "id": "B0SANDBOX01", "deleted": false, "name": "Deploy bot",
                        "team_id": .string(context.accountID),
                    ]
                ),
            ]
        case "channel_join": members += [("subtype", "channel_join"), ("user", .string(author))]
        case "channel_topic": members += [("subtype", "channel_topic"), ("user", .string(author)), ("topic", "Plans")]
        default: members += [("user", .string(author)), ("client_msg_id", .string(random.uuid()))]
        }
        if random.chance(15) {
            let people = (0..<random.within(1...3)).map { JSONValue.string(SlackObjects.userID(context, 5 + $0)) }
            members.append(("reactions", [["name": "+1", "users": .array(people), "count": .integer(people.count)]]))
        }
        if object.number % 20 == 7 {
            members.append(("files", [file(object.number)]))
        } else if object.number % 20 == 13 {
            members.append(("attachments", [preview]))
        }
        if object.revision > 0 {
            members.append(("edited", ["user": .string(author), "ts": .string("\(object.updated / 1000).000000")]))
        }
        if let thread, thread.replies > 0 {
            members += [
                ("thread_ts", .string(timestamp)), ("reply_count", .integer(thread.replies)),
                ("reply_users_count", .integer(thread.users.count)), ("latest_reply", .string(thread.latest)),
                ("reply_users", .array(thread.users.map { .string($0) })), ("is_locked", false), ("subscribed", false),
            ]
        }
        return JSONValue.object(members).serialized
    }

    private static func file(_ number: Int) -> JSONValue {
        [
            "id": .string("F0\(100_000 + number)"), "name": .string("plan-\(number).pdf"), "title": "Plan",
            "mimetype": "application/pdf", "filetype": "pdf", "size": .integer(2048 + number),
            "url_private": .string("https://files.slack.example/F0\(100_000 + number)/plan.pdf"),
            "permalink": .string("https://slack.example/files/F0\(100_000 + number)"),
        ]
    }

    /// The preview of a link in a message.
    private static let preview: JSONValue = [
        "id": 1, "from_url": "https://example.com/a", "fallback": "Example: A", "title": "A",
        "title_link": "https://example.com/a", "text": "What A is about", "service_name": "Example",
    ]

    /// A reply, with the message it answers.
    static func reply(_ context: DataContext, _ object: SandboxObject, to parent: SandboxObject) -> [UInt8] {
        let own = (try? JSONValue.parse(message(context, object, thread: nil)))?.members ?? []
        var members = own
        members.append(("thread_ts", .string(SlackObjects.timestamp(parent.created, parent.number))))
        members.append(("parent_user_id", .string(author(context, parent))))
        if isBroadcast(context, object) { members.append(("subtype", "thread_broadcast")) }
        return JSONValue.object(members).serialized
    }

    static func author(_ context: DataContext, _ object: SandboxObject) -> String {
        var random = context.draw("slack-message-text", object.number)
        return SlackObjects.userID(context, 1 + random.below(59))
    }

    /// Whether a reply was sent to the channel too.
    static func isBroadcast(_ context: DataContext, _ object: SandboxObject) -> Bool {
        var random = context.draw("slack-broadcast", object.number)
        return object.parent != nil && random.chance(10)
    }
}
