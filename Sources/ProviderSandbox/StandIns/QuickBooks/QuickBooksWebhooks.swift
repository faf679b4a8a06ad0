// QuickBooks' notifications, as CloudEvents: which entity of which company changed, without its values.

import ProviderSDK

extension QuickBooksStandIn {
    var sendsWebhooks: Bool { true }

    func webhook(_ command: WebhookCommand) throws(ControlFault) -> SignedWebhook {
        let kind: String
        switch command.event {
        case .changed: kind = "updated"
        case .deleted: kind = "deleted"
        case .revoked, .verification: throw command.unknown
        }
        guard let entity = Self.entities[command.type] else { throw command.unknown }
        let account = try self.account(command).id
        let event: JSONValue = [
            "specversion": "1.0", "id": .string(command.id),
            "source": .string("intuit.quickbooks"), "type": .string("qbo.\(entity).\(kind).v1"),
            "datacontenttype": "application/json", "time": .string(command.moment),
            "intuitentityid": .string(command.ids.first ?? "1"), "intuitaccountid": .string(account), "data": [:],
        ]
        return WebhookSignature.base64(
            WebhookSignature.bytes([event]), secret: settings["webhookVerifierToken"] ?? "",
            header: "intuit-signature")
    }

    private static let entities = [
        "invoices": "invoice", "expenses": "purchase", "purchases": "purchase", "customers": "customer",
        "vendors": "vendor",
    ]
}
