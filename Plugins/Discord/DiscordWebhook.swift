// What Discord sends: pings of the two kinds of endpoint, which differ in their shape, and the end of a user's grant.

import ProviderSDK

enum DiscordWebhook {
    /// A webhook event is 0 for a ping and 1 for an event; an interaction is 1 for a ping and more for a command.
    static let answers = [
        // Discord checks for a content type, although there is no content.
        WebhookAnswer(
            where: .any([.equals("body.type", 0), .all([.equals("body.type", 1), .isSet("body.event")])]), status: 204,
            headers: [NamedValue("Content-Type", "application/json")]),
        WebhookAnswer(where: .equals("body.type", 1), reply: [Field("type", as: .constant(1))]),
        WebhookAnswer(refusing: 400, "The webhook body is neither an event nor a ping."),
    ]

    /// Discord's events have no id.
    static let revocation = WebhookEvents(
        id: ["body.event.type", user, "body.event.timestamp"], account: [user], at: ["body.event.timestamp"],
        effects: [.init(.equals("body.event.type", "APPLICATION_DEAUTHORIZED"), .revoked)])

    private static let user: ValuePath = "body.event.data.user.id"
}
