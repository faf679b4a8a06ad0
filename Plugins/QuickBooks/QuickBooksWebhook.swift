// What QuickBooks' notifications mean, in the older form and as CloudEvents. What was deleted is found by the next sync.

import ProviderSDK

enum QuickBooksWebhook {
    static let events = [
        WebhookEvents(
            each: ["body.eventNotifications", "dataChangeEvent.entities"], id: [], account: ["parent.realmId"],
            at: ["item.lastUpdated"],
            effects: .changes(at: "item.name", dataTypes) + [.init(.not(.isSet("item.name")), .changed(all))]),
        // A notification without entities, alone or beside others: something changed.
        notification,
        .cloudEvents(account: "intuitaccountid", prefix: "qbo.", dataTypes),
    ]

    private static let notification: WebhookEvents = {
        var events = WebhookEvents(
            each: ["body.eventNotifications"], id: [], account: ["item.realmId"], at: [],
            effects: [.init(.isSet("item.realmId"), .changed(all))])
        events.itemWhere = .not(.isSet("item.dataChangeEvent.entities.0"))
        return events
    }()

    private static let all = ["invoices", "expenses", "customers", "vendors"]

    /// Payments and credits change what an invoice still owes.
    private static let dataTypes = [
        "Invoice": "invoices", "Payment": "invoices", "CreditMemo": "invoices", "Purchase": "expenses",
        "Customer": "customers", "Vendor": "vendors",
    ]
}
