// Stripe's deliveries to a Connect endpoint: events with the account that they are about.

import ProviderSDK

extension StripeStandIn {
    var sendsWebhooks: Bool { true }

    func webhook(_ command: WebhookCommand) throws(ControlFault) -> SignedWebhook {
        let account = try self.account(command).id
        let event: JSONValue
        switch command.event {
        case .revoked:
            event = envelope(
                command, account, type: "account.application.deauthorized",
                object: ["id": .string(settings["clientId"] ?? ""), "object": "application", "name": "Sandbox"])
        case .changed, .deleted:
            guard let (object, name) = Self.objects[command.type] else { throw command.unknown }
            let kind = command.event == .deleted ? "deleted" : "updated"
            event = envelope(
                command, account, type: "\(name).\(kind)",
                object: ["id": .string(command.ids.first ?? "obj_" + RandomText.base62(14)), "object": .string(object)])
        case .verification: throw command.unknown
        }
        let secret = environment.setting("stripe", "webhookSecret", StripeProduct.webhookSecret)
        return WebhookSignature.stripe(WebhookSignature.bytes(event), secret: secret, signed: command.signed)
    }

    private static let objects = [
        "payments": ("payment_intent", "payment_intent"), "invoices": ("invoice", "invoice"),
        "customers": ("customer", "customer"), "subscriptions": ("subscription", "customer.subscription"),
        "charges": ("charge", "charge"), "refunds": ("refund", "refund"),
    ]

    private func envelope(
        _ command: WebhookCommand, _ account: String, type: String, object: JSONValue
    ) -> JSONValue {
        [
            "id": .string("evt_1" + command.id), "object": "event", "api_version": .string(Self.version),
            "account": .string(account), "created": .integer(Int(command.occurred / 1000)),
            "data": ["object": object], "livemode": .boolean(command.isLive), "pending_webhooks": 1,
            "request": ["id": .null, "idempotency_key": .null], "type": .string(type),
        ]
    }
}
