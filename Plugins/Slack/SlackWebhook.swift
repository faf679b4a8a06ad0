// What Slack sends: the challenge of an endpoint, and events about records and grants.

import ProviderSDK

enum SlackWebhook {
    static let answers = [
        WebhookAnswer(
            where: .all([.equals("body.type", "url_verification"), .not(.isSet("body.challenge"))]), refusing: 400,
            "Slack's url_verification has no challenge."),
        WebhookAnswer(
            where: .equals("body.type", "url_verification"), reply: [Field("challenge", from: "body.challenge")]),
    ]

    /// An event belongs to the organisation where the app is installed into one, else to the workspace.
    static let events = [
        events(of: "enterprise_id", where: isOrganisation), events(of: "team_id", where: .not(isOrganisation)),
    ]

    private static let isOrganisation = Condition.equals("body.authorizations.0.is_enterprise_install", true)
    private static let type: ValuePath = "body.event.type"

    private static func events(of account: String, where condition: Condition) -> WebhookEvents {
        WebhookEvents(
            where: condition, id: ["body.event_id"],
            account: [ValuePath("body.authorizations.0.\(account)"), ValuePath("body.\(account)")],
            at: ["body.event_time"],
            effects: [
                .init(.equals(type, "app_uninstalled"), .revoked),
                // The bot's token is the one that is held; tokens of users under `oauth` are not.
                .init(.all([.equals(type, "tokens_revoked"), .isSet("body.event.tokens.bot.0")]), .revoked),
                // Direct messages are not synced.
                .init(.isOneOf("body.event.channel_type", ["im", "mpim"]), .ignored),
                .init(
                    .all([.equals(type, "message"), .equals("body.event.subtype", "message_deleted")]),
                    .deleted(dataType: "messages", sourceID: ["body.event.channel", "body.event.deleted_ts"])),
                .init(.equals(type, "message"), .changed(["messages"])),
                .init(.isOneOf(type, ["user_change", "team_join"]), .changed(["users"])),
                .init(.isOneOf(type, channelEvents), .changed(["channels"])),
            ])
    }

    private static let channelEvents =
        ["created", "deleted", "rename", "archive", "unarchive", "left", "shared", "unshared"].flatMap {
            ["channel_\($0)", "group_\($0)"]
        } + ["member_joined_channel", "member_left_channel"]
}
