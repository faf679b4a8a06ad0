// What Harbor's webhooks mean.

import ProviderSDK

enum HarborWebhook {
    static func outcome(of delivery: WebhookDelivery) throws(ProviderError) -> WebhookOutcome {
        let body: JSONValue
        do throws(JSONError) {
            body = try JSONValue.parse(delivery.body, limits: .provider)
        } catch {
            throw ProviderError(.permanent, "\(error.problem)", status: 400)
        }
        var outcome = WebhookOutcome()
        if let challenge = body["challenge"] {
            outcome.reply = ["challenge": challenge]
            outcome.headers = [NamedValue("X-Harbor", "1")]
            return outcome
        }
        outcome.status = 202
        outcome.events = (body["events"]?.array ?? []).compactMap { event in
            guard let account = event["port_id"]?.scalarText, let effect = effect(of: event) else { return nil }
            return WebhookOutcome.Event(
                id: event["id"]?.string, accountID: account, effect: effect,
                occurredAt: event["at"]?.string.flatMap(Timestamp.init(iso8601:)))
        }
        return outcome
    }

    private static func effect(of event: JSONValue) -> WebhookOutcome.Event.Effect? {
        switch event["type"]?.string {
        case "changed": .changed(dataTypes: event["types"]?.array?.compactMap(\.string) ?? [])
        case "deleted": .deleted(dataType: "shipments", sourceIDs: event["ids"]?.array?.compactMap(\.string) ?? [])
        case "revoked": .revoked
        default: nil
        }
    }
}
