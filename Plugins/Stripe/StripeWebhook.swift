// What Stripe's webhook events mean for a connection: which data types changed, or that the grant has ended.

import ProviderSDK

enum StripeWebhook {
    /// What is signed but no event that matters is acknowledged: Stripe would only send it again.
    static func outcome(of delivery: WebhookDelivery) -> WebhookOutcome {
        var outcome = WebhookOutcome()
        guard let event = try? JSONValue.parse(delivery.body), let type = event["type"]?.string else { return outcome }
        // Connect events name the account they are about; an event without one is about the platform itself.
        guard let account = event["account"]?.string,
            let effect = effect(of: type, object: event.at("data.object.object"))
        else {
            return outcome
        }
        var told = WebhookOutcome.Event(
            id: event["id"]?.string, accountID: account, effect: effect,
            occurredAt: event["created"]?.integer.flatMap(Timestamp.init(seconds:)))
        told.mode = event["livemode"]?.boolean.map(String.init)
        outcome.events = [told]
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
