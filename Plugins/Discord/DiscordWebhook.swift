// What Discord's deliveries mean: pings of the two kinds of endpoint, which are told apart by their shape, and the event that a user
// ended the grant.

import ProviderSDK

enum DiscordWebhook {
    static func outcome(of delivery: WebhookDelivery) throws(ProviderError) -> WebhookOutcome {
        guard let body = try? JSONValue.parse(delivery.body), let type = body["type"]?.integer else {
            throw ProviderError(.permanent, "The webhook body is neither an event nor an interaction.", status: 400)
        }
        // Webhook events are 0 for a ping and 1 for an event; interactions are 1 for a ping and more for commands.
        if type == 0 { return acknowledged([]) }
        if type == 1, let event = body["event"], event.kind == .object { return acknowledged(events(in: event)) }
        guard type == 1 else {
            throw ProviderError(.permanent, "This application has no commands.", status: 400)
        }
        var outcome = WebhookOutcome()
        outcome.reply = ["type": 1]
        return outcome
    }

    private static func events(in event: JSONValue) -> [WebhookOutcome.Event] {
        guard event["type"] == "APPLICATION_DEAUTHORIZED", let user = event.at("data.user.id")?.scalarText,
            !user.isEmpty
        else { return [] }
        let moment = event["timestamp"]?.string
        return [
            .init(
                // Discord's events have no id.
                id: moment.map { "APPLICATION_DEAUTHORIZED-\(user)-\($0)" }, accountID: user, effect: .revoked,
                occurredAt: moment.flatMap(Timestamp.init(iso8601:)))
        ]
    }

    /// 204 with a content type, although there is no content: Discord checks for it.
    private static func acknowledged(_ events: [WebhookOutcome.Event]) -> WebhookOutcome {
        var outcome = WebhookOutcome()
        outcome.status = 204
        outcome.headers = [NamedValue("Content-Type", "application/json")]
        outcome.events = events
        return outcome
    }
}
