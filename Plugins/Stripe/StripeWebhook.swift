// What Stripe's webhook events mean for a connection: which data types changed, or that the grant has ended.

import ProviderSDK

enum StripeWebhook {
    static func outcome(of delivery: WebhookDelivery) throws(ProviderError) -> WebhookOutcome {
        guard let event = try? JSONValue.parse(delivery.body), let type = event["type"]?.string else {
            throw ProviderError(.permanent, "The webhook body is no Stripe event.", status: 400)
        }
        var outcome = WebhookOutcome()
        // Connect events name the account they are about; an event without one is about the platform itself.
        guard let account = event["account"]?.string,
            let effect = effect(of: type, object: event.at("data.object.object"))
        else {
            return outcome
        }
        outcome.events = [
            .init(
                id: event["id"]?.string, accountID: account, effect: effect,
                occurredAt: event["created"]?.integer.flatMap(Timestamp.init(seconds:)))
        ]
        return outcome
    }

    private static func effect(of type: String, object: JSONValue?) -> WebhookOutcome.Event.Effect? {
        if type == "account.application.deauthorized" { return .revoked }
        switch object?.string {
        case "payment_intent": return .changed(dataTypes: ["payments"])
        case "invoice": return .changed(dataTypes: ["invoices"])
        case "customer": return .changed(dataTypes: ["customers"])
        case "subscription": return .changed(dataTypes: ["subscriptions"])
        default: return nil
        }
    }
}
