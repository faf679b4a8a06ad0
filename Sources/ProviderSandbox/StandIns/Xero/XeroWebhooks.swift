// Xero's deliveries: which contact or invoice of which organisation changed, and the intent to receive, which has no events.

import ProviderSDK

extension XeroStandIn {
    var sendsWebhooks: Bool { true }

    func webhook(_ command: WebhookCommand) throws(ControlFault) -> SignedWebhook {
        var body: JSONValue = [
            "events": [], "firstEventSequence": 0, "lastEventSequence": 0, "entropy": .string(RandomText.base62(20)),
        ]
        switch command.event {
        case .verification: break
        case .changed:
            guard let (category, resource) = Self.categories[command.type] else { throw command.unknown }
            let id = command.ids.first ?? "717f2bfc-c6d4-41fd-b238-3f2f0c0cf777"
            let sequence = Int(command.occurred % 1_000_000_000)
            body = [
                "events": [
                    [
                        "resourceUrl": .string("https://api.xero.com/api.xro/2.0/\(resource)/\(id)"),
                        "resourceId": .string(id),
                        // Without a zone, as Xero writes it.
                        "eventDateUtc": .string(String(command.moment.dropLast())), "eventType": "UPDATE",
                        "eventCategory": .string(category), "tenantId": .string(try self.account(command).id),
                        "tenantType": "ORGANISATION",
                    ]
                ],
                "firstEventSequence": .integer(sequence), "lastEventSequence": .integer(sequence),
                "entropy": .string(RandomText.base62(20)),
            ]
        case .revoked, .deleted: throw command.unknown
        }
        return WebhookSignature.base64(
            WebhookSignature.bytes(body), secret: settings["webhookKey"] ?? "", header: "x-xero-signature")
    }

    private static let categories = ["contacts": ("CONTACT", "Contacts"), "invoices": ("INVOICE", "Invoices")]
}
