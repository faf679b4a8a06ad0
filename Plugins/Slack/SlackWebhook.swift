// What Slack sends: the challenge of an endpoint, and events about records and grants.

import ProviderSDK

enum SlackWebhook {
    static let answers: [WebhookAnswer] = .challenge(
        "challenge", where: .equals("body.type", "url_verification"),
        refusal: "Slack's url_verification has no challenge.")

    static let events = [
        WebhookEvents(
            id: ["body.event_id"],
            // An event belongs to the organisation where the app is installed into one, else to the workspace.
            accounts: [
                .init(where: isOfOrganisation, ["body.authorizations.0.enterprise_id", "body.enterprise_id"]),
                .init(["body.authorizations.0.team_id", "body.team_id", "body.enterprise_id"]),
            ],
            at: ["body.event_time"], effects: effects),
        // Without an authorization it may belong to the workspace or to its organisation: it is for both.
        WebhookEvents(
            where: isUndecided, id: ["body.event_id", "body.enterprise_id"], account: ["body.enterprise_id"],
            at: ["body.event_time"], effects: effects),
    ]

    private static let isOfOrganisation = Condition.any([
        .equals("body.authorizations.0.is_enterprise_install", true), .equals("body.is_enterprise_install", true),
    ])

    private static let isUndecided = Condition.all([
        .not(.isSet("body.authorizations.0")), .not(.isSet("body.is_enterprise_install")), .isSet("body.team_id"),
        .isSet("body.enterprise_id"),
    ])

    private static let effects: [WebhookEvents.Rule] =
        [
            .init(.all([.isOneOf(type, ["app_uninstalled", "tokens_revoked"]), isUndecided]), .mayBeRevoked),
            .init(.equals(type, "app_uninstalled"), .revoked),
            // The bot's token is the one that is held; tokens of users under `oauth` are not.
            .init(.all([.equals(type, "tokens_revoked"), .isSet("body.event.tokens.bot.0")]), .revoked),
            .init(.all([.equals(type, "tokens_revoked"), .isSet("body.event.tokens.oauth.0")]), .ignored),
            // Slack left events out: anything may have changed.
            .init(.equals("body.type", "app_rate_limited"), .changed(["channels", "users", "messages"])),
            // It does not say whose tokens.
            .init(.equals(type, "tokens_revoked"), .mayBeRevoked),
            // Direct messages are not synced.
            .init(.isOneOf("body.event.channel_type", ["im", "mpim"]), .ignored),
            .init(
                .all([.equals(type, "message"), .equals("body.event.subtype", "message_deleted")]),
                .deleted(dataType: "messages", sourceID: ["body.event.channel", "body.event.deleted_ts"])),
            // A workspace came into the organisation's installation, or left it.
            .init(
                .isOneOf(type, ["team_access_granted", "team_access_revoked"]),
                .changed(["channels", "users", "messages"])),
        ]
        + .changes(
            at: type,
            [
                "messages": ["message", "reaction_added", "reaction_removed"],
                "users": ["user_change", "user_profile_changed", "team_join"], "channels": channelEvents,
            ])

    private static let type: ValuePath = "body.event.type"

    private static let channelEvents =
        ["created", "deleted", "rename", "archive", "unarchive", "left", "shared", "unshared"].flatMap {
            ["channel_\($0)", "group_\($0)"]
        } + ["member_joined_channel", "member_left_channel", "channel_id_changed"]
}
