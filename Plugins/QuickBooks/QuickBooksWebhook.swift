// What QuickBooks' notifications mean, in the older form and as CloudEvents. What was deleted is found by the next sync.

import ProviderSDK

enum QuickBooksWebhook {
    static let events = [
        WebhookEvents(
            each: ["body.eventNotifications", "dataChangeEvent.entities"], id: [], account: ["parent.realmId"],
            at: ["item.lastUpdated"], effects: .changes(at: "item.name", dataTypes)),
        // The type of a CloudEvent is `qbo.<entity>.<what happened>.v1`; capitals are not relied on.
        WebhookEvents(
            each: ["body"], id: ["item.id"], account: ["item.intuitaccountid"], at: ["item.time"],
            effects: dataTypes.flatMap { name, dataType in
                [name, name.lowercased()].map { .init(.hasPrefix("item.type", "qbo.\($0)."), .changed([dataType])) }
            }),
    ]

    /// Payments and credits change what an invoice still owes.
    private static let dataTypes = [
        "Invoice": "invoices", "Payment": "invoices", "CreditMemo": "invoices", "Purchase": "expenses",
        "Customer": "customers", "Vendor": "vendors",
    ]
}
