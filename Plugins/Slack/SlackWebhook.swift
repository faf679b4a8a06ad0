// What Slack sends: the challenge of an endpoint, and events about records and grants.

import ProviderSDK

enum SlackWebhook {
    static let answers: [WebhookAnswer] = .challenge(
        "challenge", where: .equals("body.type", "url_verification"),
        refusal: "Slack's url_verification has no challenge.")

    static let events = WebhookEvents(
        id: ["body.event_id"],
        // An event belongs to the organisation where the app is installed into one, else to the workspace.
        accounts: [
            .init(
                where: .equals("body.authorizations.0.is_enterprise_install", true),
                ["body.authorizations.0.enterprise_id", "body.enterprise_id"]),
            .init(["body.authorizations.0.team_id", "body.team_id"]),
        ],
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
        ]
            + .changes(
                at: type, ["messages": ["message"], "users": ["user_change", "team_join"], "channels": channelEvents]))

    private static let type: ValuePath = "body.event.type"

    private static let channelEvents =
        ["created", "deleted", "rename", "archive", "unarchive", "left", "shared", "unshared"].flatMap {
            ["channel_\($0)", "group_\($0)"]
        } + ["member_joined_channel", "member_left_channel"]
}
